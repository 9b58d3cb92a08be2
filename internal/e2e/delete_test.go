package e2e_test

import (
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/testserver"
)

// tracesApp leaves traces in all places: a stored result, records in the ledgers of two databases, a child job, several runs, and a
// callback that is not delivered.
var tracesApp = map[string]string{
	"app.yaml": `
sources:
  db: {kind: PgSQLSource, connStr: "${env:JOBWRIGHT_TEST_DB}"}
  stage: {kind: SQLiteSource}
callbacks: {url: "http://127.0.0.1:1/", addresses: [127.0.0.1], secrets: ["${env:JOBWRIGHT_WEBHOOK_SECRET}"]}
execution: activity
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}", operations: [Transform], rights: [execute, status, delete]}
  - {name: reader, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [status]}
`,
	"scenarios/Main.yaml": `
steps:
  - {opName: RunSourceScript, opParams: {source: db, script: "INSERT INTO changes VALUES ('main')"}}
  - {opName: RunScenario, opParams: {scenario: Child}}
  - opName: Transform
    opParams:
      source: stage
      query: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'a text ' || i AS text FROM n"
      targetTable: numbers
  - {opName: RunSourceScript, opParams: {source: db, script: "INSERT INTO changes VALUES ('main')"}}
  - {opName: Transform, opParams: {source: stage, query: "SELECT * FROM numbers", returnResult: true}}
`,
	"scenarios/Child.yaml": `
steps: [{opName: RunSourceScript, opParams: {source: db, script: "INSERT INTO changes VALUES ('child')"}}]
`,
	"scenarios/Wait.yaml": "steps: [{opName: WaitForSignal, opParams: {name: end}}]",
}

// traces counts what jobs of a production have left.
type traces struct {
	p        production
	database *pgx.Conn
	temporal client.Client
}

func newTraces(t *testing.T, p production, address, database string) *traces {
	t.Helper()

	connection, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, connection.Close(t.Context())) })

	_, err = connection.Exec(t.Context(), "CREATE TABLE changes (step text)")
	require.NoError(t, err)

	temporal, err := dial(address, slog.New(slog.DiscardHandler), func(options *client.Options) { options.Namespace = p.namespace() })
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	return &traces{p, connection, temporal}
}

// results returns the number of stored results of a job.
func (s *traces) results(t *testing.T, jobID string) (count int) {
	t.Helper()

	require.NoError(t, filepath.WalkDir(s.p.results, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.Contains(path, jobID) {
			count++
		}

		return err
	}))

	return count
}

// records returns the number of records of a job and its children in the ledger of the PostgreSQL.
func (s *traces) records(t *testing.T, jobID string) (count int) {
	t.Helper()

	require.NoError(t, s.database.QueryRow(t.Context(),
		"SELECT count(*) FROM jobwright_ledger WHERE job = $1 OR starts_with(job, $1 || '/')", jobID).Scan(&count))

	return count
}

// stageRecords returns the number of records of a job in the ledger of the SQLite database, as a job reads it.
func (s *traces) stageRecords(t *testing.T, api caller, jobID string) int {
	t.Helper()

	got := api.execute(t, object{"apiKey": callerKey, "appId": "8", "isAsync": false, "operation": object{
		"opName": "Transform", "opParams": object{
			"source": "stage", "query": "SELECT count(*) AS n FROM jobwright_ledger WHERE job = '" + jobID + "'", "returnResult": true,
		},
	}})
	require.Equal(t, http.StatusOK, got.status, got.text)

	records := got.result(t)["results"].([]any)[0].(object)["result"].(object)["records"].([]any)

	return int(records[0].(object)["n"].(float64))
}

// runs returns the IDs of the workflows of which Temporal lists runs of a job, its children and its callbacks.
func (s *traces) runs(t *testing.T, jobID string) (ids []string) {
	t.Helper()

	listed, err := s.temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
		Query: fmt.Sprintf("WorkflowId = '%s' OR WorkflowId STARTS_WITH '%[1]s/'", jobID),
	})
	require.NoError(t, err)

	for _, info := range listed.GetExecutions() {
		ids = append(ids, info.GetExecution().GetWorkflowId())
	}

	return ids
}

