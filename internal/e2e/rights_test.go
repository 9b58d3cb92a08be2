package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// rightsApp has an access for each kind of right. The tests play them.
var rightsApp = map[string]string{
	"app.yaml": `
sources:
  stage: {kind: SQLiteSource}
access:
  - {name: runner, key: "${env:JOBWRIGHT_APP_7_KEY}"}
  - {name: loader, key: "${env:JOBWRIGHT_APP_7_KEY}", scenarios: [Load*]}
  - {name: analyst, key: "${env:JOBWRIGHT_APP_7_KEY}", operations: [Transform, ForEach]}
  - {name: returner, key: "${env:JOBWRIGHT_APP_7_KEY}", operations: [Return], scenarios: []}
  - {name: stopper, key: "${env:JOBWRIGHT_APP_7_KEY}", rights: [stop]}
  - {name: starter, key: "${env:JOBWRIGHT_APP_7_KEY}", rights: [execute, status, signal]}
  - {name: named, key: "${env:JOBWRIGHT_APP_7_KEY}", rights: [operate, delete]}
`,
	"scenarios/Load.yaml":   "steps: [{opName: RunScenario, opParams: {scenario: Secret}}]",
	"scenarios/Secret.yaml": "steps: [{opName: Return, opParams: {value: 1}}]",
}

// executeAs executes an operation with the rights of an access of the app.
func executeAs(t *testing.T, access, appID, jobID string, operation object) apiResponse {
	t.Helper()

	body, err := json.Marshal(object{
		"apiKey": devKey, "appId": appID, "jobId": jobID, "isAsync": false, "operation": operation,
	})
	require.NoError(t, err)

	header := http.Header{"Content-Type": {"application/json"}, "Jobwright-Act-As": {access}}

	return api().call(t, http.MethodPost, "/api/v1/executeJob.jsp", header, string(body))
}

func TestKeyExecutesOnlyItsScenariosAndOperations(t *testing.T) {
	t.Parallel()

	var (
		appID     = newApp(t, rightsApp)
		run       = func(name string) object { return object{"opName": "RunScenario", "opParams": object{"scenario": name}} }
		transform = object{"opName": "Transform", "opParams": object{"source": "stage", "query": "SELECT 1 AS a", "returnValue": true}}
		script    = object{"opName": "RunSourceScript", "opParams": object{"source": "stage", "script": "CREATE TABLE t (a)"}}
		lookUp    = object{"opName": "Return", "opParams": object{"value": "$[stage]{SELECT 1}"}}
		hidden    = func(inner object) object {
			return object{"opName": "ForEach", "opParams": object{"in": []any{1}, "as": "n", "steps": []any{inner}}}
		}
	)

	for _, test := range []struct {
		name, access string
		operation    object
		denied       string // Empty if it is permitted.
	}{
		{"a scenario", "runner", run("Secret"), ""},
		{"an operation without a list", "runner", transform, `execute the operation "Transform"`},
		{"a scenario of the patterns", "loader", run("Load"), ""}, // It runs Secret, which is its author's decision.
		{"another scenario", "loader", run("Secret"), `run the scenario "Secret"`},
		{"an operation of the list", "analyst", transform, ""},
		{"another operation", "analyst", script, `execute the operation "RunSourceScript"`},
		{"another operation within one of the list", "analyst", hidden(script), `execute the operation "RunSourceScript"`},
		{"operations of the list within each other", "analyst", hidden(transform), ""},
		{"a scenario within an operation", "returner", hidden(run("Secret")), `execute the operation "ForEach"`},
		{"a scenario of a key without scenarios", "returner", run("Secret"), `run the scenario "Secret"`},
		{"a query within an operation", "returner", lookUp, `execute the operation "Transform"`},
		{"a key that may only stop", "stopper", run("Load"), `does not have the right "execute"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			got := executeAs(t, test.access, appID, uuid.NewString(), test.operation)
			if test.denied == "" {
				require.Equal(t, http.StatusOK, got.status, got.text)

				return
			}

			encoded, err := json.Marshal(test.denied)
			require.NoError(t, err)
			require.Equal(t, http.StatusForbidden, got.status, got.text)
			require.Contains(t, got.text, `"code":"forbidden"`)
			require.Contains(t, got.text, string(encoded[1:len(encoded)-1]))
		})
	}
}

func TestKeyDoesNotReadAJobThatItMayNotStart(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, rightsApp), uuid.NewString()
	secret := object{"opName": "RunScenario", "opParams": object{"scenario": "Secret"}}

	require.Equal(t, http.StatusOK, executeAs(t, "runner", appID, jobID, secret).status)

	// The same request would return the result of the first one.
	require.Equal(t, http.StatusForbidden, executeAs(t, "loader", appID, jobID, secret).status)
}

func TestKeyWithoutTheRightStopsNoJob(t *testing.T) {
	t.Parallel()

	appID := newApp(t, rightsApp)
	path := "/api/v1/stopJob.jsp?appId=" + appID + "&jobId=none"

	for access, status := range map[string]int{"starter": http.StatusForbidden, "stopper": http.StatusNotFound} {
		header := http.Header{"Authorization": {"Bearer " + devKey}, "Jobwright-Act-As": {access}}
		require.Equal(t, status, api().call(t, http.MethodGet, path, header, "").status, access)
	}
}

// Who may destroy data, or see the machines behind the API, is named: an access without a list of rights is not.
func TestDeleteAndOperateHaveToBeNamed(t *testing.T) {
	t.Parallel()

	appID := newApp(t, rightsApp)

	for _, test := range []struct{ call, right, fields string }{
		{"deleteJob", "delete", `"jobId": "none"`},
		{"getSystem", "operate", ""},
		{"checkSource", "operate", `"source": "none"`},
	} {
		for access, want := range map[string]string{
			"runner":  `does not have the right \"` + test.right + `\"`,
			"starter": `does not have the right \"` + test.right + `\"`,
			"named":   "",
		} {
			body := `{"appId": "` + appID + `"}`
			if test.fields != "" {
				body = `{"appId": "` + appID + `", ` + test.fields + `}`
			}

			got := api().call(t, http.MethodPost, "/api/v1/"+test.call, http.Header{
				"Content-Type": {"application/json"}, "Authorization": {"Bearer " + devKey}, "Jobwright-Act-As": {access},
			}, body)

			if want == "" {
				require.NotEqual(t, http.StatusForbidden, got.status, got.text)
			} else {
				require.Equal(t, http.StatusForbidden, got.status, got.text)
				require.Contains(t, got.text, want)
			}
		}
	}
}

