package e2e_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// exampleRequest is the body of the example in the API's documentation, character for character.
const exampleRequest = `{"apiKey":"dev","appId":"7","operation":{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {}}}}`

// exampleResults are the results of the example in the documented format. The native types are those of SQLite.
const exampleResults = `[{
	"name": "companies",
	"result": {
		"schema": [
			{
				"name": "id", "updateable": false,
				"type": {"name": "TEXT", "typeStr": "TEXT", "precision": -1, "scale": 0},
				"typeStandard": {"name": "text", "typeStr": "text"}
			},
			{
				"name": "company_name", "updateable": false,
				"type": {"name": "TEXT", "typeStr": "TEXT", "precision": -1, "scale": 0},
				"typeStandard": {"name": "text", "typeStr": "text"}
			}
		],
		"records": [{"id": "1", "company_name": "IBM"}, {"id": "2", "company_name": "Microsoft"}]
	}
}]`

var asJSON = http.Header{"Content-Type": {"application/json"}}

func TestAPIExampleAsync(t *testing.T) {
	t.Parallel()

	started := api().call(t, http.MethodPost, "/api/v1/executeJob.jsp", asJSON, exampleRequest)
	require.Equal(t, http.StatusOK, started.status, started.text)
	require.Equal(t, "success", started.body["status"])
	require.Len(t, started.result(t), 1)

	jobID, _ := started.result(t)["jobId"].(string)
	require.NoError(t, uuid.Validate(jobID))

	result := api().awaitStatus(t, "7", jobID, ended)
	require.Equal(t, "completed", result["status"])
	requireResults(t, exampleResults, result["results"])

	steps, _ := result["steps"].([]any)
	require.Len(t, steps, 2)
	require.Equal(t, "Load companies", steps[0].(object)["title"])
	require.InDelta(t, 7, steps[0].(object)["rows"], 0)
	require.InDelta(t, 2, steps[1].(object)["rows"], 0)
}

func TestAPIExampleSync(t *testing.T) {
	t.Parallel()

	var request object
	require.NoError(t, json.Unmarshal([]byte(exampleRequest), &request))

	got := api().execute(t, with(request, object{"isAsync": false}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, "success", got.body["status"])
	require.Len(t, got.body, 2)
	requireResults(t, exampleResults, got.result(t)["results"])
}

func TestNoResultSchemaLeavesOutTheSchema(t *testing.T) {
	t.Parallel()

	got := api().execute(t, with(runScenario("7", "Main", object{}), object{"noResultSchema": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	requireResults(t, `[{"name": "companies", "result": {
		"records": [{"id": "1", "company_name": "IBM"}, {"id": "2", "company_name": "Microsoft"}]}}]`,
		got.result(t)["results"])
}

func requireResults(t *testing.T, want string, got any) {
	t.Helper()

	encoded, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, want, string(encoded))
}
