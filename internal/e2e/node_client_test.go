package e2e_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The TypeScript client is generated from the document of the server, compiled strictly, and does what a newcomer does.
func TestNodeClient(t *testing.T) {
	t.Parallel()
	requireProgram(t, "node")
	requireProgram(t, "npm")

	dir := t.TempDir()
	for _, name := range []string{"src", "apps"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, name), os.DirFS("../../examples/node-client/"+name)))
	}

	for _, name := range []string{"package.json", "package-lock.json", "tsconfig.json"} {
		text, err := os.ReadFile("../../examples/node-client/" + name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}

	// The app allows to call a single port of this machine.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())

	manifest := filepath.Join(dir, "apps", "shop", "app.yaml")
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(manifest, []byte(strings.Replace(string(text), ":8090/", ":"+port+"/", 1)), 0o600))

	secret := "JOBWRIGHT_APP_SHOP_WEBHOOK_SECRET=whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	server := launch(t, []string{secret}, "jobwright-dev", "--apps", filepath.Join(dir, "apps"), "--data", t.TempDir(),
		"--http", "127.0.0.1:0", "--temporal", "127.0.0.1:0", "--ui", "127.0.0.1:0")
	api := apiOf(t, server)

	var printed []byte

	for _, arguments := range [][]string{
		{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"},
		{"npm", "run", "generate"},
		{"npm", "run", "build"},
		{"node", "dist/tasks.js"},
	} {
		command := exec.CommandContext(t.Context(), arguments[0], arguments[1:]...)
		command.Dir = dir
		command.Env = append(os.Environ(), secret, "JOBWRIGHT_URL="+api.address, "RECEIVER_PORT="+port)

		printed, err = command.CombinedOutput()
		require.NoError(t, err, "%v: %s", arguments, printed)
	}

	require.Equal(t, block{"text", string(printed)}, block{"text", page(t, "examples/node-client/README.md")[1].text + "\n"})
}
