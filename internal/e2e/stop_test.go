package e2e_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/job"
)

// stopTimeout is the longest time from the request to stop to the end of a job. A step receives the cancellation with a
// heartbeat, after 3 s at most on an idle machine.
const stopTimeout = 30 * time.Second

const stopPath = "/api/v1/stopJob.jsp"

// stop calls stopJob.
func (c caller) stop(t *testing.T, appID, jobID string) apiResponse {
	t.Helper()

	return c.call(t, http.MethodGet, stopPath+"?"+jobQuery(devKey, appID, jobID), nil, "")
}

// jobQuery returns the query of a call about a job.
func jobQuery(key, appID, jobID string) string {
	return url.Values{"apiKey": {key}, "appId": {appID}, "jobId": {jobID}}.Encode()
}

// requireStop verifies the result of a call of stopJob.
func requireStop(t *testing.T, want object, got apiResponse) {
	t.Helper()

	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, object{"status": "success", "result": want}, got.body)
}

// stopApp has a scenario Main with a long step. An earlier step and a finally step leave a result each.
func stopApp(long string, more ...string) map[string]string {
	return map[string]string{
		"app.yaml": `
sources:
  locked: {kind: SQLiteSource}
  stage: {kind: SQLiteSource}
` + strings.Join(more, "\n") + `
access:
  - {name: looker, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [status, signal]}
  - {name: boss, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
		"scenarios/Main.yaml": `
steps:
  - {opName: Transform, opParams: {source: stage, query: SELECT 1 AS n, returnResult: true, resultName: before}}
  - opName: TryCatch
    opParams:
      try:
        - ` + long + `
        - {opName: Transform, opParams: {source: stage, query: SELECT 1 AS n, returnResult: true, resultName: after}}
      catch: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS n, returnResult: true, resultName: caught}}]
      finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS n, returnResult: true, resultName: finally}}]
