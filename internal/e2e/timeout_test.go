package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// Nobody hears of an attempt that timed out; how many there were is told all the same.
func TestAStepWhoseAttemptsTimeOutTellsHowManyThereWere(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(server.Close)

	appID := newApp(t, map[string]string{
		"app.yaml": "sources:\n  silent: {kind: HTTPSource, url: \"" + server.URL + "\"}\n",
		"scenarios/Main.yaml": `
steps:
  - {opName: HTTPRequest, timeout: 500ms, retry: {maximumAttempts: 2, initialInterval: 10ms}, opParams: {source: silent, path: /}}
`,
	})

	got := api().execute(t, runScenario(appID, "Main", object{}))
	require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)
	require.Equal(t, "step_timed_out", got.result(t)["code"], got.text)
	require.InEpsilon(t, 2.0, got.result(t)["attempts"], 0, got.text)
}