func TestBrokenEditOfAnAppDoesNotFailCalls(t *testing.T) {
	t.Parallel()

	appID := newApp(t, rightsApp)
	operation := object{"opName": "RunScenario", "opParams": object{"scenario": "Secret"}}
	require.Equal(t, http.StatusOK, executeAs(t, "runner", appID, uuid.NewString(), operation).status)

	file := filepath.Join(shared.dir, "apps", appID, "app.yaml")
	require.NoError(t, os.WriteFile(file, []byte("sources: ["), 0o600))
	require.Equal(t, http.StatusOK, executeAs(t, "runner", appID, uuid.NewString(), operation).status)

	ready := api().call(t, http.MethodGet, "/readyz", nil, "")
	require.Equal(t, http.StatusOK, ready.status)
	require.Contains(t, ready.text, `"`+appID+`":"stale"`)

	require.NoError(t, os.WriteFile(file, []byte(rightsApp["app.yaml"]), 0o600))
	require.NotContains(t, api().call(t, http.MethodGet, "/readyz", nil, "").text, appID)
}

func TestAppThatNeverWasValidIsUnavailable(t *testing.T) {
	t.Parallel()

	appID := newApp(t, map[string]string{"app.yaml": "sources: {a: {kind: FilesSource}}"})
	path := "/api/v1/getJobStatus.jsp?jobId=x&appId=" + appID

	got := api().call(t, http.MethodGet, path, http.Header{"Authorization": {"Bearer " + callerKey}}, "")
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Contains(t, got.text, `"code":"app_invalid"`)
	require.NotContains(t, got.text, "FilesSource")
	require.NotEmpty(t, got.header.Get("Retry-After"))

	got = api().call(t, http.MethodGet, path, http.Header{"Authorization": {"Bearer " + devKey}}, "")
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Contains(t, got.text, "did you mean FileSource?")
}
