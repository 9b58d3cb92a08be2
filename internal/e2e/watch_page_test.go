package e2e_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
)

// The programs of the guide follow a job to its end, although their first connection is lost.
func TestHowToWatchAJob(t *testing.T) {
	t.Parallel()

	for language, run := range map[string]func(t *testing.T, program string) *exec.Cmd{
		"js": func(t *testing.T, program string) *exec.Cmd {
			t.Helper()

			node, err := exec.LookPath("node")
			if err != nil {
				t.Skip("Node.js is not installed")
			}

			return exec.CommandContext(t.Context(), node, "--input-type=module", "--eval", program)
		},
		"go": func(t *testing.T, program string) *exec.Cmd {
			t.Helper()

			file := filepath.Join(t.TempDir(), "main.go")
			require.NoError(t, os.WriteFile(file, []byte(program), 0o600))

			return exec.CommandContext(t.Context(), "go", "run", file)
		},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()

			blocks := page(t, "docs/how-to/watch-a-job.md")
			at := slices.IndexFunc(blocks, func(b block) bool { return b.language == language })
			require.GreaterOrEqual(t, at, 0)

			command := run(t, blocks[at].text)
			appID, jobID, _ := startWaitingJob(t)
			server := httptest.NewServer(newServer(apiserver.Options{}, devKey))
			t.Cleanup(server.Close)

			command.Env = append(os.Environ(), "JOBWRIGHT_URL="+server.URL, "APP_ID="+appID, "JOB_ID="+jobID)
			program := start(t, command)

			program.await(t, `(running)`)
			server.CloseClientConnections()
			signalGo(t, appID, jobID)
			require.Equal(t, 0, program.end(t), program.output())

			lines := strings.Split(strings.TrimSpace(program.output()), "\n")
			require.Contains(t, lines[len(lines)-1], "completed")
		})
	}
}
