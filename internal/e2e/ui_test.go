package e2e_test

import (
	"image"
	"image/draw"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTemporalUIShowsTheJob opens Temporal UI in a browser, as an operator does.
func TestTemporalUIShowsTheJob(t *testing.T) {
	t.Parallel()

	chromium, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no chromium on this machine")
	}

	require.NoError(t, err)

	apps := t.TempDir()
	require.NoError(t, os.CopyFS(apps, os.DirFS("../../examples/apps")))

	manifest := filepath.Join(apps, "7", "app.yaml")
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)

	// Temporal UI shows the titles and durations of regular activities. Of local ones, it shows the operation.
	require.NoError(t, os.WriteFile(manifest, append(text, "\nexecution: activity\n"...), 0o600))

	p := dev(t, t.TempDir(), "--apps", apps)
	ui := p.await(t, `Temporal UI +(http://[0-9.:]+)`)

	const jobID = "nightly-2026-01-31"

	got := apiOf(t, p).execute(t, with(runScenario("7", "Main", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	// The timeline shows a title beside the name of its operation; the input shows only the title.
	shown := []string{
		jobID, "RunScenario", "LoadTableFromSource • Load companies", "Transform • Companies of one country",
	}

	// On a busy machine, the browser may return before the page is complete.
	const timeout = 2 * time.Minute

	address := ui + "/namespaces/default/workflows/" + jobID

	for deadline := time.Now().Add(timeout); ; {
		page := renderedPage(t, chromium, address)

		missing := slices.DeleteFunc(slices.Clone(shown), func(text string) bool { return strings.Contains(page, text) })
		if len(missing) == 0 {
			break
		}

		require.True(t, time.Now().Before(deadline), "the page does not show %q", missing)
	}

	if *update {
		screenshot(t, chromium, address, temporalUIPicture)
	}
}

// temporalUIPicture is the picture of Temporal UI in the documentation. The test takes it anew with -update.
const temporalUIPicture = "../../docs/images/temporal-ui.png"

// renderedPage returns the DOM of a page after its scripts ran.
func renderedPage(t *testing.T, chromium, address string) string {
	t.Helper()

	page, err := browse(t, chromium, "--dump-dom", address).Output()
	require.NoError(t, err)

	return string(page)
}

// screenshot stores the upper part of a page as a PNG file.
func screenshot(t *testing.T, chromium, address, file string) {
	t.Helper()

	taken := filepath.Join(t.TempDir(), "page.png")
	require.NoError(t, browse(t, chromium, "--hide-scrollbars", "--screenshot="+taken, address).Run())

	read, err := os.Open(taken)
	require.NoError(t, err)

	defer func() { require.NoError(t, read.Close()) }()

	picture, err := png.Decode(read)
	require.NoError(t, err)

	const height = 1040 // Below it, the page is empty.

	upper := image.NewRGBA(image.Rect(0, 0, picture.Bounds().Dx(), height))
	draw.Draw(upper, upper.Bounds(), picture, image.Point{}, draw.Src)

	written, err := os.Create(file)
	require.NoError(t, err)

	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	require.NoError(t, encoder.Encode(written, upper))
	require.NoError(t, written.Close())
}

// browse returns a command that opens a page in the browser.
func browse(t *testing.T, chromium string, arguments ...string) *exec.Cmd {
	t.Helper()

	return exec.CommandContext(t.Context(), chromium, append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir=" + t.TempDir(), "--virtual-time-budget=60000",
		"--window-size=1500,1300", // A small window leaves the timeline out.
	}, arguments...)...)
}
