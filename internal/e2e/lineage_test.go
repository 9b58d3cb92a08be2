package e2e_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLineagePageExamples(t *testing.T) {
	t.Parallel()

	require.Equal(t, 1, requireExamples(t, "docs/lineage.md", api()))
}

func TestGetLineageOfScenariosThatTheKeyMayRun(t *testing.T) {
	t.Parallel()

	appID := newApp(t, map[string]string{
		"app.yaml": rightsApp["app.yaml"],
		"scenarios/Load.yaml": `
steps:
  - {opName: RunScenario, opParams: {scenario: Secret}}
  - {opName: Transform, opParams: {source: stage, query: "SELECT a FROM t", targetTable: "t_${job.id}"}}`,
		"scenarios/Secret.yaml": `steps: [{opName: RunSourceScript, opParams: {source: stage, script: "CREATE TABLE t (a); DELETE FROM t"}}]`,
		"scenarios/Wrong.yaml":  "steps: [{opName: Retrun}]",
	})

	get := func(access, scenario string) apiResponse {
		return api().call(t, http.MethodGet, "/api/v1/getLineage.jsp?appId="+appID+"&apiKey="+devKey+"&scenarioName="+scenario,
			http.Header{"Jobwright-Act-As": {access}}, "")
	}

	got := get("loader", "Load")
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, false, got.result(t)["complete"])
	require.Len(t, got.result(t)["steps"], 3)
	require.Equal(t, "Secret", got.result(t)["steps"].([]any)[0].(object)["runs"])
	require.Contains(t, got.text, `"targetTable is computed when the step runs: t_${job.id}"`)

	for _, test := range []struct {
		access, scenario, code string
		status                 int
	}{
		{"loader", "Secret", "forbidden", http.StatusForbidden},
		{"stopper", "Load", "forbidden", http.StatusForbidden},
		{"runner", "Laod", "scenario_not_found", http.StatusNotFound},
		{"runner", "Wrong", "scenario_invalid", http.StatusUnprocessableEntity},
		{"runner", "", "request_invalid", http.StatusBadRequest},
	} {
		got := get(test.access, test.scenario)
		require.Equal(t, test.status, got.status, got.text)
		require.Equal(t, test.code, got.result(t)["code"], got.text)
	}
}

func TestGetLineageFollowsChangesOfFiles(t *testing.T) {
	t.Parallel()

	appID := newApp(t, map[string]string{"app.yaml": rightsApp["app.yaml"], "scenarios/Main.yaml": insertInto("first")})
	tables := func() any {
		got := api().call(t, http.MethodPost, "/api/v1/getLineage", asJSON, `{"apiKey":"dev","appId":"`+appID+`","scenarioName":"Main"}`)
		require.Equal(t, http.StatusOK, got.status, got.text)

		return got.result(t)["writes"].([]any)[0].(object)["name"]
	}

	require.Equal(t, "first", tables())
	require.Equal(t, "first", tables())
	writeApp(t, filepath.Join(shared.dir, "apps", appID), map[string]string{"scenarios/Main.yaml": insertInto("second")})
	require.Equal(t, "second", tables())
}

func insertInto(table string) string {
	return "steps: [{opName: Insert, opParams: {source: stage, table: " + table + ", records: [{a: 1}]}}]"
}
