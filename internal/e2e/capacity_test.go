package e2e_test

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/worker"
)

// limitedApp runs a script for each of some numbers, at the same time.
func limitedApp(limits, script string) map[string]string {
	return map[string]string{
		"app.yaml": `
sources:
  db: {kind: PgSQLSource, connStr: "${env:JOBWRIGHT_TEST_DB}", maxConnections: 40, ` + limits + `}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
		"scenarios/Main.yaml": `
steps:
  - opName: ForEach
    opParams:
      in: [1, 2, 3, 4, 5, 6, 7, 8]
      as: n
      maxConcurrency: 8
      steps:
        - {opName: RunSourceScript, opParams: {source: db, script: "` + script + `", bind: {n: "${n}"}}}
`,
	}
}

// TestSourceLimitSurvivesKills counts the statements that run in a database, while two of three workers are killed that execute
// them.
func TestSourceLimitSurvivesKills(t *testing.T) {
	t.Parallel()

	p, database := newProduction(t), testserver.PostgreSQL(t)
	p.environment = append(p.environment, "JOBWRIGHT_TEST_DB="+database)
	writeApp(t, filepath.Join(p.apps, "8"), limitedApp("maxConcurrentSteps: 2",
		"INSERT INTO marks SELECT :n FROM pg_sleep(0.3)"))

	connection, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)

	defer func() { require.NoError(t, connection.Close(t.Context())) }()

	_, err = connection.Exec(t.Context(), "CREATE TABLE marks (n integer)")
	require.NoError(t, err)

	_, api := p.apiserver(t)
	workers := []*process{p.worker(t), p.worker(t), p.worker(t)}
	jobs := []string{uuid.NewString(), uuid.NewString()}

	for _, jobID := range jobs {
		got := api.execute(t, with(runScenario("8", "Main", object{}),
			object{"apiKey": callerKey, "jobId": jobID, "isAsync": true}))
		require.Equal(t, http.StatusOK, got.status, got.text)
	}

	most, done := 0, 0

	for deadline := time.Now().Add(2 * time.Minute); done < 8*len(jobs); {
		require.True(t, time.Now().Before(deadline), "%d steps have ended", done)

		var active int
		require.NoError(t, connection.QueryRow(t.Context(), `
			SELECT (SELECT count(*) FROM pg_stat_activity
				WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()),
				(SELECT count(*) FROM marks)`).Scan(&active, &done))
		require.LessOrEqual(t, active, 2)

		most = max(most, active)

		// At the first two moments at which all slots are in use, a worker dies.
		if killed := 3 - len(workers); active == 2 && killed < 2 && done >= killed {
			workers[0].kill()
			workers = workers[1:]
		}
	}

	require.Equal(t, 2, most)
	require.Len(t, workers, 1)

	for _, jobID := range jobs {
		ended := api.call(t, http.MethodGet, "/api/v1/getJobStatus?"+jobQuery(callerKey, "8", jobID)+"&waitSeconds=60", nil, "")
		require.Equal(t, "completed", ended.result(t)["status"], ended.text)
	}

	var numbers int
	require.NoError(t, connection.QueryRow(t.Context(), "SELECT count(*) FROM marks").Scan(&numbers))
	require.Equal(t, 8*len(jobs), numbers)
}

func TestSourceLimitsStepsPerSecond(t *testing.T) {
	database := testserver.PostgreSQL(t)
	t.Setenv("JOBWRIGHT_TEST_DB", database)

	connection, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)

	defer func() { require.NoError(t, connection.Close(t.Context())) }()

	_, err = connection.Exec(t.Context(), "CREATE TABLE marks (n integer, at timestamptz DEFAULT clock_timestamp())")
	require.NoError(t, err)

	appID := newApp(t, limitedApp("maxStepsPerSecond: 2", "INSERT INTO marks (n) VALUES (:n)"))
	got := api().execute(t, with(runScenario(appID, "Main", object{}), object{"apiKey": devKey}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	// The first two steps may begin at once, and the last of eight at the earliest three seconds later.
	var (
		steps int
		took  float64
	)

	require.NoError(t, connection.QueryRow(t.Context(),
		"SELECT count(*), extract(epoch FROM max(at) - min(at)) FROM marks").Scan(&steps, &took))
	require.Equal(t, 8, steps)
	require.Greater(t, took, 2.0)
}

// TestStepWaitsForAWorkerOfItsTaskQueue starts a job whose step has a task queue of its own, and then a worker that polls it.
func TestStepWaitsForAWorkerOfItsTaskQueue(t *testing.T) {
	t.Parallel()

	queue, dir, jobID := uuid.NewString(), t.TempDir(), uuid.NewString()
	appID := newApp(t, map[string]string{
		"app.yaml": "sources: {stage: {kind: SQLiteSource, taskQueue: " + queue + "}, other: {kind: SQLiteSource}}",
		"scenarios/Main.yaml": `
steps:
  - {opName: RunSourceScript, opParams: {source: other, script: CREATE TABLE t (n INTEGER)}}
  - {opName: RunSourceScript, opParams: {source: stage, script: CREATE TABLE t (n INTEGER)}}
`,
	})

	got := api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	status := api().awaitStatus(t, appID, jobID, func(status object) bool {
		return status["steps"].([]any)[1].(object)["waitsFor"] != nil
	})
	require.Equal(t, object{"taskQueue": queue}, status["steps"].([]any)[1].(object)["waitsFor"])

	jobs := worker.New(shared.client, worker.Options{
		Apps: shared.apps, Results: shared.results, Namespace: client.DefaultNamespace, DataDir: dir, Log: slog.New(slog.DiscardHandler),
		Capacity: worker.Capacity{TaskQueues: []string{queue}},
	})
	require.NoError(t, jobs.Start())
	t.Cleanup(jobs.Stop)

	api().awaitStatus(t, appID, jobID, func(status object) bool { return status["status"] == "completed" })

	require.FileExists(t, filepath.Join(dir, "apps", appID, "stage.db"))
	require.NoFileExists(t, filepath.Join(shared.dir, "apps", appID, "stage.db"))
	require.NoFileExists(t, filepath.Join(dir, "apps", appID, "other.db"))
}
