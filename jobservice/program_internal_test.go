package jobservice

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/filetest"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// TestInputOfConcurrentCalls verifies that calls which share a pinned scenario don't change it: their inputs are equal, and the
// race detector reports no write.
func TestInputOfConcurrentCalls(t *testing.T) {
	t.Parallel()

	found, err := newCatalog(t).App("7")
	require.NoError(t, err)

	input := func() string {
		call := &execution{Request: Request{
			Caller: Caller{App: found, Access: app.Access{Name: "c"}},
			Operation: jsonvalue.Object{"opName": "RunScenario", "opParams": map[string]any{
				"scenario": "Main", "parameters": map[string]any{"country": "DE"},
			}},
		}}

		input, err := call.input()
		require.NoError(t, err)

		memo, err := call.memo(input, true)
		require.NoError(t, err)
		require.NotEmpty(t, memo)

		input.Parameters["country"] = "changed" // The parameters belong to the call.

		return string(input.encoded)
	}

	first := input()
	require.Contains(t, first, `"parameters":{"amount":1`)
	require.Contains(t, first, `"program":{"entry":"Main"`)

	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() { require.Equal(t, first, input()) })
	}

	calls.Wait()
}

// newCatalog returns the app 7 with the scenario Main.
func newCatalog(tb testing.TB) *app.Catalog {
	tb.Helper()

	apps := tb.TempDir()
	filetest.Write(tb, filepath.Join(apps, "7"), map[string]string{
		"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
		"scenarios/Main.yaml": `
parameters:
  country: {type: text, default: US}
  day: {type: date, default: 2026-01-01}
  amount: {type: decimal, default: 1}
  tags: {type: json, default: []}
steps:
  - {opName: Return, opParams: {value: "${country} ${day} ${amount} ${len(tags)}"}}
`,
	})

	catalog, err := app.Open(apps, app.Options{})
	require.NoError(tb, err)

	return catalog
}
