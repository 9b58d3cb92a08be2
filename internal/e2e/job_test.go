package e2e_test

import (
	"context"
	"database/sql"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	_ "modernc.org/sqlite" // Registers the driver with which tests open databases.

	"github.com/jobwright/jobwright/apiserver"
)

// lockedApp has a step that runs until the test releases the lock of its database.
var lockedApp = map[string]string{
	"app.yaml": `
sources:
  files: {kind: FileSource, path: data}
  locked: {kind: SQLiteSource}
  stage: {kind: SQLiteSource}
`,
	"data/people.csv": "name,age\nAda,36\n",
	"scenarios/Locked.yaml": `
steps:
  - title: Return a result
    opName: Transform
    opParams: {source: stage, query: SELECT 42 AS answer, returnResult: true}
  - title: Wait for the lock
    opName: LoadTableFromSource
    opParams: {source: files, table: people.csv, targetSource: locked, targetTable: people}
    retry: {initialInterval: 100ms, maximumInterval: 100ms}
`,
}

// lockDatabase holds the write lock of the database of an app until release is called.
func lockDatabase(t *testing.T, dataDir, appID string) (release func()) {
	t.Helper()

	dir := filepath.Join(dataDir, "apps", appID)
	require.NoError(t, os.MkdirAll(dir, 0o750))

	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "locked.db")+"?_txlock=immediate&_pragma=journal_mode(WAL)")
	require.NoError(t, err)

	tx, err := db.Begin() // Without the test's context, which would release the lock too early.
	require.NoError(t, err)

	release = sync.OnceFunc(func() {
		require.NoError(t, tx.Rollback())
		require.NoError(t, db.Close())
	})
	t.Cleanup(release)

	return release
}

// isSecondStepRunning reports whether the job's second step runs.
func isSecondStepRunning(result object) bool {
	steps, _ := result["steps"].([]any)

	return len(steps) == 2 && steps[1].(object)["state"] == "running" && steps[1].(object)["attempt"] != nil
}

