package app_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
)

// configMap writes the files of an app as Kubernetes mounts a ConfigMap: they are in a folder of their version, the link ..data
// leads to it, and links in the mounted folder lead through ..data. A new version replaces the link ..data.
func configMap(t *testing.T, mounted, version string, files map[string]string) {
	t.Helper()

	folder := "..2026_11_30_" + version

	for name, text := range files {
		relative, err := filepath.Rel("7", name)
		require.NoError(t, err)
		write(t, filepath.Join(mounted, folder, relative), text)
	}

	next := filepath.Join(mounted, "..data_tmp")
	require.NoError(t, os.Symlink(folder, next))
	require.NoError(t, os.Rename(next, filepath.Join(mounted, "..data")))

	entries, err := os.ReadDir(filepath.Join(mounted, folder))
	require.NoError(t, err)

	for _, entry := range entries {
		link := filepath.Join(mounted, entry.Name())
		if _, err := os.Lstat(link); err != nil {
			require.NoError(t, os.Symlink(filepath.Join("..data", entry.Name()), link))
		}
	}
}

func TestAppInAConfigMapOfKubernetes(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	mounted := filepath.Join(dir, "7")
	configMap(t, mounted, "1", pinnedApp)

	apps, err := app.Open(dir, app.Options{Secrets: app.Secrets{Dir: secretsDir}})
	require.NoError(t, err)

	ids, err := apps.IDs()
	require.NoError(t, err)
	require.Equal(t, []string{"7"}, ids)

	found, err := apps.App("7")
	require.NoError(t, err)

	names, err := found.ScenarioNames()
	require.NoError(t, err)
	require.Equal(t, []string{"Inner", "Main"}, names)

	_, first := pin(t, apps)

	// The next job has the new version.
	changed := maps.Clone(pinnedApp)
	changed["7/sql/run.sql"] = "DELETE FROM b"
	changed["7/app.yaml"] = "description: new\n" + pinnedApp["7/app.yaml"]
	configMap(t, mounted, "2", changed)

	found, err = apps.App("7")
	require.NoError(t, err)
	require.Equal(t, "new", found.Description)

	_, second := pin(t, apps)
	require.Equal(t, "DELETE FROM a", first.Files["sql/run.sql"])
	require.Equal(t, "DELETE FROM b", second.Files["sql/run.sql"])
}
