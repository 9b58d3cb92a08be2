package e2e_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
)

// bigApp has a step that loads the numbers of a server, and takes as long as the server does.
var bigApp = map[string]string{
	"app.yaml": `
sources:
  web: {kind: HTTPSource, url: "${env:JOBWRIGHT_NUMBERS_URL}"}
  stage: {kind: SQLiteSource}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
	"scenarios/Load.yaml": `
steps:
  - title: Load many numbers
    name: load
    opName: LoadTableFromSource
    opParams: {source: web, table: numbers.csv, targetSource: stage, targetTable: numbers, columnTypes: {id: integer, value: integer}}
  - title: Count them
    opName: Transform
    opParams: {source: stage, query: "SELECT count(*) AS count, sum(value) AS sum, ${steps.load.rows} AS loaded FROM numbers", returnResult: true}
`,
}

// numbers is the number of records of the server: so many that some are written before half of them have been sent.
const numbers = 200_000

// production is a Jobwright as in production: an API server and workers in separate processes, with a separate namespace.
type production struct {
	environment            []string
	apps, results, dataDir string
}

func newProduction(tb testing.TB) production {
	tb.Helper()

	return newProductionOn(tb, shared.temporal)
}

// newProductionOn returns a production on a Temporal.
func newProductionOn(tb testing.TB, temporal *temporalProcess) production {
	tb.Helper()

	p := production{
		environment: []string{"TEMPORAL_ADDRESS=" + temporal.Frontend, "TEMPORAL_NAMESPACE=apart-" + uuid.NewString()},
		apps:        tb.TempDir(), results: tb.TempDir(), dataDir: tb.TempDir(),
	}

	setup := launch(tb, p.environment, "jobwright", "setup", "--retention", "24h")
	require.Equal(tb, 0, setup.end(tb), setup.output())
	require.Contains(tb, setup.output(), fmt.Sprintf("Registered %d search attributes.", len(job.SearchAttributes())))

	again := launch(tb, p.environment, "jobwright", "setup")
	require.Equal(tb, 0, again.end(tb), again.output())
	require.Contains(tb, again.output(), "The search attributes exist.")

	return p
}

func (p production) apiserver(tb testing.TB, arguments ...string) (*process, caller) {
	tb.Helper()

	server := launch(tb, p.environment, "jobwright", append([]string{
		"apiserver", "--http", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--apps", p.apps, "--env-prefix", envPrefix,
		"--results", p.results,
	}, arguments...)...)

	return server, caller{"http://" + server.await(tb, `"API server is up","http":"([0-9.:]+)",.*"build":\{"version":"[^"]+"`)}
}

func (p production) worker(tb testing.TB, arguments ...string) *process {
	tb.Helper()

	worker := launch(tb, p.environment, "jobwright", append([]string{
		"worker", "--http", "127.0.0.1:0", "--apps", p.apps, "--env-prefix", envPrefix, "--results", p.results, "--data", p.dataDir,
	}, arguments...)...)
	health := caller{"http://" + worker.await(tb, `"worker is up","http":"([0-9.:]+)",.*"build":\{"version":"[^"]+"`)}

	require.Equal(tb, http.StatusOK, health.call(tb, http.MethodGet, "/healthz", nil, "").status)
	require.Equal(tb, http.StatusOK, health.call(tb, http.MethodGet, "/readyz", nil, "").status)

	return worker
}

// serveNumbers serves the records that bigApp loads. It sends the second half when released is closed.
func serveNumbers(t *testing.T, released <-chan struct{}) (address string, sum int) {
	t.Helper()

	for i := range numbers {
		sum += i % 1000
	}

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := bufio.NewWriter(w)
		fmt.Fprintln(out, "id,value")

		for i := range numbers {
			if i == numbers/2 {
				_ = out.Flush() // The context reports a closed connection.
				_ = http.NewResponseController(w).Flush()

				select {
				case <-released:
				case <-r.Context().Done():
					return
				}
			}

			fmt.Fprintf(out, "%d,%d\n", i, i%1000)
		}

		_ = out.Flush()
	}))
	t.Cleanup(server.Close)

	return server.URL, sum
}

// loadingJob is a job with a running step that waits for the second half of its numbers.
type loadingJob struct {
	production

	api            caller
	server, worker *process
	jobID          string
	sum            int
	release        func() // Sends the second half of the numbers.
}

func startLoadingJob(t *testing.T, arguments ...string) *loadingJob {
	t.Helper()

	l := &loadingJob{production: newProduction(t), jobID: uuid.NewString()}
	writeApp(t, filepath.Join(l.apps, "8"), bigApp)

	released := make(chan struct{})
	l.release = func() { close(released) }

	var address string

	address, l.sum = serveNumbers(t, released)
	l.environment = append(l.environment, "JOBWRIGHT_NUMBERS_URL="+address)

	l.server, l.api = l.apiserver(t)
	require.Equal(t, http.StatusServiceUnavailable, l.api.call(t, http.MethodGet, "/readyz", nil, "").status, "no worker yet")

	l.worker = l.production.worker(t, arguments...)
	await(t, func() bool { return l.api.call(t, http.MethodGet, "/readyz", nil, "").status == http.StatusOK }) // The worker polls.

	request := with(runScenario("8", "Load", object{}), object{"apiKey": callerKey, "jobId": l.jobID, "isAsync": true})
	require.Equal(t, http.StatusOK, l.api.execute(t, request).status)

	// Wait until some of the rows have been written.
	rows := 0.0
	for rows == 0 {
		status := l.status(t)
		require.Equal(t, "running", status["status"])

		if steps := status["steps"].([]any); len(steps) > 0 {
			rows, _ = steps[0].(object)["rows"].(float64)
		}
	}

	require.Less(t, rows, float64(numbers))

	return l
}

