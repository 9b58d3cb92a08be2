package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/cli"
)

// runInit runs jobwright init, and returns its exit status and what it prints.
func runInit(arguments ...string) (status int, out, notes string) {
	var stdout, stderr bytes.Buffer

	root := command()
	root.SetArgs(append([]string{"init"}, arguments...))
	root.SetOut(&stdout)
	root.SetErr(&stderr)

	status = cli.Report(root.Execute(), "jobwright", &stderr)

	return status, stdout.String(), stderr.String()
}

func TestInitMakesAnAppThatIsValidAndPassesItsTests(t *testing.T) {
	t.Parallel()

	dir := filepath.Join(t.TempDir(), "new")
	status, out, notes := runInit(dir, "--app", "my shop")
	require.Zero(t, status, notes)
	require.Contains(t, notes, "jobwright-dev --apps "+dir+" --app 'my shop' --run Main\n")

	for _, name := range []string{"app.yaml", "files/orders.csv", "scenarios/Main.yaml", "scenarios/Main_test.yaml"} {
		require.FileExists(t, filepath.Join(dir, "my shop", filepath.FromSlash(name)))
		require.Contains(t, notes, filepath.FromSlash(name)+"\n")
	}

	status, stdout, stderr := runValidate(t, dir, false)
	require.Zero(t, status, stdout)
	require.Equal(t, "1 scenario is valid\n", stderr)

	status, stdout, stderr = runTests(t, dir, "")
	require.Zero(t, status, stdout)
	require.Equal(t, "2 tests passed\n", stderr)

	apps, err := app.Open(dir, app.Options{})
	require.NoError(t, err)

	made, err := apps.App("my shop")
	require.NoError(t, err)

	access, err := made.Lookup(strings.TrimSuffix(out, "\n"))
	require.NoError(t, err)
	require.Equal(t, "caller", access.Name)

	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)

		if !entry.IsDir() {
			text, err := os.ReadFile(filepath.Join(dir, path))
			require.NoError(t, err)
			require.NotContains(t, string(text), strings.TrimSpace(out), path)
		}

		return nil
	}))
}

func TestInitPrintsJSON(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	status, out, notes := runInit("--json", dir)
	require.Zero(t, status)
	require.Empty(t, notes)

	var made map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &made))
	require.Regexp(t, `^jw_[a-z2-7]{58}$`, made["key"])

	delete(made, "key")
	require.Equal(t, map[string]any{
		"app": "orders", "dir": filepath.Join(dir, "orders"), "caller": "caller",
		"files": []any{"app.yaml", "files/orders.csv", "scenarios/Main.yaml", "scenarios/Main_test.yaml"},
	}, made)
}

func TestInitNeverOverwrites(t *testing.T) {
	t.Parallel()

	dir := folder(t, map[string]string{"7/app.yaml": anApp})
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))

	for _, id := range []string{"7", "empty", "file"} {
		status, out, notes := runInit(dir, "--app", id)
		require.Equal(t, 2, status)
		require.Empty(t, out)
		require.Equal(t, "jobwright: "+filepath.Join(dir, id)+" exists; choose another ID with --app\n", notes)
	}

	status, _, notes := runInit(dir, "--app", "../7")
	require.Equal(t, 2, status)
	require.Contains(t, notes, `--app "../7": an app can't have this ID`)

	text, err := os.ReadFile(filepath.Join(dir, "7", "app.yaml"))
	require.NoError(t, err)
	require.Equal(t, anApp, string(text))

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3, "the command leaves no temporary folder")
}
