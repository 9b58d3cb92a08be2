package e2e_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// serve starts "jobwright serve", and returns it with callers of its API and of its endpoints for operators.
func (p production) serve(tb testing.TB, arguments ...string) (server *process, api, operators caller) {
	tb.Helper()

	server = launch(tb, p.environment, "jobwright", append([]string{
		"serve", "--http", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--apps", p.apps, "--env-prefix", envPrefix,
		"--results", p.results, "--data", p.dataDir,
	}, arguments...)...)

	api = caller{"http://" + server.await(tb, `"API server is up","http":"([0-9.:]+)","metrics":"[0-9.:]+",.*"build":`)}
	operators = caller{"http://" + server.await(tb, `"worker is up","http":"([0-9.:]+)",.*"build":`)}

	return server, api, operators
}

func TestServeRunsJobsEagerly(t *testing.T) {
	t.Parallel()

	p := newProduction(t)
	p.apps = filepath.Join("..", "..", "examples", "apps")
	server, api, operators := p.serve(t)

	for _, endpoint := range []caller{api, operators} {
		await(t, func() bool { return endpoint.call(t, http.MethodGet, "/readyz", nil, "").status == http.StatusOK })
		require.Equal(t, http.StatusOK, endpoint.call(t, http.MethodGet, "/healthz", nil, "").status)
	}

	jobID := "日本語-" + uuid.NewString()
	got := api.execute(t, with(runScenario("7", "Main", object{}), object{"apiKey": callerKey, "jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	requireResults(t, exampleResults, got.result(t)["results"])

	require.Contains(t, metrics(t, operators), `operation="StartWorkflowExecution"`)

	// Temporal has returned the first workflow task with its response to the start.
	namespace, _ := strings.CutPrefix(p.environment[1], "TEMPORAL_NAMESPACE=")
	history, err := shared.client.WorkflowService().GetWorkflowExecutionHistory(t.Context(),
		&workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace: namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: jobID},
		})
	require.NoError(t, err)

	first := history.GetHistory().GetEvents()[0]
	require.True(t, first.GetWorkflowExecutionStartedEventAttributes().GetEagerExecutionAccepted())

	require.NoError(t, server.command.Process.Signal(syscall.SIGTERM))
	require.Equal(t, 0, server.end(t), server.output())
	require.NotContains(t, server.output(), callerKey, "the log contains no key")
}

// startServedLoad starts "jobwright serve" and a job with a running step, whose caller waits.
func startServedLoad(t *testing.T, arguments ...string) (l *loadingJob, waiting func() apiResponse) {
	t.Helper()

	l = &loadingJob{production: newProduction(t), jobID: uuid.NewString()}
	writeApp(t, filepath.Join(l.apps, "8"), bigApp)

	released := make(chan struct{})
	l.release = func() { close(released) }

	var address string

	address, l.sum = serveNumbers(t, released)
	l.environment = append(l.environment, "JOBWRIGHT_NUMBERS_URL="+address)

	l.server, l.api, _ = l.serve(t, arguments...)
	waiting = l.api.startExecute(t, with(runScenario("8", "Load", object{}), object{"apiKey": callerKey, "jobId": l.jobID}))

	await(t, func() bool {
		got := l.api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp?"+jobQuery(callerKey, "8", l.jobID), nil, "")
		if got.status != http.StatusOK { // The job has not started yet.
			return false
		}

		steps, _ := got.result(t)["steps"].([]any)

		return len(steps) > 0 && steps[0].(object)["rows"] != nil
	})

	return l, waiting
}

func TestServeContinuesJobsAfterKill(t *testing.T) {
	t.Parallel()

	l, _ := startServedLoad(t)
	l.server.kill()
	l.release()

	_, l.api, _ = l.serve(t)
	l.requireEnd(t)
}

func TestServeStopsTheAPIBeforeTheWorker(t *testing.T) {
	t.Parallel()

	l, waiting := startServedLoad(t, "--grace", "2s")
	require.NoError(t, l.server.command.Process.Signal(syscall.SIGTERM))

	got := waiting()
	require.Equal(t, http.StatusAccepted, got.status, got.text)
	require.Equal(t, object{"jobId": l.jobID, "status": "running"}, got.result(t))
	require.Equal(t, 0, l.server.end(t), l.server.output())

	// The step has returned to Temporal. Its retry does not wait for a heartbeat timeout.
	_, l.api = l.apiserver(t)
	step := l.status(t)["steps"].([]any)[0].(object)
	require.Contains(t, step["lastError"], "the worker that ran the step was stopped", step)

	l.release()

	_, l.api, _ = l.serve(t)
	l.requireEnd(t)
}
