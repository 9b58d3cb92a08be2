package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// exampleApp adds a copy of the example app, with variables and tables of its own, and returns its ID.
func exampleApp(t *testing.T) string {
	t.Helper()

	id := "example-" + uuid.NewString()
	require.NoError(t, os.CopyFS(filepath.Join(shared.dir, "apps", id), os.DirFS("../../examples/apps/7")))

	return id
}

func TestExampleAppsPassTheirTests(t *testing.T) {
	t.Parallel()

	p := launch(t, nil, "jobwright", "test", "../../examples/apps")
	require.Equal(t, 0, p.end(t), p.output())
	require.Contains(t, p.output(), "Publish_test.yaml")

	p = launch(t, nil, "jobwright", "validate", "../../examples/apps")
	require.Equal(t, 0, p.end(t), p.output())
	require.Contains(t, p.output(), "4 scenarios are valid")
}

func TestExampleIncrementalLoad(t *testing.T) {
	t.Parallel()

	appID := exampleApp(t)
	first := api().execute(t, runScenario(appID, "IncrementalLoad", object{}))
	require.Equal(t, http.StatusOK, first.status, first.text)
	require.Equal(t, object{"orders": 4.0, "until": "2026-11-22T06:15:00Z"}, first.result(t)["value"])

	second := api().execute(t, runScenario(appID, "IncrementalLoad", object{}))
	require.Equal(t, object{"orders": 0.0, "until": "2026-11-22T06:15:00Z"}, second.result(t)["value"], second.text)
}

func TestExampleFanOut(t *testing.T) {
	t.Parallel()

	got := api().execute(t, runScenario(exampleApp(t), "LoadFeeds", object{}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, object{
		"loaded": 2.0, "failed": 1.0,
		"errors": []any{`source "files", table "prices.csv": there is no such file (the source is the folder "files")`},
	}, got.result(t)["value"])
}

func TestExampleApproval(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		data   object
		status int
		check  func(result object)
	}{
		"approved": {object{"approved": true}, http.StatusOK, func(result object) {
			require.Equal(t, object{"published": 2.0}, result["value"])
		}},
		"rejected": {object{"approved": false, "reason": "employees are missing"}, http.StatusUnprocessableEntity, func(result object) {
			require.Equal(t, "not_published", result["code"])
			require.Contains(t, result["message"], "not published: employees are missing")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			appID, jobID := exampleApp(t), uuid.NewString()
			wait := api().startExecute(t, with(runScenario(appID, "Publish", object{}), object{"jobId": jobID}))

			await(t, func() bool { return api().status(t, appID, jobID).status == http.StatusOK })
			api().awaitStatus(t, appID, jobID, func(result object) bool { return result["signals"] != nil })

			got := api().signal(t, object{
				"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": "approval", "data": test.data,
			})
			require.Equal(t, http.StatusOK, got.status, got.text)

			ended := wait()
			require.Equal(t, test.status, ended.status, ended.text)
			test.check(ended.result(t))
		})
	}
}
