package e2e_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// queuedApp has a source with a task queue, and a scenario with a step in another one.
func queuedApp(ofSource, ofStep string) map[string]string {
	return map[string]string{
		"app.yaml": `
sources: {stage: {kind: SQLiteSource, taskQueue: ` + ofSource + `}}
access: [{name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}", rights: [execute, status, operate]}]
`,
		"scenarios/Main.yaml": `
steps:
  - {title: Make the table, opName: RunSourceScript, opParams: {source: stage, script: CREATE TABLE IF NOT EXISTS t (n INTEGER)}}
  - opName: ForEach
    opParams:
      in: [1]
      as: n
      steps:
        - {opName: RunSourceScript, taskQueue: ` + ofStep + `, opParams: {source: stage, script: INSERT INTO t VALUES (1)}}
`,
	}
}

func TestDevRunsTheStepsOfAllTaskQueues(t *testing.T) {
	t.Parallel()

	apps, first, second, third, fourth := t.TempDir(), uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString()
	writeApp(t, filepath.Join(apps, "7"), queuedApp(first, second))

	server := dev(t, t.TempDir(), "--apps", apps, "--run", "Main", "--log-level", "info")
	server.await(t, `"status": "completed"`)

	// The files change while the process runs.
	writeApp(t, filepath.Join(apps, "7"), queuedApp(third, fourth))

	got := apiOf(t, server).execute(t, with(runScenario("7", "Main", object{}), object{"apiKey": devKey}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Contains(t, server.output(), third)
	require.Contains(t, server.output(), fourth)
}

func TestServePollsTheTaskQueuesOfItsFlag(t *testing.T) {
	t.Parallel()

	p, queue := newProduction(t), uuid.NewString()
	writeApp(t, filepath.Join(p.apps, "8"), queuedApp(queue, "jobwright"))

	_, api, _ := p.serve(t)
	jobID := uuid.NewString()
	got := api.execute(t, with(runScenario("8", "Main", object{}), object{"apiKey": callerKey, "jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	user := commands{[]string{"JOBWRIGHT_URL=" + api.address, "JOBWRIGHT_KEY=" + callerKey, "JOBWRIGHT_APP=8"}}
	want := "waits for a worker: none polls the task queue " + queue

	await(t, func() bool {
		status, text := user.run(t, "status", jobID)
		require.Zero(t, status, text)

		return strings.Contains(strings.Join(strings.Fields(text), " "), want) // Lines are wrapped.
	})

	p.serve(t, "--task-queue", "jobwright,"+queue)

	ended := api.call(t, http.MethodGet, "/api/v1/getJobStatus?"+jobQuery(callerKey, "8", jobID)+"&waitSeconds=60", nil, "")
	require.Equal(t, "completed", ended.result(t)["status"], ended.text)
}
