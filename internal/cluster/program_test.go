package cluster_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tools are the packages of other modules with the programs of images, by the names of the programs. They are tools of go.mod,
// which determines their versions.
var tools = map[string]string{
	"temporal-server":   "go.temporal.io/server/cmd/server",
	"temporal-sql-tool": "go.temporal.io/server/cmd/tools/sql",
	"ui-server":         "github.com/temporalio/ui-server/v2/cmd/server",
}

// build builds all programs into the folder, which then is in the PATH of all processes.
func build(t *testing.T, folder string) {
	t.Helper()

	require.NoError(t, os.MkdirAll(folder, 0o750))
	run(t, "go", "build", "-o", filepath.Join(folder, "jobwright"), "github.com/jobwright/jobwright/cmd/jobwright")

	for name, tool := range tools {
		// The command go builds the tool, stores it in its cache, and prints its path.
		require.NoError(t, os.Symlink(run(t, "go", "tool", "-n", tool), filepath.Join(folder, name)))
	}
}

// run returns what a command prints.
func run(t *testing.T, command ...string) string {
	t.Helper()

	output, err := exec.CommandContext(t.Context(), command[0], command[1:]...).Output()
	require.NoError(t, err, "%s: %s", command, stderr(err))

	return strings.TrimSpace(string(output))
}

// stderr returns what a failed command has written to its standard error.
func stderr(err error) string {
	if failed, ok := err.(*exec.ExitError); ok { //nolint:errorlint // It is the error of the package exec.
		return string(failed.Stderr)
	}

	return fmt.Sprint(err)
}

// configureUI writes the configuration of the image of Temporal UI to the folder. The image's server listens at all
// addresses; this one at the loopback address only.
func configureUI(t *testing.T, folder string) {
	t.Helper()

	module := run(t, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/temporalio/ui-server/v2")
	configuration, err := os.ReadFile(filepath.Join(module, "config", "docker.yaml"))
	require.NoError(t, err)

	require.NoError(t, os.MkdirAll(filepath.Join(folder, "config"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config", "docker.yaml"), configuration, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config", "base.yaml"), []byte("host: 127.0.0.1\n"), 0o600))
}