func TestWaitTimeoutResponds202(t *testing.T) {
	t.Parallel()

	appID := newApp(t, lockedApp)
	release := lockDatabase(t, shared.dir, appID)
	request := with(runScenario(appID, "Locked", object{}), object{"jobId": uuid.NewString(), "waitSeconds": 1})

	got := api().execute(t, request)
	require.Equal(t, http.StatusAccepted, got.status, got.text)
	require.Equal(t, object{"jobId": request["jobId"], "status": "running"}, got.result(t))
	require.NotEmpty(t, got.header.Get("Retry-After"))

	// The response has the address of the status.
	location := got.header.Get("Location")
	require.Contains(t, location, "/api/v1/getJobStatus.jsp?")

	running := api().call(t, http.MethodGet, location+"&apiKey="+devKey, nil, "")
	require.Equal(t, "running", running.result(t)["status"], running.text)

	release()

	// The repeated call attaches to the job and waits for its end.
	got = api().execute(t, with(request, object{"waitSeconds": 60}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	requireResults(t, `[{"name": null, "result": {"records": [{"answer": 42}], "schema": [{
		"name": "answer", "updateable": false, "type": {"name": "INTEGER", "typeStr": "INTEGER", "precision": -1, "scale": 0},
		"typeStandard": {"name": "integer", "typeStr": "integer"}}]}}]`, got.result(t)["results"])
}

func TestJobIDRunsOnceForRepeatedRequests(t *testing.T) {
	t.Parallel()

	const callers = 20

	request := with(runScenario("7", "Main", object{}), object{"jobId": uuid.NewString()})
	waiting := make([]func() apiResponse, callers)
	for i := range waiting {
		waiting[i] = api().startExecute(t, request)
	}

	first := waiting[0]()
	require.Equal(t, http.StatusOK, first.status, first.text)

	for _, wait := range waiting[1:] {
		require.Equal(t, first.text, wait().text)
	}

	requireOneRun(t, request["jobId"].(string))

	// Fields about the response and the order of fields don't make a different request.
	body := `{"jobId": "` + request["jobId"].(string) + `", "operation": {"opParams": {"parameters": {}, "scenario": "Main"},
		"opName": "RunScenario"}, "appId": "7", "apiKey": "dev", "noResultSchema": true}`
	again := api().call(t, http.MethodPost, "/api/v1/executeJob.jsp", asJSON, body)
	require.Equal(t, http.StatusOK, again.status, again.text)
	require.Equal(t, object{"jobId": request["jobId"]}, again.result(t))

	// A different parameter does.
	other := api().execute(t, with(runScenario("7", "Main", object{"country": "DE"}), object{"jobId": request["jobId"]}))
	require.Equal(t, http.StatusConflict, other.status, other.text)
	require.Equal(t, "job_id_taken", other.result(t)["code"])
	require.Equal(t, request["jobId"], other.result(t)["jobId"])

	requireOneRun(t, request["jobId"].(string))
}

func TestJobIDRunsOnceForConcurrentRequests(t *testing.T) {
	t.Parallel()

	const callers = 200

	jobID := uuid.NewString()
	waiting := make([]func() apiResponse, callers)
	requests := make([]object, callers)

	for i := range waiting {
		country := []string{"US", "DE"}[i%2] // Two requests; the first to arrive gets the jobId.
		requests[i] = with(runScenario("7", "Main", object{"country": country}), object{"jobId": jobID})
		waiting[i] = api().startExecute(t, requests[i])
	}

	ran, rejected := map[string]int{}, map[string]int{}

	for i, wait := range waiting {
		got := wait()

		// On an overloaded machine, some requests to Temporal time out.
		for got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") != "" {
			got = api().execute(t, requests[i])
		}

		switch got.status {
		case http.StatusOK:
			ran[got.text]++
		case http.StatusConflict:
			require.Equal(t, "job_id_taken", got.result(t)["code"])
			require.Equal(t, "the jobId "+jobID+" belongs to another job: operation.opParams.parameters.country differs from the "+
				"request that started it; use another jobId, or repeat the first request unchanged to get that job",
				got.result(t)["message"])
			rejected[got.text]++
		default:
			require.Fail(t, "unexpected response", "%d %s", got.status, got.text)
		}
	}

	require.Equal(t, []int{callers / 2}, slices.Collect(maps.Values(ran)), "all calls with one request get the same response")
	require.Equal(t, []int{callers / 2}, slices.Collect(maps.Values(rejected)))
	requireOneRun(t, jobID)
}

// requireOneRun verifies that the jobId ran once.
func requireOneRun(t *testing.T, jobID string) {
	t.Helper()

	await(t, func() bool { // Temporal's lists are eventually consistent.
		found, err := shared.client.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: "WorkflowId = '" + jobID + "'",
		})
		require.NoError(t, err)
		require.LessOrEqual(t, len(found.GetExecutions()), 1)

		return len(found.GetExecutions()) == 1
	})
}

func TestRepeatedRequestAttachesAfterTheScenarioIsDeleted(t *testing.T) {
	t.Parallel()

	appID := newApp(t, contractApp)
	request := with(runScenario(appID, "Outcomes", object{}), object{"jobId": uuid.NewString()})
	first := api().execute(t, request)
	require.Equal(t, http.StatusOK, first.status, first.text)

	require.NoError(t, os.Remove(filepath.Join(shared.dir, "apps", appID, "scenarios", "Outcomes.yaml")))
	require.Equal(t, first.text, api().execute(t, request).text)

	delete(request, "jobId")
	require.Equal(t, http.StatusNotFound, api().execute(t, request).status)
}

func TestRunningJobKeepsItsProgram(t *testing.T) {
	t.Parallel()

	appID := newApp(t, lockedApp)
	release := lockDatabase(t, shared.dir, appID)
	request := with(runScenario(appID, "Locked", object{}), object{"jobId": uuid.NewString(), "isAsync": true})
	require.Equal(t, http.StatusOK, api().execute(t, request).status)

	writeApp(t, filepath.Join(shared.dir, "apps", appID), map[string]string{"scenarios/Locked.yaml": "steps: []"})
	release()

	result := api().awaitStatus(t, appID, request["jobId"].(string), ended)
	require.Equal(t, "completed", result["status"])
	require.Len(t, result["steps"], 2)
}

