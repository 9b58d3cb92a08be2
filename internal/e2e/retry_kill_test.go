package e2e_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
)

// gatedApp makes a change in each step. The second step fails unless the country is CH. The steps after the first one wait for
// a lock.
var gatedApp = map[string]string{
	"app.yaml": `
sources:
  db: {kind: PgSQLSource, connStr: "${env:JOBWRIGHT_TEST_DB}"}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
	"scenarios/Main.yaml": `
parameters: {country: {type: text}}
steps:
  - {opName: RunSourceScript, opParams: {source: db, script: "INSERT INTO changes VALUES ('1 ' || :c)", bind: {c: "${country}"}}}
  - opName: RunSourceScript
    opParams:
      source: db
      script: |
        INSERT INTO changes VALUES ('2 ' || :c);
        LOCK TABLE second IN SHARE MODE;
        SELECT 1 / CAST(:c = 'CH' AS integer)
      bind: {c: "${country}"}
  - opName: RunSourceScript
    opParams:
      source: db
      script: |
        INSERT INTO changes VALUES ('3 ' || :c);
        LOCK TABLE third IN SHARE MODE
      bind: {c: "${country}"}
`,
}

// gate holds a lock that steps need, until it is opened.
func gate(t *testing.T, database, table string) (open func()) {
	t.Helper()

	connection, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)

	transaction, err := connection.Begin(t.Context())
	require.NoError(t, err)

	_, err = transaction.Exec(t.Context(), "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)

	return func() {
		require.NoError(t, transaction.Commit(t.Context()))
		require.NoError(t, connection.Close(t.Context()))
	}
}

// TestRetryWithParametersSurvivesKills kills the process that runs a retried job, in the step that continues a failed one and in
// the step after it. PostgreSQL learns of the death of a session only after the session's lock was released.
func TestRetryWithParametersSurvivesKills(t *testing.T) {
	t.Parallel()

	p, jobID, database := newProduction(t), uuid.NewString(), testserver.PostgreSQL(t)
	p.environment = append(p.environment, "JOBWRIGHT_TEST_DB="+database)
	writeApp(t, filepath.Join(p.apps, "8"), gatedApp)

	connection, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)

	defer func() { require.NoError(t, connection.Close(t.Context())) }()

	_, err = connection.Exec(t.Context(), "CREATE TABLE changes (step text); CREATE TABLE second (); CREATE TABLE third ()")
	require.NoError(t, err)

	server, api, _ := p.serve(t)
	request := with(runScenario("8", "Main", object{"country": "DE"}), object{"apiKey": callerKey, "jobId": jobID})
	require.Equal(t, "completedWithError", api.execute(t, request).result(t)["status"])

	openSecond, openThird := gate(t, database, "second"), gate(t, database, "third")

	got := api.post(t, "retryJob", object{
		"apiKey": callerKey, "appId": "8", "jobId": jobID, "fromStep": "failed", "parameters": object{"country": "CH"},
	})
	require.Equal(t, http.StatusOK, got.status, got.text)

	for _, next := range []struct {
		table string
		open  func()
	}{{"second", openSecond}, {"third", openThird}} {
		await(t, func() (waits bool) {
			require.NoError(t, connection.QueryRow(t.Context(),
				"SELECT EXISTS (SELECT FROM pg_locks WHERE relation = $1::regclass AND NOT granted)", next.table).Scan(&waits))

			return waits
		})
		server.kill()
		next.open()

		server, api, _ = p.serve(t)
	}

	ended := api.call(t, http.MethodGet,
		"/api/v1/getJobStatus.jsp?"+jobQuery(callerKey, "8", jobID+"~2")+"&waitSeconds=60", nil, "").result(t)
	require.Equal(t, "completed", ended["status"], ended)

	rows, err := connection.Query(t.Context(), "SELECT step FROM changes ORDER BY step")
	require.NoError(t, err)

	changes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"1 DE", "2 CH", "3 CH"}, changes)

	rows, err = connection.Query(t.Context(), "SELECT job FROM jobwright_ledger ORDER BY step")
	require.NoError(t, err)

	jobs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{jobID, jobID, jobID + "~2"}, jobs, "the failed step has the key of its first attempt")
}
