package e2e_test

import (
	"net/http"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInitMakesAnAppThatRuns(t *testing.T) {
	t.Parallel()

	apps := filepath.Join(t.TempDir(), "apps")
	made := launch(t, nil, "jobwright", "init", apps)
	require.Zero(t, made.end(t), made.output())

	for _, command := range []string{"validate", "test"} {
		p := launch(t, nil, "jobwright", command, apps)
		require.Zero(t, p.end(t), p.output())
	}

	server := dev(t, t.TempDir(), "--apps", apps)
	request := with(runScenario("orders", "Main", object{"since": "2026-02-01"}), object{
		"apiKey": regexp.MustCompile(`(?m)^jw_\w+$`).FindString(made.output()),
	})
	got := apiOf(t, server).execute(t, request)
	require.Equal(t, http.StatusOK, got.status, got.text)
	requireResults(t, `[{"customer": "Ada", "orders": 1, "revenue": 3.75}, {"customer": "Grace", "orders": 1, "revenue": 8}, `+
		`{"customer": "Linus", "orders": 1, "revenue": null}]`, got.result(t)["results"].([]any)[0].(object)["result"].(object)["records"])
}