`,
		"scenarios/Child.yaml": "steps: [{title: Long, opName: Wait, opParams: {duration: 1h}}]",
	}
}

// endless is an SQLite query that does not end.
const endless = "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s) SELECT count(*) AS n FROM s"

// startLongJob starts the scenario Main as a job, and returns when the job's status satisfies the condition.
func startLongJob(t *testing.T, files map[string]string, satisfied func(result object) bool) (appID, jobID string) {
	t.Helper()

	appID, jobID = newApp(t, files), uuid.NewString()
	got := api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	api().awaitStatus(t, appID, jobID, satisfied)

	return appID, jobID
}

// requireStops stops a job, and verifies that its finally step runs and that it ends within stopTimeout.
func requireStops(t *testing.T, appID, jobID string, results ...string) object {
	t.Helper()

	requested := time.Now()

	requireStop(t, object{"jobId": jobID, "status": "stop started"}, api().stop(t, appID, jobID))

	result := api().awaitStatus(t, appID, jobID, ended)
	require.Less(t, time.Since(requested), stopTimeout)
	t.Logf("stopped after %s", time.Since(requested))

	require.Equal(t, "stopped", result["status"])
	require.Equal(t, append(results, "finally"), resultNames(t, result))

	described, err := shared.client.DescribeWorkflowExecution(t.Context(), jobID, "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, described.GetWorkflowExecutionInfo().GetStatus())
	require.Empty(t, described.GetPendingActivities())
	require.Empty(t, described.GetPendingChildren())

	return result
}

// stepOf returns the step with the title in a job's status.
func stepOf(result object, title string) object {
	steps, _ := result["steps"].([]any)
	for _, step := range steps {
		if step.(object)["title"] == title {
			return step.(object)
		}
	}

	return nil
}

func TestStopEndsAWaitingStepAndRunsFinally(t *testing.T) {
	t.Parallel()

	appID, jobID := startLongJob(t, stopApp(`{title: Long, opName: Wait, opParams: {duration: 1h}}`), isWaitingLong)
	result := requireStops(t, appID, jobID, "before")
	require.Equal(t, "stopped", stepOf(result, "Long")["state"])
	require.Equal(t, "completed", result["steps"].([]any)[0].(object)["state"])
}

func TestStopEndsALoopInItsCurrentRound(t *testing.T) {
	t.Parallel()

	const loop = `{opName: ForEach, opParams: {in: [1, 2, 3, 4], as: n, maxConcurrency: 2, continueOnError: true, steps: [
            {opName: Transform, opParams: {source: stage, query: "SELECT ${n} AS n", returnResult: true, resultName: round}},
            {title: Long, condition: "${n > 2}", opName: Wait, opParams: {duration: 1h}}]}}`

	appID, jobID := startLongJob(t, stopApp(loop), func(result object) bool {
		step := stepOf(result, "Long")

		return step != nil && step["runs"] == 2.0 // The other two have not started.
	})
	requireStops(t, appID, jobID, "before", "round", "round", "round", "round")
}

func TestStopStopsChildJobs(t *testing.T) {
	t.Parallel()

	// The first child ends before the job is stopped.
	calls := `{opName: RunScenario, opParams: {scenario: Child}, timeout: 1s, onError: continue}
        - {title: Call, opName: RunScenario, opParams: {scenario: Child}}`
	appID, jobID := startLongJob(t, stopApp(calls), func(result object) bool { return stepOf(result, "Call")["childJobId"] != nil })
	earlyID, childID := jobID+"/2.try.1", jobID+"/2.try.2"

	await(t, func() bool { return api().status(t, appID, childID).status == http.StatusOK })
	require.Nil(t, api().awaitStatus(t, appID, childID, isWaitingLong)["endedAt"])

	requireStops(t, appID, jobID, "before")

	child := api().status(t, appID, childID).result(t)
	require.Equal(t, object{"status": "stopped", "stoppedBy": "*"}, pick(child, "status", "stoppedBy"), "as its parent")
	require.NotNil(t, child["endedAt"])

	early := api().awaitStatus(t, appID, earlyID, ended)
	require.Equal(t, object{"status": "stopped"}, pick(early, "status", "stoppedBy"), "by a timeout")
}

func TestStopCancelsASQLiteQuery(t *testing.T) {
	t.Parallel()

	query := `{title: Long, opName: Transform, opParams: {source: stage, query: "` + endless + `", returnResult: true}}`
	appID, jobID := startLongJob(t, stopApp(query), isWaitingLong)
	await(t, func() bool { return attemptRuns(t, jobID) })
	requireStops(t, appID, jobID, "before")
}

// attemptRuns reports whether a worker has started an attempt of the job's step.
func attemptRuns(t *testing.T, jobID string) bool {
	t.Helper()

	described, err := shared.client.DescribeWorkflowExecution(t.Context(), jobID, "")
	require.NoError(t, err)

	pending := described.GetPendingActivities()

	return len(pending) == 1 && pending[0].GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED
}

func TestStopCancelsASQLiteScriptAndReleasesItsLock(t *testing.T) {
	t.Parallel()

	script := `{title: Long, opName: RunSourceScript, opParams: {source: locked, script: "CREATE TABLE t (n); INSERT INTO t ` + endless + `"}}`
	appID, jobID := startLongJob(t, stopApp(script), isWaitingLong)
	file := filepath.Join(shared.dir, "apps", appID, "locked.db")

	await(t, func() bool { return attemptRuns(t, jobID) })
	await(t, func() bool { return locked(t, file) })

	requireStops(t, appID, jobID, "before")
	require.False(t, locked(t, file), "the script still runs")
}

// locked reports whether a transaction holds the write lock of the database in the file.
func locked(t *testing.T, file string) bool {
	t.Helper()

	if _, err := os.Stat(file); err != nil {
		return false // The database does not exist yet.
	}

	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate")
	require.NoError(t, err)

	tx, err := db.Begin() // It gets the lock at once or fails.
	if err == nil {
		require.NoError(t, tx.Rollback())
	}

	require.NoError(t, db.Close())

	return err != nil
}

func TestStopCancelsAnHTTPRequest(t *testing.T) {
	t.Parallel()

	received, cancelled := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(received)
		<-r.Context().Done() // The connection is closed.
		close(cancelled)
	}))
	t.Cleanup(server.CloseClientConnections)

	request := `{title: Long, execution: activity, opName: HTTPRequest, opParams: {source: slow, path: /}}` // One attempt, one request.
	appID, jobID := startLongJob(t, stopApp(request, fmt.Sprintf("  slow: {kind: HTTPSource, url: %q}", server.URL)), isWaitingLong)

	<-received
	requireStops(t, appID, jobID, "before")

	select {
	case <-cancelled:
	case <-time.After(stopTimeout):
		require.Fail(t, "the server still has the connection")
	}
}

func TestStopCancelsPostgreSQLStatements(t *testing.T) {
	t.Parallel()

	server := testserver.NewPostgreSQL(t, testserver.PostgreSQLOptions{})

	for name, step := range map[string]string{
		"a query":  `{title: Long, opName: Transform, opParams: {source: warehouse, query: "SELECT pg_sleep(600)::text AS slept", returnResult: true}}`,
		"a load":   `{title: Long, opName: Transform, opParams: {source: warehouse, query: "SELECT pg_sleep(600)::text AS slept", targetTable: slept}}`,
		"a script": `{title: Long, opName: RunSourceScript, opParams: {source: warehouse, script: "SELECT pg_sleep(600)"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			address := server.NewDatabase(t)

			db, err := pgx.Connect(t.Context(), address)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close(context.WithoutCancel(t.Context()))) })

			sleeping := func() (count int) {
				require.NoError(t, db.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
					WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'`).Scan(&count))

				return count
			}

			appID, jobID := startLongJob(t, stopApp(step, fmt.Sprintf("  warehouse: {kind: PgSQLSource, connStr: %q}", address)), isWaitingLong)
			await(t, func() bool { return sleeping() > 0 })

			requested := time.Now()
			requireStops(t, appID, jobID, "before")
			await(t, func() bool { return sleeping() == 0 })
			require.Less(t, time.Since(requested), stopTimeout)
		})
	}
}

