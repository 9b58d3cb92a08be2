package e2e_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// A worker of another version starts the job. Its history does not match the code of the worker that continues it.
func TestStatusReportsAJobThatNoWorkerCanRun(t *testing.T) {
	t.Parallel()

	system := newProduction(t)
	writeApp(t, filepath.Join(system.apps, "8"), volumeApp)

	_, namespace, _ := strings.Cut(system.environment[1], "=")
	temporal, err := client.Dial(client.Options{HostPort: shared.temporal.Frontend, Namespace: namespace, Logger: silent{}})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	begun := make(chan struct{})
	other := worker.New(temporal, job.TaskQueue, worker.Options{})
	other.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		close(begun)

		return workflow.Sleep(ctx, time.Hour)
	}, workflow.RegisterOptions{Name: job.Workflow})
	require.NoError(t, other.Start())

	server, api := system.apiserver(t)
	jobID := uuid.NewString()
	request := with(runScenario("8", "Volume", object{"records": 1}), object{
		"apiKey": callerKey, "jobId": jobID, "isAsync": true,
	})
	require.Equal(t, http.StatusOK, api.execute(t, request).status)

	<-begun
	other.Stop()

	ours := launch(t, system.environment, "jobwright",
		"worker", "--http", "127.0.0.1:0", "--apps", system.apps, "--env-prefix", envPrefix, "--results", system.results, "--data", system.dataDir)
	operators := caller{"http://" + ours.await(t, `"worker is up","http":"([0-9.:]+)"`)}

	// The worker replays the job only after a new event.
	stop := api.call(t, http.MethodGet, stopPath+"?"+jobQuery(callerKey, "8", jobID), nil, "")
	require.Equal(t, http.StatusOK, stop.status, stop.text)

	await(t, func() bool {
		got := api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp?"+jobQuery(callerKey, "8", jobID), nil, "")
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.Equal(t, "stopping", got.result(t)["status"])

		return strings.Contains(got.text, "the job makes no progress: workers have failed its workflow task")
	})

	// Temporal marks the job after five failures, and the API server counts such jobs periodically.
	require.Eventually(t, func() bool {
		return strings.Contains(metrics(t, metricsOf(t, server)), "\njobwright_jobs_stuck 1\n")
	}, 3*time.Minute, time.Second)
	require.Contains(t, metrics(t, metricsOf(t, server)), "\njobwright_jobs_running 1\n")

	require.Regexp(t, `(?m)^temporal_workflow_task_execution_failed_total\{.*failure_reason="NonDeterminismError".*\} [1-9]`,
		metrics(t, operators))
	require.Regexp(t, `(?m)^temporal_request_latency_seconds_count\{.*operation="StartWorkflowExecution".*\} [1-9]`,
		metrics(t, metricsOf(t, server)))
}

// metricsOf returns the address at which an API server serves its metrics.
func metricsOf(t *testing.T, server *process) caller {
	t.Helper()

	return caller{"http://" + server.await(t, `"API server is up".*"metrics":"([0-9.:]+)"`)}
}

// metrics returns the metrics of a process.
func metrics(t *testing.T, of caller) string {
	t.Helper()

	response, err := http.Get(of.address + "/metrics")
	require.NoError(t, err)

	defer response.Body.Close()

	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)

	return string(text)
}
