package apiserver_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app/apikey"
)

// result makes a call with a key in the header, and returns its status and its result.
func (s *server) result(t *testing.T, key, call string) (status int, result map[string]any) {
	t.Helper()

	status, _, got := s.send(t, http.MethodGet, "/api/v1/"+call, http.Header{"Authorization": {"Bearer " + key}}, "")

	return status, got["result"].(map[string]any)
}

// apps calls getApps, and returns the apps by ID.
func (s *server) appsOf(t *testing.T, key string) map[string]map[string]any {
	t.Helper()

	status, result := s.result(t, key, "getApps")
	require.Equal(t, http.StatusOK, status, result)

	byID := map[string]map[string]any{}

	for _, found := range result["apps"].([]any) {
		described := found.(map[string]any)
		byID[described["id"].(string)] = described
	}

	return byID
}

func TestGetAppsReturnsTheAppsOfTheKey(t *testing.T) {
	t.Parallel()

	key, limited, expired := apikey.New(), apikey.New(), apikey.New()
	s := serve(t, map[string]string{
		"7/app.yaml": "description: Companies.\nsources: {stage: {kind: SQLiteSource}}\n" +
			"limits: {runningJobs: 3, callsPerMinute: 100, queryTimeout: 5m}\n" + accessWith("all", "", key) + allRights +
			"  - name: some\n    scenarios: [M*]\n    rights: [execute]\n    keys: [{sha256: " + apikey.DigestOf(limited).String() +
			"}]\n  - name: old\n    keys: [{sha256: " + apikey.DigestOf(expired).String() + ", expires: 2020-01-01T00:00:00Z}]\n",
		"7/scenarios/Main.yaml":   mainScenario,
		"7/scenarios/Broken.yaml": "steps: [{opName: Retrun}]",
		"8/app.yaml":              accessWith("all", "", apikey.New()),
		"9/app.yaml":              "sources: 1\n",
	}, nil)

	own := s.appsOf(t, key)
	require.Len(t, own, 1)

	app := own["7"]
	require.Equal(t, "Companies.", app["description"])
	require.Equal(t, "all", app["access"])
	require.Equal(t, []any{"execute", "status", "signal", "stop", "schedule", "query", "operate", "delete"}, app["rights"])
	require.Equal(t, map[string]any{
		"runningJobs": 3.0, "whenFull": "refuse", "callsPerMinute": 100.0, "queryTimeout": "5m0s",
	}, app["limits"])
	require.InDelta(t, 2, app["scenarios"], 0)
	require.InDelta(t, 1, app["invalid"], 0)
	require.InDelta(t, 1, app["sources"], 0)
	require.NotContains(t, app, "state")

	mistake := app["problems"].([]any)[0].(map[string]any)
	require.Equal(t, "scenarios/Broken.yaml", mistake["file"])
	require.InDelta(t, 1, mistake["line"], 0)

	// The key sees only the scenarios that it may run.
	some := s.appsOf(t, limited)["7"]
	require.Equal(t, []any{"execute"}, some["rights"])
	require.InDelta(t, 1, some["scenarios"], 0)
	require.NotContains(t, some, "problems")

	// A key of the machine is for every app, also for one without a valid revision.
	every := s.appsOf(t, "dev")
	require.Len(t, every, 3)
	require.Equal(t, "invalid", every["9"]["state"])
	require.Equal(t, "app.yaml", every["9"]["problems"].([]any)[0].(map[string]any)["file"])

	// The last valid revision is in use, and only operators see the mistakes in app.yaml.
	s.write(t, "7/app.yaml", "sources: 1\n")

	stale := s.appsOf(t, key)["7"]
	require.Equal(t, "stale", stale["state"])
	require.Len(t, stale["problems"], len(app["problems"].([]any))+1)
	require.NotContains(t, s.appsOf(t, limited)["7"], "problems")

	for _, wrong := range []string{expired, apikey.New(), ""} {
		status, result := s.result(t, wrong, "getApps")
		require.Equal(t, http.StatusUnauthorized, status, result)
	}

	for id, want := range map[string][]string{"7": {"7"}, "8": {}, "": {"7"}} {
		status, result := s.result(t, key, "getApps?appId="+id)
		require.Equal(t, http.StatusOK, status, result)

		var ids []string
		for _, found := range result["apps"].([]any) {
			ids = append(ids, found.(map[string]any)["id"].(string))
		}

		require.ElementsMatch(t, want, ids)
	}

	status, result := s.result(t, key, "getApps?appID=7")
	require.Equal(t, http.StatusBadRequest, status, result)
}