func TestStopEndsAStepBetweenTwoAttempts(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)

	request := `{title: Long, opName: HTTPRequest, opParams: {source: down, path: /}, retry: {initialInterval: 1h, maximumInterval: 1h}}`
	files := stopApp(request, fmt.Sprintf("  down: {kind: HTTPSource, url: %q}", server.URL))
	appID, jobID := startLongJob(t, files, func(result object) bool {
		return isWaitingLong(result) && stepOf(result, "Long")["nextTry"] != nil
	})

	requireStops(t, appID, jobID, "before")
}

// cleanupScenario has finally steps that wait for the signal clean.
const cleanupScenario = `
steps:
  - opName: TryCatch
    opParams:
      try: [{title: Long, opName: Wait, opParams: {duration: 1h}}]
      finally:
        - opName: ForEach
          opParams: {in: "${1..5}", as: n, steps: [{opName: Transform, opParams: {source: stage, query: "SELECT ${n} AS n", returnValue: true}}]}
        - {opName: WaitForSignal, opParams: {name: clean}}
        - {opName: Transform, opParams: {source: stage, query: SELECT 1 AS n, returnResult: true, resultName: finally}}
`

// isCleaning reports whether the job waits in its finally steps.
func isCleaning(result object) bool { return result["signals"] != nil }

func TestRepeatedStopReportsTheFirst(t *testing.T) {
	t.Parallel()

	continuing, err := continuingSystem()
	require.NoError(t, err)

	for name, system := range map[string]*system{"in one run": shared, "in a later run": continuing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			api, appID, jobID := caller{system.server.URL}, "test-"+uuid.NewString(), uuid.NewString()
			writeApp(t, filepath.Join(system.dir, "apps", appID), map[string]string{
				"app.yaml": "sources: {stage: {kind: SQLiteSource}}", "scenarios/Main.yaml": cleanupScenario,
			})

			got := api.execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID, "isAsync": true}))
			require.Equal(t, http.StatusOK, got.status, got.text)
			api.awaitStatus(t, appID, jobID, isWaitingLong)

			requireStop(t, object{"jobId": jobID, "status": "stop started"}, api.stop(t, appID, jobID))

			cleaning := api.awaitStatus(t, appID, jobID, isCleaning)
			require.Equal(t, object{"status": "stopping", "stoppedBy": "*"}, pick(cleaning, "status", "stoppedBy"))

			if system == continuing {
				described, err := system.client.DescribeWorkflowExecution(t.Context(), jobID, "")
				require.NoError(t, err)
				require.False(t, described.GetWorkflowExtendedInfo().GetCancelRequested(), "the job did not continue as new")
			}

			for range 3 {
				requireStop(t, object{"jobId": jobID, "status": "already being stopped"}, api.stop(t, appID, jobID))
			}

			require.Equal(t, 1, system.cancellations(t, jobID), "a single request")

			signal := api.signal(t, object{"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": "clean"})
			require.Equal(t, http.StatusOK, signal.status, signal.text)

			ended := api.awaitStatus(t, appID, jobID, ended)
			require.Equal(t, object{"status": "stopped", "stoppedBy": "*"}, pick(ended, "status", "stoppedBy"))
			require.Equal(t, []string{"finally"}, resultNames(t, ended))

			for range 2 {
				requireStop(t, object{"jobId": jobID, "status": "already completed", "jobStatus": "stopped"}, api.stop(t, appID, jobID))
			}
		})
	}
}