func TestStatusHasTheVersionOfTheProgram(t *testing.T) {
	t.Parallel()

	appID := newApp(t, map[string]string{
		"app.yaml":             "sources: {stage: {kind: SQLiteSource}}",
		"scenarios/Main.yaml":  "parameters: {n: {type: integer, default: 1}}\nsteps: [{opName: RunScenario, opParams: {scenario: Child}}]",
		"scenarios/Child.yaml": "steps: [{opName: Return, opParams: {value: 1}}]",
	})
	run := func(scenario string, parameters object) object {
		jobID := uuid.NewString()
		got := api().execute(t, with(runScenario(appID, scenario, parameters), object{"jobId": jobID}))
		require.Equal(t, http.StatusOK, got.status, got.text)

		return api().status(t, appID, jobID).result(t)
	}

	first := run("Main", object{})
	require.Regexp(t, "^[0-9a-f]{12}$", first["programVersion"])
	require.Equal(t, first["programVersion"], run("Main", object{"n": 2})["programVersion"], "parameters do not matter")

	child := api().status(t, appID, first["jobId"].(string)+"/1").result(t)
	require.Equal(t, run("Child", object{})["programVersion"], child["programVersion"])
	require.NotEqual(t, first["programVersion"], child["programVersion"])

	started, err := time.Parse(time.RFC3339Nano, first["startedAt"].(string))
	require.NoError(t, err)

	end, err := time.Parse(time.RFC3339Nano, first["endedAt"].(string))
	require.NoError(t, err)
	require.True(t, end.After(started))

	// Main runs the changed scenario. A retry runs the former one.
	writeApp(t, filepath.Join(shared.dir, "apps", appID), map[string]string{
		"scenarios/Child.yaml": "steps: [{opName: Return, opParams: {value: 2}}]",
	})
	require.NotEqual(t, first["programVersion"], run("Main", object{})["programVersion"])

	got := api().retry(t, appID, first["jobId"].(string), object{})
	require.Equal(t, http.StatusOK, got.status, got.text)

	again := api().awaitStatus(t, appID, got.result(t)["jobId"].(string), ended)
	require.Equal(t, first["programVersion"], again["programVersion"])
}

func TestRunningJobKeepsItsScripts(t *testing.T) {
	t.Parallel()

	files := maps.Clone(lockedApp)
	files["scripts/mark.sql"] = "CREATE TABLE mark AS SELECT 'before' AS since"
	files["scenarios/Locked.yaml"] += `
  - opName: RunSourceScript
    opParams: {source: stage, scriptFile: scripts/mark.sql}
  - opName: Transform
    opParams: {source: stage, query: SELECT since FROM mark, returnResult: true}
`
	appID := newApp(t, files)
	release := lockDatabase(t, shared.dir, appID)
	request := with(runScenario(appID, "Locked", object{}), object{"jobId": uuid.NewString(), "isAsync": true})
	require.Equal(t, http.StatusOK, api().execute(t, request).status)

	writeApp(t, filepath.Join(shared.dir, "apps", appID), map[string]string{
		"scripts/mark.sql": "CREATE TABLE mark AS SELECT 'after' AS since",
	})
	release()

	result := api().awaitStatus(t, appID, request["jobId"].(string), ended)
	require.Equal(t, "completed", result["status"], result)
	require.Equal(t, []any{object{"since": "before"}}, recordsOf(t, result, 1))
}

func TestDisconnectDoesNotStopTheJob(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, lockedApp), uuid.NewString()
	release := lockDatabase(t, shared.dir, appID)

	ctx, disconnect := context.WithCancel(t.Context())
	body := `{"apiKey":"dev","appId":"` + appID + `","jobId":"` + jobID + `","isAsync":false,
		"operation":{"opName":"RunScenario","opParams":{"scenario":"Locked"}}}`
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, shared.server.URL+"/api/v1/executeJob.jsp", strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")

	failed := make(chan error, 1)

	go func() {
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
		}

		failed <- err
	}()

	require.Eventually(t, func() bool { return api().status(t, appID, jobID).status == http.StatusOK }, time.Minute, 10*time.Millisecond)
	disconnect()
	require.ErrorIs(t, <-failed, context.Canceled)

	release()
	require.Equal(t, "completed", api().awaitStatus(t, appID, jobID, ended)["status"])
}

