package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
)

// backedUpApp makes changes in two databases before and after a signal, and has a scenario with a stored result.
var backedUpApp = map[string]string{
	"app.yaml": `
sources:
  db: {kind: PgSQLSource, connStr: "${env:JOBWRIGHT_TEST_DB}"}
  stage: {kind: SQLiteSource}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}", operations: [Transform]}
`,
	"scenarios/Main.yaml": `
parameters: {name: {type: text}}
steps:
  - {opName: RunSourceScript, opParams: {source: db, script: "INSERT INTO changes VALUES (:n || ' 1')", bind: {n: "${name}"}}}
  - {opName: Transform, opParams: {source: stage, query: "SELECT :n || ' 1' AS step", bind: {n: "${name}"}, targetTable: changes, append: true}}
  - {opName: WaitForSignal, opParams: {name: continue}}
  - {opName: RunSourceScript, opParams: {source: db, script: "INSERT INTO changes VALUES (:n || ' 2')", bind: {n: "${name}"}}}
  - {opName: Transform, opParams: {source: stage, query: "SELECT :n || ' 2' AS step", bind: {n: "${name}"}, targetTable: changes, append: true}}
`,
	"scenarios/Report.yaml": `
steps:
  - opName: Transform
    opParams:
      source: stage
      query: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'a text ' || i AS text FROM n"
      returnResult: true
`,
}

// TestHowToBackUp backs a production up while a job runs, lets the job end, destroys Temporal's databases, the result store and a
// SQLite database, and restores them. The database of the other source remains, and is newer than what is restored.
func TestHowToBackUp(t *testing.T) {
	t.Parallel()

	requireProgram(t, "sqlite3")

	server, database := testserver.NewPostgreSQL(t, testserver.PostgreSQLOptions{}), testserver.PostgreSQL(t)
	temporal := startTemporalOn(t, server)

	p := newProductionOn(t, temporal)
	p.environment = append(p.environment, "JOBWRIGHT_TEST_DB="+database)
	writeApp(t, filepath.Join(p.apps, "7"), backedUpApp)

	backup := newPageRun(t, "docs/how-to/back-up.md")
	backup.addresses["/srv/jobwright/results"] = p.results
	backup.addresses["/srv/jobwright/data"] = p.dataDir
	backup.addresses["/srv/backup"] = t.TempDir()
	backup.exports = []string{
		"export PATH=" + filepath.Dir(server.Program("pg_dump")) + ":$PATH",
		"export PGHOST=127.0.0.1 PGUSER=postgres PGPORT=" + server.Port(),
	}

	db, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)

	defer func() { require.NoError(t, db.Close(t.Context())) }()

	_, err = db.Exec(t.Context(), "CREATE TABLE changes (step text)")
	require.NoError(t, err)

	apiServer, api := p.apiserver(t)
	worker := p.worker(t)

	start := func(scenario, jobID string, fields object) apiResponse {
		t.Helper()

		return api.execute(t, with(runScenario("7", scenario, fields), object{
			"apiKey": callerKey, "jobId": jobID, "isAsync": scenario == "Main",
		}))
	}
	call := func(name, jobID string, fields object) apiResponse {
		t.Helper()

		return api.post(t, name, with(object{"apiKey": callerKey, "appId": "7", "jobId": jobID}, fields))
	}
	waits := func(jobID string) func() bool {
		return func() bool { return len(asList(call("getJobStatus", jobID, object{}).result(t)["signals"])) == 1 }
	}
	sendSignal := func(jobID string) {
		t.Helper()

		got := call("signalJob", jobID, object{"signal": "continue"})
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.Equal(t, "completed", call("getJobStatus", jobID, object{"waitSeconds": 60}).result(t)["status"])
	}
	requireReport := func(jobID string) {
		t.Helper()

		got := call("getJobStatus", jobID, object{})
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.Len(t, got.result(t)["results"].([]any)[0].(object)["result"].(object)["records"], 5000)
	}

	ended, waiting, late := uuid.NewString(), uuid.NewString(), uuid.NewString()
	require.Equal(t, http.StatusOK, start("Report", ended, object{}).status)
	require.Equal(t, http.StatusOK, start("Main", waiting, object{"name": "waiting"}).status)
	await(t, waits(waiting))

	blocks := backup.shellBlocks(t)
	require.Len(t, blocks, 2, "the page backs up, and restores")
	backup.succeed(t, blocks[0].text)

	// What happens after the backup is not in it.
	sendSignal(waiting)
	require.Equal(t, http.StatusOK, start("Main", late, object{"name": "late"}).status)
	await(t, waits(late))

	worker.kill()
	apiServer.kill()
	temporal.kill()

	backup.succeed(t, "dropdb --force temporal\ndropdb --force temporal_visibility")

	for _, folder := range []string{p.results, p.dataDir} {
		require.NoError(t, os.RemoveAll(folder))
	}

	backup.succeed(t, blocks[1].text)

	restored := startTemporalOn(t, server)
	p.environment[0] = "TEMPORAL_ADDRESS=" + restored.Frontend

	setup := launch(t, p.environment, "jobwright", "setup")
	require.Equal(t, 0, setup.end(t), setup.output())

	_, api = p.apiserver(t)
	p.worker(t)

	requireReport(ended)
	requireError(t, http.StatusNotFound, "job_not_found", late, call("getJobStatus", late, object{}))

	// The job waits again. The database has its last change already, and the restored SQLite database has not.
	await(t, waits(waiting))
	sendSignal(waiting)

	rows, err := db.Query(t.Context(), "SELECT step FROM changes WHERE step LIKE 'waiting%' ORDER BY step")
	require.NoError(t, err)

	steps, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"waiting 1", "waiting 2"}, steps)

	stage := api.execute(t, object{"apiKey": callerKey, "appId": "7", "isAsync": false, "operation": object{
		"opName":   "Transform",
		"opParams": object{"source": "stage", "query": "SELECT step FROM changes ORDER BY step", "returnResult": true},
	}})
	require.Equal(t, http.StatusOK, stage.status, stage.text)
	requireResults(t, `[{"step": "waiting 1"}, {"step": "waiting 2"}]`,
		stage.result(t)["results"].([]any)[0].(object)["result"].(object)["records"])
}

// asList returns a value of JSON as a list, which is empty if the value is missing.
func asList(value any) []any {
	list, _ := value.([]any)

	return list
}

// shellBlocks returns the sh blocks of the page that are to be run.
func (r *pageRun) shellBlocks(t *testing.T) (blocks []pageBlock) {
	t.Helper()

	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(r.name)))
	require.NoError(t, err)

	for _, block := range pageBlocks(string(text)) {
		if block.language == "sh" && block.before != notRun {
			blocks = append(blocks, block)
		}
	}

	return blocks
}

// succeed runs the commands of a block, each of which has to succeed.
func (r *pageRun) succeed(t *testing.T, text string) {
	t.Helper()

	for command := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		output, err := r.shell(t, r.real(strings.TrimSpace(command))).CombinedOutput()
		require.NoError(t, err, "%s\n%s", command, output)
	}
}