func (l *loadingJob) status(t *testing.T) object {
	t.Helper()

	got := l.api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp?apiKey="+callerKey+"&appId=8&jobId="+l.jobID, nil, "")
	require.Equal(t, http.StatusOK, got.status, got.text)

	return got.result(t)
}

// requireEnd verifies that the job completes and has written every number exactly once.
func (l *loadingJob) requireEnd(t *testing.T) {
	t.Helper()

	var result object
	for result = l.status(t); !ended(result); {
		result = l.status(t)
	}

	require.Equal(t, "completed", result["status"], result)
	requireResults(t, fmt.Sprintf(`[{"count": %d, "sum": %d, "loaded": %d}]`, numbers, l.sum, numbers),
		result["results"].([]any)[0].(object)["result"].(object)["records"])
}

func TestStepIsRetriedAfterTheDeathOfItsWorker(t *testing.T) {
	t.Parallel()

	l := startLoadingJob(t)
	l.worker.kill()

	// Without a worker, the status has only what Temporal knows.
	orphan := l.status(t)
	require.Equal(t, "running", orphan["status"])
	require.Contains(t, orphan["message"], "no worker responds")

	l.release()

	second := l.production.worker(t)
	l.requireEnd(t)

	for _, p := range []*process{second, l.server} {
		require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
		require.Equal(t, 0, p.end(t), p.output())
		require.NotContains(t, p.output(), callerKey, "the log contains no key")
	}
}

// Temporal does not retry an activity whose cancellation was requested: the lost attempt is the last one.
func TestStopEndsAJobWhoseWorkerIsDead(t *testing.T) {
	t.Parallel()

	l := startLoadingJob(t)
	require.NoError(t, l.worker.command.Process.Signal(syscall.SIGSTOP)) // The worker must not receive the cancellation.

	got := l.api.call(t, http.MethodGet, stopPath+"?"+jobQuery(callerKey, "8", l.jobID), nil, "")
	requireStop(t, object{"jobId": l.jobID, "status": "stop started"}, got)

	l.worker.kill()
	l.production.worker(t)

	var result object
	for result = l.status(t); !ended(result); {
		result = l.status(t)
	}

	require.Equal(t, "stopped", result["status"], result)
}

func TestStoppedWorkerReturnsItsStep(t *testing.T) {
	t.Parallel()

	l := startLoadingJob(t, "--grace", "2s")
	require.NoError(t, l.worker.command.Process.Signal(syscall.SIGTERM))
	require.Equal(t, 0, l.worker.end(t), l.worker.output())

	// The retry does not wait for a heartbeat timeout.
	step := l.status(t)["steps"].([]any)[0].(object)
	require.Contains(t, step["lastError"], "the worker that ran the step was stopped", step)

	l.release()
	l.production.worker(t)
	l.requireEnd(t)
}

func TestProcessesReadTemporalProfiles(t *testing.T) {
	t.Parallel()

	profile := filepath.Join(t.TempDir(), "temporal.toml")
	namespace := "profile-" + uuid.NewString()
	require.NoError(t, os.WriteFile(profile, fmt.Appendf(nil,
		"[profile.night]\naddress = %q\nnamespace = %q\n", shared.temporal.Frontend, namespace), 0o600))

	setup := launch(t, []string{"TEMPORAL_CONFIG_FILE=" + profile, "TEMPORAL_PROFILE=night"}, "jobwright", "setup")
	require.Equal(t, 0, setup.end(t), setup.output())
	require.Contains(t, setup.output(), "Registered the namespace "+namespace)
}

func TestAPIServerRespondsToWaitingCallersOnSIGTERM(t *testing.T) {
	t.Parallel()

	l := startLoadingJob(t)
	jobID := uuid.NewString()
	waiting := l.api.startExecute(t, with(runScenario("8", "Load", object{}), object{"apiKey": callerKey, "jobId": jobID}))

	await(t, func() bool {
		got := l.api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp?"+jobQuery(callerKey, "8", jobID), nil, "")

		return got.status == http.StatusOK // The job was accepted, and its caller waits.
	})
	require.NoError(t, l.server.command.Process.Signal(syscall.SIGTERM))

	got := waiting()
	require.Equal(t, http.StatusAccepted, got.status, got.text)
	require.Equal(t, object{"jobId": jobID, "status": "running"}, got.result(t))
	require.Contains(t, got.header.Get("Location"), "jobId="+jobID)
	require.Equal(t, 0, l.server.end(t), l.server.output())

	l.release()
	l.server, l.api = l.apiserver(t)
	l.requireEnd(t)
}