func TestStatusReportsARetryingStep(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, lockedApp), uuid.NewString()
	release := lockDatabase(t, shared.dir, appID)
	request := with(runScenario(appID, "Locked", object{}), object{"jobId": jobID, "isAsync": true})
	require.Equal(t, http.StatusOK, api().execute(t, request).status)

	running := api().awaitStatus(t, appID, jobID, func(result object) bool {
		if !isSecondStepRunning(result) {
			return false
		}

		reason, _ := result["steps"].([]any)[1].(object)["lastError"].(string)

		return strings.Contains(reason, "another process holds the database's lock")
	})
	step := running["steps"].([]any)[1].(object)
	require.Equal(t, "running", running["status"])
	require.Equal(t, "completed", running["steps"].([]any)[0].(object)["state"])
	require.Equal(t, "Wait for the lock", step["title"])
	require.Greater(t, step["attempt"], 1.0)

	release()
	require.Equal(t, "completed", api().awaitStatus(t, appID, jobID, ended)["status"])
}

func TestCancellationInTemporalStopsTheJob(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, lockedApp), uuid.NewString()
	lockDatabase(t, shared.dir, appID)
	request := with(runScenario(appID, "Locked", object{}), object{"jobId": jobID})

	waiting := api().startExecute(t, request)

	require.Eventually(t, func() bool { return api().status(t, appID, jobID).status == http.StatusOK }, time.Minute, 10*time.Millisecond)
	api().awaitStatus(t, appID, jobID, isSecondStepRunning)
	require.NoError(t, shared.client.CancelWorkflow(t.Context(), jobID, ""))

	result := api().awaitStatus(t, appID, jobID, ended)
	require.Equal(t, "stopped", result["status"])
	require.Len(t, result["results"], 1, "results of earlier steps stay")
	require.Equal(t, "stopped", result["steps"].([]any)[1].(object)["state"])

	got := waiting()
	require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)
	require.Equal(t, "job_stopped", got.result(t)["code"])
}

func TestTerminatedJobIsReported(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, lockedApp), uuid.NewString()
	lockDatabase(t, shared.dir, appID)
	request := with(runScenario(appID, "Locked", object{}), object{"jobId": jobID, "isAsync": true})
	require.Equal(t, http.StatusOK, api().execute(t, request).status)
	require.NoError(t, shared.client.TerminateWorkflow(t.Context(), jobID, "", "a test"))

	result := api().awaitStatus(t, appID, jobID, ended)
	require.Equal(t, "completedWithError", result["status"])
	require.Equal(t, "job_terminated", result["code"])
}

func TestExpiredResultResponds410(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, dataApp("http://127.0.0.1:1")), uuid.NewString()
	request := with(runScenario(appID, "Many", object{}), object{"jobId": jobID})
	require.Equal(t, http.StatusOK, api().execute(t, request).status)
	require.NoError(t, os.RemoveAll(filepath.Join(shared.dir, "results", appID)))

	got := api().execute(t, request)
	require.Equal(t, http.StatusGone, got.status, got.text)
	require.Equal(t, "result_expired", got.result(t)["code"])
}