// cancellations returns the number of cancellation requests in the histories of all runs of the job.
func (s *system) cancellations(t *testing.T, jobID string) int {
	t.Helper()

	count := 0

	for _, history := range s.historiesOf(t, jobID) {
		for _, event := range history.GetEvents() {
			if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED {
				count++
			}
		}
	}

	return count
}

func TestStopAfterTheEndReportsTheStatus(t *testing.T) {
	t.Parallel()

	appID := newApp(t, contractApp)

	for scenario, end := range map[string]string{"Outcomes": "completed", "Failing": "completedWithError"} {
		jobID := uuid.NewString()
		api().execute(t, with(runScenario(appID, scenario, object{}), object{"jobId": jobID}))

		requireStop(t, object{"jobId": jobID, "status": "already completed", "jobStatus": end}, api().stop(t, appID, jobID))
		require.Equal(t, end, api().status(t, appID, jobID).result(t)["status"])
	}
}

func TestStopJobHasTwoNamesAndMethods(t *testing.T) {
	t.Parallel()

	for _, path := range []string{"/api/v1/stopJob", "/api/v1/stopJob.jsp", "/api/v1/stop", "/api/v1/stop.jsp"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(method+" "+path, func(t *testing.T) {
				t.Parallel()

				appID, jobID := startLongJob(t, stopApp(`{title: Long, opName: Wait, opParams: {duration: 1h}}`), isWaitingLong)

				var got apiResponse

				if method == http.MethodGet {
					got = api().call(t, method, path+"?"+jobQuery(callerKey, appID, jobID), nil, "")
				} else {
					body, err := json.Marshal(object{"apiKey": callerKey, "appId": appID, "jobId": jobID})
					require.NoError(t, err)

					got = api().call(t, method, path, asJSON, string(body))
				}

				requireStop(t, object{"jobId": jobID, "status": "stop started"}, got)
				require.Equal(t, "no-store", got.header.Get("Cache-Control"))
				require.Equal(t, object{"status": "stopped", "stoppedBy": "boss"},
					pick(api().awaitStatus(t, appID, jobID, ended), "status", "stoppedBy"))
				require.Equal(t, "stopJob, called by boss", causeOf(t, jobID), "the reason names the caller")
			})
		}
	}
}

// causeOf returns the reason of the cancellation in the job's history.
func causeOf(t *testing.T, jobID string) string {
	t.Helper()

	for _, event := range historyOf(t, jobID).GetEvents() {
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED {
			return event.GetWorkflowExecutionCancelRequestedEventAttributes().GetCause()
		}
	}

	return ""
}

