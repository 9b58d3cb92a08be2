package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Temporal limits messages to 4 MB. The activities of concurrent steps exceed this limit together.
func TestConcurrentLargeStepsFitIntoTemporalMessages(t *testing.T) {
	t.Parallel()

	const concurrency = 100

	appID := newApp(t, map[string]string{
		"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
		"scenarios/Main.yaml": fmt.Sprintf(`
parameters: {text: {type: text}}
steps:
  - opName: ForEach
    opParams:
      in: "${1..%[1]d}"
      maxConcurrency: %[1]d
      steps:
        - opName: Transform
          opParams: {source: stage, query: "SELECT length(:text) AS length", bind: {text: "${text}"}, returnValue: true}
  - {opName: Return, opParams: {value: done}}
`, concurrency),
	})

	got := api().execute(t, runScenario(appID, "Main", object{"text": strings.Repeat("x", 60_000)}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, "done", got.result(t)["value"])
}
