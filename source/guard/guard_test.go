package guard_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/guard"
)

// place creates a folder with two apps, 7 and 8, and a folder of secrets beside it.
func place(t *testing.T) (place source.Place, dir string) {
	t.Helper()

	dir = t.TempDir()
	for _, folder := range []string{
		"apps/7/scenarios", "apps/7/scripts/inner", "apps/7/data", "apps/8/scenarios", "elsewhere", "linked", "secrets/inner",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, folder), 0o750))
	}

	for _, file := range []string{"apps/7/app.yaml", "apps/7/scenarios/Main.yaml", "linked/app.yaml", "elsewhere/Shared.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte("x"), 0o600))
	}

	// 8 is configured by links, as Kubernetes mounts files.
	for link, target := range map[string]string{
		"apps/8/app.yaml": "linked/app.yaml", "apps/8/scenarios/S.yaml": "elsewhere/Shared.yaml", "seven": "apps/7",
		"apps/7/disguised": "apps/7/scenarios",
	} {
		require.NoError(t, os.Symlink(filepath.Join(dir, target), filepath.Join(dir, link)))
	}

	return source.Place{
		AppDir: filepath.Join(dir, "apps", "7"), AppsDir: filepath.Join(dir, "apps"), SecretsDir: filepath.Join(dir, "secrets"),
	}, dir
}

func TestFolderRefusesDefinitionsOfAppsAndSecrets(t *testing.T) {
	t.Parallel()

	where, dir := place(t)

	for _, test := range []struct{ name, path, message string }{
		{"the root of the file system", "/", "secrets"},
		{"a folder around the folder of apps", ".", "leads to secrets"},
		{"the folder of apps", "apps", "contains the folder of all apps"},
		{"an app", "apps/7", "is the folder of an app"},
		{"another app", "apps/8", "is the folder of an app"},
		{"an app by a detour", "apps/7/scenarios/..", "is the folder of an app"},
		{"a new app", "apps/9", "is the folder of an app"},
		{"an app in another case", "apps/7/../8/../7", "is the folder of an app"},
		{"a link to an app", "seven", "is the folder of an app"},
		{"scenarios", "apps/7/scenarios", "the definition of app 7"},
		{"scenarios of another app", "apps/8/scenarios", "the definition of app 8"},
		{"scenarios in another case", "apps/7/Scenarios", "the definition of app 7"},
		{"scripts that are missing", "apps/8/scripts", "the definition of app 8"},
		{"a folder in scripts", "apps/7/scripts/inner", "the definition of app 7"},
		{"a link to scenarios", "apps/7/disguised", "the definition of app 7"},
		{"a folder behind a link to an app", "seven/scripts", "the definition of app 7"},
		{"the folder of a linked app.yaml", "linked", "the definition of app 8"},
		{"the folder of a linked scenario", "elsewhere", "the definition of app 8"},
		{"the folder of secrets", "secrets", "leads to secrets"},
		{"a folder of secrets", "secrets/inner", "leads to secrets"},
		{"processes", "/proc/self", "leads to secrets"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			path := test.path
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}

			require.ErrorContains(t, guard.Folder(where, path), test.message)
		})
	}
}

func TestFolderPermitsOtherFolders(t *testing.T) {
	t.Parallel()

	where, dir := place(t)

	for _, path := range []string{"apps/7/data", "apps/7/files/inner", "seven/data", "scenarios", "other", "apps/8/scenarios-old"} {
		require.NoError(t, guard.Folder(where, filepath.Join(dir, path)), path)
	}
}

func TestFileRefusesDefinitionsOfApps(t *testing.T) {
	t.Parallel()

	where, dir := place(t)

	for _, path := range []string{
		"apps/7/app.yaml", "apps/9/app.yaml", "apps/7/APP.yaml", "seven/app.yaml", "linked/app.yaml", "elsewhere/Shared.yaml",
		"apps/7/scenarios/Main.yaml", "apps/7/scenarios/New.yaml", "apps/7/disguised/New.yaml", "apps/7/scripts/inner/x.sql",
	} {
		require.ErrorContains(t, guard.File(where, filepath.Join(dir, path)), "the definition of", path)
	}

	for _, path := range []string{"apps/7/stage.db", "apps/7/data/app.yaml", "stage.db", "linked/stage.db"} {
		require.NoError(t, guard.File(where, filepath.Join(dir, path)), path)
	}
}