func TestStopJobRejectsInvalidCalls(t *testing.T) {
	t.Parallel()

	appID, jobID := startLongJob(t, stopApp(`{title: Long, opName: Wait, opParams: {duration: 1h}}`), isWaitingLong)
	path := func(key, appID, jobID string) string { return stopPath + "?" + jobQuery(key, appID, jobID) }

	refused := []exchange{
		{name: "no key", path: path("", appID, jobID), status: 401, code: "unauthorized", contains: []string{"apiKey parameter is required."}},
		{name: "an unknown key", path: path(unknownKey, appID, jobID), status: 401, code: "unauthorized"},
		{name: "a key without the right", path: path(statusKey, appID, jobID), status: 403, code: "forbidden", contains: []string{`does not have the right`}},
		{name: "a key of another app", path: path(statusKey, "7", jobID), status: 403, code: "forbidden"},
		{name: "the job of another app", path: path(devKey, "7", jobID), status: 404, code: "job_not_found", contains: []string{jobID}},
		{name: "no such job", path: path(devKey, appID, "none"), status: 404, code: "job_not_found", contains: []string{`"jobId":"none"`}},
		{name: "no such app", path: path(devKey, "nowhere", jobID), status: 404, code: "app_not_found"},
		{name: "no app", path: path(devKey, "", jobID), status: 400, code: "request_invalid", contains: []string{"appId parameter is required."}},
		{name: "no jobId", path: path(devKey, appID, ""), status: 400, code: "request_invalid", contains: []string{"jobId parameter is required."}},
		{name: "a jobId that is too long", path: path(devKey, appID, strings.Repeat("x", 1001)), status: 400, code: "request_invalid", contains: []string{"at most 1000 bytes, this one has 1001"}},
		{name: "a jobId that is not UTF-8", path: path(devKey, appID, "\xff"), status: 400, code: "request_invalid", contains: []string{"must be UTF-8"}},
		{name: "an unknown parameter", path: path(devKey, appID, jobID) + "&force=true", status: 400, code: "request_invalid", contains: []string{"unknown parameter force"}},
		{name: "the app's variables", path: path(devKey, appID, job.VariablesID(appID)), status: 404, code: "job_not_found"},
		{name: "another method", method: http.MethodDelete, path: path(devKey, appID, jobID), status: 405, code: "method_not_allowed"},
		{name: "POST without the right", method: http.MethodPost, path: stopPath, body: `{"apiKey":"` + statusKey + `","appId":"` + appID + `","jobId":"` + jobID + `"}`, status: 403, code: "forbidden"},
		{name: "POST without a jobId", method: http.MethodPost, path: stopPath, body: `{"apiKey":"dev","appId":"` + appID + `"}`, status: 400, code: "request_invalid", contains: []string{"jobId is missing"}},
		{name: "POST with an unknown field", method: http.MethodPost, path: stopPath, body: `{"apiKey":"dev","appId":"` + appID + `","jobId":"` + jobID + `","jobid":"x"}`, status: 400, code: "request_invalid", contains: []string{"unknown field jobid"}},
	}

	got := api().execute(t, runScenario(newApp(t, languageApp), "AppVariable", object{}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	for _, exchange := range refused {
		if exchange.method == "" {
			exchange.method = http.MethodGet
		}

		exchange.run(t, api())
	}

	require.Equal(t, "running", api().status(t, appID, jobID).result(t)["status"])
	requireStops(t, appID, jobID, "before")
}

func TestStopIsAcceptedWithoutAWorker(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, contractApp), uuid.NewString()
	run, err := shared.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: jobID, TaskQueue: "no-worker", Memo: map[string]any{job.MemoAppID: appID},
	}, job.Workflow)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, shared.client.TerminateWorkflow(context.WithoutCancel(t.Context()), jobID, run.GetRunID(), "the test's end"))
	})

	require.Equal(t, "running", api().status(t, appID, jobID).result(t)["status"])
	requireStop(t, object{"jobId": jobID, "status": "stop started"}, api().stop(t, appID, jobID))

	// Temporal has the request: the API server is no longer necessary.
	described, err := shared.client.DescribeWorkflowExecution(t.Context(), jobID, "")
	require.NoError(t, err)
	require.True(t, described.GetWorkflowExtendedInfo().GetCancelRequested())

	requireStop(t, object{"jobId": jobID, "status": "already being stopped"}, api().stop(t, appID, jobID))
	require.Equal(t, "stopping", api().status(t, appID, jobID).result(t)["status"])
}

func TestStopWithoutTemporalResponds503(t *testing.T) {
	t.Parallel()

	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	address := closed.Addr().String()
	require.NoError(t, closed.Close())

	lazy, err := client.NewLazyClient(client.Options{HostPort: address, Logger: silent{}})
	require.NoError(t, err)
	t.Cleanup(lazy.Close)

	got := serve(t, apiserver.Options{Jobs: newJobs(lazy)}).stop(t, "7", "some job")
	require.Equal(t, http.StatusServiceUnavailable, got.status, got.text)
	require.Equal(t, "temporal_unavailable", got.result(t)["code"])
	require.Equal(t, "some job", got.result(t)["jobId"])
	require.NotEmpty(t, got.header.Get("Retry-After"))
}

