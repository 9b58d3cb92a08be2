package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// executeJob and the command validate report the same problems of a scenario.
func TestExecuteJobReportsTheProblemsOfValidate(t *testing.T) {
	t.Parallel()

	files := map[string]string{
		"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
		"scenarios/Main.yaml": `
parameters: {count: {type: integer, default: many}}
steps:
  - {opName: Waitt, opParams: {duration: 1s}}
  - {opName: Transform, opParams: {source: stagee, query: "SELECT ${cuont}", returnResult: true}}
  - {opName: RunScenario, opParams: {scenario: Mian}}
`,
	}
	appID := newApp(t, files)

	type mistake struct {
		Code    string `json:"code"`
		File    string `json:"file"`
		Line    int    `json:"line"`
		Column  int    `json:"column"`
		Message string `json:"message"`
		Hint    string `json:"hint"`
	}

	got := api().execute(t, runScenario(appID, "Main", object{}))
	require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)

	var response struct {
		Result struct {
			Problems []mistake `json:"problems"`
		} `json:"result"`
	}

	require.NoError(t, json.Unmarshal([]byte(got.text), &response))
	require.Len(t, response.Result.Problems, 5, got.text)

	command := exec.CommandContext(t.Context(), commandsDir(t)+"jobwright", "validate", "--json", filepath.Join(shared.dir, "apps", appID))
	command.Stderr = os.Stderr
	printed, err := command.Output()
	require.ErrorContains(t, err, "exit status 1")

	var validated []mistake

	require.NoError(t, json.Unmarshal(printed, &validated), string(printed))

	for i := range validated { // Paths are relative to the folder in which the command runs.
		validated[i].File = filepath.Join("scenarios", filepath.Base(validated[i].File))
	}

	require.ElementsMatch(t, validated, response.Result.Problems)
}
