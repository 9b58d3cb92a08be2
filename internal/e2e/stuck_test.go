package e2e_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// TestAJobThatNoWorkerCanRunSaysSo has a worker of another version take a job on: its code does not fit.
func TestAJobThatNoWorkerCanRunSaysSo(t *testing.T) {
	t.Parallel()

	system := newProduction(t)
	writeApp(t, filepath.Join(system.apps, "8"), volumeApp)

	_, api := system.apiserver(t)
	jobID := uuid.NewString()
	request := with(runScenario("8", "Volume", object{"records": 1}), object{
		"apiKey": callerKey, "jobId": jobID, "isAsync": true,
	})
	require.Equal(t, http.StatusOK, api.execute(t, request).status)

	_, namespace, _ := strings.Cut(system.environment[1], "=")
	temporal, err := client.Dial(client.Options{HostPort: shared.temporal.Address(), Namespace: namespace, Logger: silent{}})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	other := worker.New(temporal, job.TaskQueue, worker.Options{})
	other.RegisterWorkflowWithOptions(
		func(workflow.Context) error { panic("the history does not fit") }, workflow.RegisterOptions{Name: job.Workflow})
	require.NoError(t, other.Start())
	t.Cleanup(other.Stop)

	await(t, func() bool {
		got := api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp?apiKey="+callerKey+"&appId=8&jobId="+jobID, nil, "")
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.Equal(t, "running", got.result(t)["status"])

		return strings.Contains(got.text, "the job makes no progress: workers have failed its workflow task")
	})
}
