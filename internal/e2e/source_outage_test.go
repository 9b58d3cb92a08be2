package e2e_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Jobs of one app use a source that is unreachable and a source that accepts requests and sends no response. Meanwhile, a job
// of another app runs.
func TestSourceOutageDelaysOnlyItsOwnJobs(t *testing.T) {
	t.Parallel()

	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(func() {
		hanging.CloseClientConnections()
		hanging.Close()
	})

	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())

	appID := newApp(t, map[string]string{
		"app.yaml": "sources:\n" +
			"  hanging: {kind: HTTPSource, url: \"" + hanging.URL + "\"}\n" +
			"  unreachable: {kind: PgSQLSource, connStr: \"postgres://user@" + closed.Addr().String() + "/x?sslmode=disable\"}\n",
		"scenarios/Hang.yaml": "steps:\n  - {opName: HTTPRequest, opParams: {source: hanging, path: /}}\n",
		"scenarios/Fail.yaml": "steps:\n  - {opName: RunSourceScript, opParams: {source: unreachable, script: SELECT 1}}\n",
	})

	var waiting []string

	for range 20 {
		for _, scenario := range []string{"Hang", "Fail"} {
			jobID := scenario + "-" + uuid.NewString()
			waiting = append(waiting, jobID)

			request := with(runScenario(appID, scenario, object{}), object{"jobId": jobID, "isAsync": true})
			require.Equal(t, http.StatusOK, api().execute(t, request).status)
		}
	}

	for _, jobID := range waiting {
		api().awaitStatus(t, appID, jobID, func(result object) bool {
			steps := result["steps"].([]any)

			return len(steps) == 1 && steps[0].(object)["attempt"] != nil
		})
	}

	// The time is too short for the timeouts of the hanging steps.
	other := api().execute(t, with(runScenario("7", "Main", object{}), object{"waitSeconds": 30}))
	require.Equal(t, http.StatusOK, other.status, other.text)

	for _, jobID := range waiting {
		require.Equal(t, "running", api().status(t, appID, jobID).result(t)["status"])
		requireStop(t, object{"jobId": jobID, "status": "stop started"}, api().stop(t, appID, jobID))
	}

	for _, jobID := range waiting {
		require.Equal(t, "stopped", api().awaitStatus(t, appID, jobID, ended)["status"])
	}
}
