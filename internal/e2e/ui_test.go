package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

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

	// The titles stand in the timeline, beside the operation's name; the input shows them too, but not so.
	shown := []string{
		jobID, "RunScenario", "LoadTableFromSource • Load companies", "Transform • Companies of one country",
	}

	// A look may come before the page has drawn everything, on a machine that is busy.
	const patience = 2 * time.Minute

	for deadline := time.Now().Add(patience); ; {
		page := look(t, chromium, ui+"/namespaces/default/workflows/"+jobID)

		missing := slices.DeleteFunc(slices.Clone(shown), func(text string) bool { return strings.Contains(page, text) })
		if len(missing) == 0 {
			return
		}

		require.True(t, time.Now().Before(deadline), "the page does not show %q", missing)
	}
}

// look returns a page as the browser has drawn it.
func look(t *testing.T, chromium, address string) string {
	t.Helper()

	browser := exec.CommandContext(t.Context(), chromium,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--virtual-time-budget=60000",
		"--window-size=1500,1300", // A small window leaves the timeline out.
		"--dump-dom", address)

	page, err := browser.Output()
	require.NoError(t, err)

	return string(page)
}