func TestJobHasSearchAttributesAndSummary(t *testing.T) {
	t.Parallel()

	jobID := uuid.NewString()
	require.Equal(t, http.StatusOK, api().execute(t, with(runScenario("7", "Main", object{}), object{"jobId": jobID})).status)

	described, err := shared.client.DescribeWorkflow(t.Context(), jobID, "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, described.Status)
	require.Equal(t, "RunScenario", described.WorkflowType.Name)
	require.Equal(t, "jobwright", described.TaskQueueName)

	for name, want := range map[string]string{"JobwrightApp": "7", "JobwrightScenario": "Main"} {
		var found string
		for key, value := range described.TypedSearchAttributes.GetUntypedValues() {
			if key.GetName() == name {
				found, _ = value.(string)
			}
		}

		require.Equal(t, want, found)
	}

	summary, err := described.GetStaticSummary()
	require.NoError(t, err)
	require.Equal(t, "Main · app 7", summary)

	details, err := described.GetStaticDetails()
	require.NoError(t, err)
	require.Contains(t, details, "Load a file of companies and return the companies of one country")
}

func TestExecuteJobRejectsATooLargeProgram(t *testing.T) {
	t.Parallel()

	appID := newApp(t, map[string]string{
		"app.yaml": "sources: {stage: {kind: SQLiteSource}}",
		"scenarios/Large.yaml": "description: " + strings.Repeat("x", 2_000_000) + `
steps:
  - {opName: Transform, opParams: {source: stage, query: SELECT 1, returnResult: true}}
`,
	})
	got := api().execute(t, runScenario(appID, "Large", object{}))
	require.Equal(t, http.StatusRequestEntityTooLarge, got.status, got.text)
	require.Equal(t, "request_too_large", got.result(t)["code"])
	require.Contains(t, got.result(t)["message"], "more than the 1400000 that a job can have")
}

func TestHistoryContainsNoKey(t *testing.T) {
	t.Parallel()

	jobID := uuid.NewString()
	got := api().execute(t, with(runScenario("7", "Main", object{}), object{"apiKey": callerKey, "jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	for _, event := range historyOf(t, jobID).GetEvents() {
		require.NotContains(t, event.String(), callerKey)
	}
}

func TestCallWithoutTemporalResponds503(t *testing.T) {
	t.Parallel()

	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	address := closed.Addr().String()
	require.NoError(t, closed.Close())

	lazy, err := client.NewLazyClient(client.Options{HostPort: address, Logger: silent{}})
	require.NoError(t, err)
	t.Cleanup(lazy.Close)

	api := serve(t, apiserver.Options{Jobs: newJobs(lazy)})

	for _, jobID := range []any{"mine-" + uuid.NewString(), nil} {
		request := runScenario("7", "Main", object{})
		if jobID != nil {
			request["jobId"] = jobID
		}

		got := api.execute(t, request)
		require.Equal(t, http.StatusServiceUnavailable, got.status, got.text)
		require.Equal(t, "temporal_unavailable", got.result(t)["code"])
		require.NotEmpty(t, got.header.Get("Retry-After"))
		require.NotEmpty(t, got.result(t)["jobId"], "the caller needs it to repeat the call")
	}

	require.Equal(t, http.StatusServiceUnavailable, api.status(t, "7", "x").status)
	require.Equal(t, http.StatusServiceUnavailable, api.call(t, http.MethodGet, "/readyz", nil, "").status)
	require.Equal(t, http.StatusOK, api.call(t, http.MethodGet, "/healthz", nil, "").status)
}

func TestLoopbackKeyIsRejectedIfNotConfigured(t *testing.T) {
	t.Parallel()

	production := serve(t, apiserver.Options{}, "")
	require.Equal(t, http.StatusUnauthorized, production.execute(t, runScenario("7", "Main", object{})).status)
}

func TestLoopbackKeyIsRejectedFromOtherMachines(t *testing.T) {
	t.Parallel()

	server := newServer(apiserver.Options{}, devKey)

	for address, status := range map[string]int{
		"127.0.0.1:1234": http.StatusNotFound, "[::1]:1234": http.StatusNotFound,
		"192.0.2.1:1234": http.StatusUnauthorized, "[2001:db8::1]:1234": http.StatusUnauthorized,
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet,
			"/api/v1/getJobStatus.jsp?apiKey="+devKey+"&appId=7&jobId=nowhere", nil)
		request.RemoteAddr, request.Host = address, "localhost"
		request.Header.Set("X-Forwarded-For", "127.0.0.1") // The header must not count.

		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, request)
		require.Equal(t, status, recorder.Code, address)
	}
}

func TestStoppingServerResponds202ToWaitingCallers(t *testing.T) {
	t.Parallel()

	appID := newApp(t, lockedApp)
	lockDatabase(t, shared.dir, appID)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	server := newServer(apiserver.Options{}, devKey)

	go func() { ended <- server.Serve(ctx, listener, time.Minute) }()

	stopping := caller{"http://" + listener.Addr().String()}
	jobID := uuid.NewString()
	waiting := stopping.startExecute(t, with(runScenario(appID, "Locked", object{}), object{"jobId": jobID}))

	require.Eventually(t, func() bool { return stopping.status(t, appID, jobID).status == http.StatusOK }, time.Minute, 10*time.Millisecond)
	stop()

	got := waiting()
	require.Equal(t, http.StatusAccepted, got.status, got.text)
	require.Equal(t, jobID, got.result(t)["jobId"])
	require.NoError(t, <-ended)

	_, err = net.Dial("tcp", listener.Addr().String())
	require.Error(t, err)
}
