package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli/contexts"
)

func TestLeaveContextChangesNothingOfTheUser(t *testing.T) {
	t.Parallel()

	file, data := contexts.File{Path: filepath.Join(t.TempDir(), "jobwright", "config.yaml")}, t.TempDir()

	require.NoError(t, leaveContext(file, "127.0.0.1:8080", data, "7"))

	list, err := file.Read()
	require.NoError(t, err)
	require.Equal(t, contexts.List{Current: "dev", Contexts: map[string]contexts.Context{
		"dev": {URL: "http://127.0.0.1:8080", App: "7", KeyFile: filepath.Join(data, "key"), By: "jobwright-dev"},
	}}, *list)

	info, err := os.Stat(file.Path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	// The user chooses another current context: it remains, and dev is kept up to date.
	require.NoError(t, file.Change(func(list *contexts.List) error {
		list.Current, list.Contexts["production"] = "production", contexts.Context{URL: "https://jobs.example.org", Key: "secret"}

		return nil
	}))
	require.NoError(t, leaveContext(file, "0.0.0.0:9090", data, ""))

	list, err = file.Read()
	require.NoError(t, err)
	require.Equal(t, "production", list.Current)
	require.Equal(t, "secret", list.Contexts["production"].Key)
	require.Equal(t, "http://127.0.0.1:9090", list.Contexts["dev"].URL)
	require.Empty(t, list.Contexts["dev"].App)

	// A context dev of the user's own remains.
	own := contexts.Context{URL: "https://dev.example.org"}
	require.NoError(t, file.Change(func(list *contexts.List) error {
		list.Contexts["dev"] = own

		return nil
	}))
	require.NoError(t, leaveContext(file, "127.0.0.1:8080", data, ""))

	list, err = file.Read()
	require.NoError(t, err)
	require.Equal(t, own, list.Contexts["dev"])
}

func TestContextAppIsThatOfRun(t *testing.T) {
	t.Parallel()

	require.Equal(t, "orders", contextApp(options{app: "7"}, []string{"orders"}))
	require.Empty(t, contextApp(options{app: "7"}, []string{"7", "orders"}))
	require.Equal(t, "orders", contextApp(options{app: "orders", run: "Main"}, []string{"7", "orders"}))
}
