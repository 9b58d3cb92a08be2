package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// TestTemporalUIShowsTheJob looks at Temporal UI as an operator does, in a browser.
func TestTemporalUIShowsTheJob(t *testing.T) {
	t.Parallel()

	chromium, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no chromium on this machine")
	}

	require.NoError(t, err)

	p := dev(t, t.TempDir())
	ui := p.await(t, `Temporal UI +(http://[0-9.:]+)`)

	jobID := uuid.NewString()
	got := apiOf(t, p).execute(t, with(runScenario("7", "Main", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	// It waits, in the page's own time, until the page has loaded what it shows.
	browser := exec.CommandContext(t.Context(), chromium,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--virtual-time-budget=60000",
		"--dump-dom", ui+"/namespaces/default/workflows/"+jobID)
	page, err := browser.Output()
	require.NoError(t, err)

	for _, shown := range []string{jobID, "RunScenario", "Load companies", "Companies of one country"} {
		require.Contains(t, string(page), shown)
	}
}