// cancelInterceptor loses requests to cancel, or their responses, and records the IDs of the requests.
type cancelInterceptor struct {
	mutex sync.Mutex
	ids   []string
	lose  func(number int) (before, after bool) // Called before each request; reports whether to lose the request or its response.
}

func (f *cancelInterceptor) intercept(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	cancellation, ok := request.(*workflowservice.RequestCancelWorkflowExecutionRequest)
	if !ok {
		return invoke(ctx, method, request, reply, connection, options...)
	}

	f.mutex.Lock()
	f.ids = append(f.ids, cancellation.GetRequestId())
	before, after := f.lose(len(f.ids))
	f.mutex.Unlock()

	lost := status.Error(codes.Unavailable, "the connection is lost")
	if before {
		return lost
	}

	if err := invoke(ctx, method, request, reply, connection, options...); err != nil || !after {
		return err
	}

	return lost
}

// newAPI returns an API server with the interceptor.
func (f *cancelInterceptor) newAPI(t *testing.T) caller {
	t.Helper()

	connection, err := client.Dial(client.Options{
		HostPort: shared.temporal.Frontend, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{
			DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(f.intercept)},
		},
	})
	require.NoError(t, err)
	t.Cleanup(connection.Close)

	return serve(t, apiserver.Options{Jobs: newJobs(connection)})
}

func TestStopIsRetriedAfterALostResponse(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, map[string]string{
		"app.yaml": "sources: {stage: {kind: SQLiteSource}}", "scenarios/Main.yaml": cleanupScenario,
	}), uuid.NewString()
	api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID, "isAsync": true}))
	api().awaitStatus(t, appID, jobID, isWaitingLong)

	losing := &cancelInterceptor{lose: func(number int) (before, after bool) { return false, number == 1 }}
	requireStop(t, object{"jobId": jobID, "status": "stop started"}, losing.newAPI(t).stop(t, appID, jobID))
	require.Len(t, losing.ids, 2)
	require.Equal(t, losing.ids[0], losing.ids[1])
	require.NotEmpty(t, losing.ids[0])

	api().awaitStatus(t, appID, jobID, isCleaning)
	require.Equal(t, 1, shared.cancellations(t, jobID))

	signal := api().signal(t, object{"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": "clean"})
	require.Equal(t, http.StatusOK, signal.status, signal.text)
	require.Equal(t, "stopped", api().awaitStatus(t, appID, jobID, ended)["status"])
}

func TestStopThatTemporalDidNotReceiveIsAnError(t *testing.T) {
	t.Parallel()

	appID, jobID := startLongJob(t, stopApp(`{title: Long, opName: Wait, opParams: {duration: 1h}}`), isWaitingLong)

	losing := &cancelInterceptor{lose: func(int) (before, after bool) { return true, true }}
	got := losing.newAPI(t).stop(t, appID, jobID)
	require.Equal(t, http.StatusTooManyRequests, got.status, got.text) // Temporal answers other requests.
	require.NotEmpty(t, got.header.Get("Retry-After"))
	require.Equal(t, "running", api().status(t, appID, jobID).result(t)["status"])

	requireStops(t, appID, jobID, "before")
}

func TestLateStopReportsHowTheJobEnded(t *testing.T) {
	t.Parallel()

	appID, jobID := startLongJob(t, stopApp(`{title: Long, opName: Wait, opParams: {duration: 1h}}`), isWaitingLong)

	var err error

	// The job ends after the API server has described it, and before Temporal receives the request.
	late := &cancelInterceptor{lose: func(int) (before, after bool) {
		err = shared.client.TerminateWorkflow(t.Context(), jobID, "", "a test")

		return false, false
	}}
	requireStop(t, object{"jobId": jobID, "status": "already completed", "jobStatus": "completedWithError"},
		late.newAPI(t).stop(t, appID, jobID))
	require.NoError(t, err)
	require.Len(t, late.ids, 1)
}