func TestGetScenarioReturnsTheFileToWhoMayRunIt(t *testing.T) {
	t.Parallel()

	key, limited := apikey.New(), apikey.New()
	text := "# ${env:JOBWRIGHT_APP_7_KEY}\nsteps:\n  - {opName: RunScenario, opParams: {scenario: Called}}\n"
	s := serve(t, map[string]string{
		"7/app.yaml": "schedules: {nightly: {scenario: Main, interval: 24h, paused: true}}\n" + accessWith("all", "", key) + allRights +
			"  - name: some\n    scenarios: [M*]\n    keys: [{sha256: " + apikey.DigestOf(limited).String() + "}]\n",
		"7/scenarios/Main.yaml":        text,
		"7/scenarios/Called.yml":       mainScenario,
		"7/scenarios/Broken.yaml":      "steps: [{opName: Retrun}]",
		"7/scenarios/Main_test.yaml":   "tests:\n  - {name: it runs, mocks: []}\n  - {name: another one, scenario: Called}\n",
		"7/scenarios/Called_test.yaml": "tests:\n  - {name: it has its own, scenarios: {Called: {steps: []}}}\n",
		"7/scenarios/Wrong_test.yaml":  "tests: [\n",
	}, nil)

	status, main := s.result(t, limited, "getScenario?appId=7&scenarioName=Main&withLineage=true")
	require.Equal(t, http.StatusOK, status, main)
	require.Equal(t, true, main["valid"])
	require.Equal(t, "scenarios/Main.yaml", main["file"])
	require.Equal(t, text, main["text"])
	require.Equal(t, []any{"Called"}, main["runs"])
	require.Equal(t, []any{"nightly"}, main["schedules"])
	require.Equal(t, []any{map[string]any{"name": "it runs", "file": "scenarios/Main_test.yaml", "line": 2.0}}, main["tests"])
	require.Equal(t, "Main", main["lineage"].(map[string]any)["scenario"])

	unread := main["unreadTests"].([]any)[0].(map[string]any)
	require.Equal(t, "scenarios/Wrong_test.yaml", unread["file"])

	status, called := s.result(t, key, "getScenario?appId=7&scenarioName=Called")
	require.Equal(t, http.StatusOK, status, called)
	require.Equal(t, "scenarios/Called.yml", called["file"])
	require.Equal(t, []any{map[string]any{"name": "another one", "file": "scenarios/Main_test.yaml", "line": 3.0}}, called["tests"])

	status, broken := s.result(t, key, "getScenario?appId=7&scenarioName=Broken")
	require.Equal(t, http.StatusOK, status, broken)
	require.Equal(t, false, broken["valid"])
	require.Equal(t, "steps: [{opName: Retrun}]", broken["text"])
	require.Len(t, broken["problems"], 1)

	status, denied := s.result(t, limited, "getScenario?appId=7&scenarioName=Called")
	require.Equal(t, http.StatusForbidden, status, denied)

	status, missing := s.result(t, key, "getScenario?appId=7&scenarioName=..%2Fapp")
	require.Equal(t, http.StatusNotFound, status, missing)
}

func TestGetSourcesReturnsNoSecret(t *testing.T) {
	t.Parallel()

	key, limited := apikey.New(), apikey.New()
	s := serve(t, map[string]string{
		"7/app.yaml": `
sources:
  stage: {kind: SQLiteSource, path: stage.db}
  erp: {kind: PgSQLSource, connStr: "postgres://app@erp/books", user: "${env:JOBWRIGHT_APP_7_USER}", maxConnections: 4}
  web:
    kind: HTTPSource
    url: https://example.com/${env:JOBWRIGHT_APP_7_PATH}
    headers: {Accept: text/csv, Authorization: "${env:JOBWRIGHT_APP_7_WEB}"}
    oauth2: {tokenUrl: "https://example.com/token", clientId: jobs, clientSecret: "${env:JOBWRIGHT_APP_7_SECRET}"}
` + accessWith("all", "", key) + allRights + "  - name: some\n    scenarios: [Read]\n    rights: [execute]\n    keys: [{sha256: " +
			apikey.DigestOf(limited).String() + "}]\n",
		"7/scenarios/Read.yaml": "steps: [{opName: Transform, opParams: {source: stage, query: SELECT a FROM t, returnResult: true}}]",
		"7/scenarios/Copy.yaml": "steps: [{opName: LoadTableFromSource, opParams: {source: erp, table: t, targetSource: stage, targetTable: t}}]",
	}, nil)

	status, all := s.result(t, key, "getSources?appId=7")
	require.Equal(t, http.StatusOK, status, s.log.String())

	sources := all["sources"].([]any)
	require.Len(t, sources, 3)

	erp, stage, web := sources[0].(map[string]any), sources[1].(map[string]any), sources[2].(map[string]any)
	require.Equal(t, "PgSQLSource", erp["kind"])
	require.Equal(t, map[string]any{"user": "${env:JOBWRIGHT_APP_7_USER}", "maxConnections": 4.0}, erp["options"])
	require.Equal(t, []any{map[string]any{"scenario": "Copy", "reads": true, "writes": false}}, erp["usedBy"])
	require.Equal(t, []any{
		map[string]any{"scenario": "Copy", "reads": false, "writes": true},
		map[string]any{"scenario": "Read", "reads": true, "writes": false},
	}, stage["usedBy"])
	require.Equal(t, map[string]any{"oauth2": map[string]any{"clientId": "jobs"}}, web["options"])
	require.Equal(t, []any{"read", "request"}, web["can"])
	require.Empty(t, web["modes"])

	_, some := s.result(t, limited, "getSources?appId=7")
	for _, source := range some["sources"].([]any) {
		require.NotContains(t, source, "options")
	}

	require.Equal(t, []any{map[string]any{"scenario": "Read", "reads": true, "writes": false}},
		some["sources"].([]any)[1].(map[string]any)["usedBy"])
}
