package e2e_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// logApp has jobs that end in every way: completed after a child job, failed, and stopped during a step or a wait.
var logApp = map[string]string{
	"app.yaml": `
sources:
  stage: {kind: SQLiteSource}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
  - {name: looker, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [status]}
`,
	"scenarios/Main.yaml": `
steps:
  - {opName: ForEach, opParams: {in: "${1..20}", maxConcurrency: 5, steps: [` + oneStep + `]}}
  - {opName: RunScenario, opParams: {scenario: Child}}
`,
	"scenarios/Child.yaml":   "steps:\n  - " + oneStep + "\n",
	"scenarios/Failing.yaml": "steps:\n  - {opName: Fail, opParams: {message: It failed, code: not_today}}\n",
	"scenarios/Waiting.yaml": "steps:\n  - {opName: WaitForSignal, opParams: {name: go}}\n",
	"scenarios/Long.yaml": `
steps:
  - opName: Transform
    opParams:
      source: stage
      query: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000000) SELECT max(i) AS n FROM n"
      returnValue: true
`,
}

// logLines returns the lines of a log in JSON with the message; all for an empty one.
func logLines(t *testing.T, output, message string) (lines []object) {
	t.Helper()

	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, `{"time":`) {
			continue
		}

		var fields object

		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)

		if message == "" || fields["msg"] == message {
			lines = append(lines, fields)
		}
	}

	return lines
}

// pick returns the fields of those names, as far as there are any.
func pick(line object, names ...string) object {
	picked := object{}

	for _, name := range names {
		if value, exists := line[name]; exists {
			picked[name] = value
		}
	}

	return picked
}

func TestHealthyWorkLogsNoWarning(t *testing.T) {
	t.Parallel()

	apps, data := t.TempDir(), t.TempDir()
	writeApp(t, filepath.Join(apps, "8"), logApp)

	p := dev(t, data, "--apps", apps, "--log-format", "json", "--log-level", "info")
	api := apiOf(t, p)

	completed := with(runScenario("8", "Main", object{}), object{"jobId": "completed", "apiKey": callerKey})
	require.Equal(t, http.StatusOK, api.execute(t, completed).status)

	var pollers sync.WaitGroup
	for _, scenario := range []string{"Waiting", "Long"} {
		stopping := with(runScenario("8", scenario, object{}), object{"jobId": scenario, "isAsync": true})
		require.Equal(t, http.StatusOK, api.execute(t, stopping).status)

		for range 10 {
			pollers.Go(func() { api.status(t, "8", scenario) })
		}
	}

	pollers.Wait()
	api.awaitStatus(t, "8", "Waiting", func(result object) bool { return result["signals"] != nil })
	api.awaitStatus(t, "8", "Long", func(result object) bool {
		return len(result["steps"].([]any)) > 0 && result["steps"].([]any)[0].(object)["state"] == "running"
	})

	for _, jobID := range []string{"Waiting", "Long"} {
		require.Equal(t, http.StatusOK, api.stop(t, "8", jobID).status)
		require.Equal(t, "stopped", api.awaitStatus(t, "8", jobID, ended)["status"])
	}

	p.interrupt(t)
	require.Equal(t, 0, p.end(t))

	for _, line := range logLines(t, p.output(), "") {
		require.Equal(t, "INFO", line["level"], line)
	}

	calls := logLines(t, p.output(), "call")
	require.Equal(t, object{
		"method": "POST", "path": "/api/v1/executeJob.jsp", "status": 200.0, "app": "8", "access": "caller", "jobId": "completed",
	}, pick(calls[0], "method", "path", "status", "app", "access", "jobId", "code", "error"))
	require.Contains(t, calls[0], "durationMs")

	var started, ended []object

	for _, line := range logLines(t, p.output(), "job started") {
		started = append(started, pick(line, "app", "access", "scenario", "jobId"))
	}

	for _, line := range logLines(t, p.output(), "job ended") {
		ended = append(ended, pick(line, "app", "scenario", "jobId", "status", "code"))
	}

	require.ElementsMatch(t, []object{
		// The API server's:
		{"app": "8", "scenario": "Main", "jobId": "completed", "access": "caller"},
		{"app": "8", "scenario": "Waiting", "jobId": "Waiting", "access": "*"},
		{"app": "8", "scenario": "Long", "jobId": "Long", "access": "*"},
		// The worker's:
		{"app": "8", "scenario": "Main", "jobId": "completed"},
		{"app": "8", "scenario": "Child", "jobId": "completed/2"},
		{"app": "8", "scenario": "Waiting", "jobId": "Waiting"},
		{"app": "8", "scenario": "Long", "jobId": "Long"},
	}, started)
	require.ElementsMatch(t, []object{
		{"app": "8", "jobId": "completed", "status": "completed"}, // The API server's.
		{"app": "8", "scenario": "Main", "jobId": "completed", "status": "completed"},
		{"app": "8", "scenario": "Child", "jobId": "completed/2", "status": "completed"},
		{"app": "8", "scenario": "Waiting", "jobId": "Waiting", "status": "stopped"},
		{"app": "8", "scenario": "Long", "jobId": "Long", "status": "stopped"},
	}, ended)
}

func TestLogHasRefusedAccessAndFailedJobsButNoKey(t *testing.T) {
	t.Parallel()

	apps := t.TempDir()
	writeApp(t, filepath.Join(apps, "8"), logApp)

	p := dev(t, t.TempDir(), "--apps", apps, "--log-format", "json")
	api := apiOf(t, p)
	jobID := uuid.NewString()

	failing := with(runScenario("8", "Failing", object{}), object{"jobId": jobID, "apiKey": callerKey})
	require.Equal(t, http.StatusUnprocessableEntity, api.execute(t, failing).status)
	require.Equal(t, http.StatusUnauthorized, api.execute(t, with(failing, object{"apiKey": unknownKey})).status)
	require.Equal(t, http.StatusForbidden, api.execute(t, with(failing, object{"apiKey": statusKey})).status)
	api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp?"+jobQuery(unknownKey, "8", jobID), nil, "")
	api.call(t, http.MethodGet, "/api/v1/getJobStatus;apiKey="+callerKey, nil, "")

	p.interrupt(t)
	require.Equal(t, 0, p.end(t))

	var refused []object
	for _, line := range logLines(t, p.output(), "call") {
		require.Equal(t, "WARN", line["level"], line)

		refused = append(refused, pick(line, "path", "status", "app", "access", "jobId", "code"))
	}

	require.Equal(t, []object{
		{"path": "/api/v1/executeJob.jsp", "status": 401.0, "app": "8", "jobId": jobID, "code": "unauthorized"},
		{"path": "/api/v1/executeJob.jsp", "status": 403.0, "app": "8", "access": "looker", "jobId": jobID, "code": "forbidden"},
		{"path": "/api/v1/getJobStatus.jsp", "status": 401.0, "app": "8", "jobId": jobID, "code": "unauthorized"},
	}, refused)

	for _, line := range logLines(t, p.output(), "job ended") {
		require.Equal(t, object{"level": "WARN", "jobId": jobID, "status": "completedWithError", "code": "not_today"},
			pick(line, "level", "jobId", "status", "code"))
	}

	require.Len(t, logLines(t, p.output(), "job ended"), 2, "the API server's and the worker's")

	for _, key := range []string{callerKey, statusKey, unknownKey} {
		require.NotContains(t, p.output(), key)
	}
}