// requireNoTraces verifies that nothing of a job is left.
func (s *traces) requireNoTraces(t *testing.T, api caller, jobID string) {
	t.Helper()

	require.Zero(t, s.results(t, jobID))
	require.Zero(t, s.records(t, jobID))
	require.Zero(t, s.stageRecords(t, api, jobID))
	await(t, func() bool { return len(s.runs(t, jobID)) == 0 }) // The list lags a little behind.

	_, err := s.temporal.DescribeWorkflowExecution(t.Context(), jobID, "")
	require.ErrorAs(t, err, new(*serviceerror.NotFound))

	requireError(t, http.StatusNotFound, "job_not_found", "there is no job "+jobID,
		api.post(t, "getJobStatus", object{"apiKey": callerKey, "appId": "8", "jobId": jobID}))
}

// TestDeleteJobLeavesNothing deletes a job, and kills its worker meanwhile: the deletion waits for a lock of a ledger.
func TestDeleteJobLeavesNothing(t *testing.T) {
	t.Parallel()

	continuing, err := continuingSystem() // Its jobs have several runs.
	require.NoError(t, err)

	p, database := newProductionOn(t, continuing.temporal), testserver.PostgreSQL(t)
	p.environment = append(p.environment, "JOBWRIGHT_TEST_DB="+database)
	writeApp(t, filepath.Join(p.apps, "8"), tracesApp)

	left := newTraces(t, p, continuing.temporal.Frontend, database)
	_, api := p.apiserver(t)
	audits := []string{filepath.Join(t.TempDir(), "audit"), filepath.Join(t.TempDir(), "audit")}
	worker := p.worker(t, "--audit-log", audits[0])

	jobID, other, running := uuid.NewString(), uuid.NewString(), uuid.NewString()
	request := with(runScenario("8", "Main", object{}), object{"apiKey": callerKey})
	one := object{"person": "1"}

	for id, labels := range map[string]object{jobID: one, other: {"person": "2"}} {
		got := api.execute(t, with(request, object{"jobId": id, "labels": labels}))
		require.Equal(t, http.StatusOK, got.status, got.text)
	}

	got := api.execute(t, with(runScenario("8", "Wait", object{}),
		object{"apiKey": callerKey, "jobId": running, "labels": one, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	for _, id := range []string{jobID, other} {
		require.Equal(t, 1, left.results(t, id))
		require.Equal(t, 3, left.records(t, id))
		require.Equal(t, 1, left.stageRecords(t, api, id))
		await(t, func() bool { return len(left.runs(t, id)) >= 4 }) // Two runs of the job, the child, and the callback.
	}

	await(t, func() bool { return len(left.runs(t, running)) == 1 })

	del := func(fields object) apiResponse {
		t.Helper()

		return api.post(t, "deleteJob", with(object{"apiKey": callerKey, "appId": "8"}, fields))
	}

	requireError(t, http.StatusBadRequest, "request_invalid", "either a jobId, or labels", del(object{}))
	requireError(t, http.StatusBadRequest, "request_invalid", "child of another job", del(object{"jobId": jobID + "/2"}))
	requireError(t, http.StatusNotFound, "job_not_found", "there is no job none", del(object{"jobId": "none"}))
	requireError(t, http.StatusConflict, "job_not_ended", "still runs", del(object{"jobId": running}))
	requireError(t, http.StatusForbidden, "forbidden", `the right "delete"`,
		del(object{"jobId": jobID, "apiKey": statusKey}))

	planned := del(object{"labels": one, "dryRun": true})
	require.Equal(t, http.StatusOK, planned.status, planned.text)
	require.Equal(t, object{
		"jobs": []any{object{"jobId": jobID, "status": "planned"}}, "running": 1.0, "dryRun": true,
	}, planned.result(t))
	require.Equal(t, 1, left.results(t, jobID), "a dry run deletes nothing")

	// The deletion waits for the lock when its worker dies. The job can still be found.
	open := gate(t, database, "jobwright_ledger")
	started := del(object{"jobId": jobID, "waitSeconds": 0})
	require.Equal(t, http.StatusAccepted, started.status, started.text)
	require.Equal(t, object{"jobs": []any{object{"jobId": jobID, "status": "deleting"}}}, started.result(t))

	await(t, func() (waits bool) {
		require.NoError(t, left.database.QueryRow(t.Context(),
			"SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'jobwright_ledger'::regclass AND NOT granted)").Scan(&waits))

		return waits
	})
	worker.kill()
	require.NotEmpty(t, left.runs(t, jobID))
	requireError(t, http.StatusConflict, "retry_refused", "is being deleted",
		api.post(t, "retryJob", object{"apiKey": callerKey, "appId": "8", "jobId": jobID}))
	open()

	p.worker(t, "--audit-log", audits[1])

	ended := del(object{"jobId": jobID, "waitSeconds": 60})
	require.Equal(t, http.StatusOK, ended.status, ended.text)
	require.Len(t, ended.result(t)["jobs"], 1)

	deletion := ended.result(t)["jobs"].([]any)[0].(object)
	require.Equal(t, object{"jobId": jobID, "status": "deleted"}, pick(deletion, "jobId", "status"), ended.text)
	require.NotContains(t, deletion, "remaining")

	left.requireNoTraces(t, api, jobID)
	require.Equal(t, deletion, del(object{"jobId": jobID}).result(t)["jobs"].([]any)[0], "its result can be read again")

	// All of the other job is left.
	require.Equal(t, 1, left.results(t, other))
	require.Equal(t, 3, left.records(t, other))
	require.Equal(t, 1, left.stageRecords(t, api, other))
	require.GreaterOrEqual(t, len(left.runs(t, other)), 4)

	status := api.post(t, "getJobStatus", object{"apiKey": callerKey, "appId": "8", "jobId": other}).result(t)
	require.Len(t, status["results"].([]any)[0].(object)["result"].(object)["records"], 5000)

	// The worker has recorded who has deleted the job.
	text, err := os.ReadFile(audits[1])
	require.NoError(t, err)

	lines := logLines(t, string(text), "audit")
	require.Len(t, lines, 1)
	require.Equal(t, object{"call": "deleteJob", "app": "8", "access": "caller", "jobId": jobID, "outcome": "ok"},
		pick(lines[0], "call", "app", "access", "jobId", "outcome"))

	// The jobId can be used again.
	again := api.execute(t, with(request, object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, again.status, again.text)
	require.Equal(t, 3, left.records(t, jobID))

	// A source that the app no longer has is named. Of a label, only the ended jobs are deleted.
	definition := strings.Replace(tracesApp["app.yaml"], "  stage: {kind: SQLiteSource}\n", "", 1)
	writeApp(t, filepath.Join(p.apps, "8"), map[string]string{"app.yaml": definition})

	await(t, func() bool {
		return strings.Contains(api.post(t, "getSources", object{"apiKey": callerKey, "appId": "8"}).text, `"db"`) &&
			!strings.Contains(api.post(t, "getSources", object{"apiKey": callerKey, "appId": "8"}).text, `"stage"`)
	})

	labeled := del(object{"labels": object{"person": "2"}, "waitSeconds": 60})
	require.Equal(t, http.StatusOK, labeled.status, labeled.text)

	deletion = labeled.result(t)["jobs"].([]any)[0].(object)
	require.Equal(t, "deleted", deletion["status"], labeled.text)
	require.Equal(t, []any{object{"source": "stage", "reason": "app.yaml no longer has the source"}}, deletion["remaining"])
	require.Zero(t, left.results(t, other))
	require.Zero(t, left.records(t, other))
	await(t, func() bool { return len(left.runs(t, other)) == 0 })
}
