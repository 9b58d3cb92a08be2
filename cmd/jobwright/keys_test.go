package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/apikey"
)

// runKeysNew runs jobwright keys new, and returns what it prints.
func runKeysNew(arguments ...string) (out, lines string, err error) {
	var stdout, stderr bytes.Buffer

	root := command()
	root.SetArgs(append([]string{"keys", "new"}, arguments...))
	root.SetOut(&stdout)
	root.SetErr(&stderr)

	err = root.Execute()

	return stdout.String(), stderr.String(), err
}

func TestKeysNewPrintsAKeyThatItsLinesAccept(t *testing.T) {
	t.Parallel()

	for name, row := range map[string]struct {
		arguments []string
		access    string
		rights    []app.Right
		days      int
	}{
		"defaults": {nil, "caller", nil, 365},
		"a name":   {[]string{"nightly: load #1"}, "nightly: load #1", nil, 365},
		"all flags": {
			[]string{"monitor", "--rights", "status,stop", "--days", "90"}, "monitor", []app.Right{app.Status, app.Stop}, 90,
		},
		"never": {[]string{"--days=0"}, "caller", nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			out, printed, err := runKeysNew(row.arguments...)
			require.NoError(t, err)

			key := strings.TrimSuffix(out, "\n")
			isMade, err := apikey.Check(key)
			require.NoError(t, err)
			require.True(t, isMade, "the standard output has the key alone")
			require.NotContains(t, printed, key)

			_, lines, found := strings.Cut(printed, "in app.yaml:\n\n")
			require.True(t, found, printed)

			dir := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(dir, "7"), 0o750))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "7", "app.yaml"), []byte("access:\n"+lines), 0o600))

			apps, err := app.Open(dir, app.Options{})
			require.NoError(t, err)

			of, err := apps.App("7")
			require.NoError(t, err)

			access, err := of.Lookup(key)
			require.NoError(t, err)
			require.Equal(t, row.access, access.Name)
			require.Equal(t, row.rights, access.Rights)

			if row.days == 0 {
				require.Zero(t, access.Keys[0].Expires)
			} else {
				require.WithinDuration(t, time.Now().AddDate(0, 0, row.days), access.Keys[0].Expires, time.Minute)
			}
		})
	}
}

func TestKeysNewRefusesWhatAppYAMLWouldRefuse(t *testing.T) {
	t.Parallel()

	for want, arguments := range map[string][]string{
		`an access can't have the name "*"`:                     {"*"},
		`an access can't have the name ""`:                      {""},
		"--rights: unknown right excute; did you mean execute?": {"--rights", "excute"},
		"--days must not be negative, but is -1":                {"--days", "-1"},
		"accepts at most 1 arg(s), received 2":                  {"nightly", "load"},
	} {
		out, _, err := runKeysNew(arguments...)
		require.EqualError(t, err, want)
		require.Empty(t, out)
	}
}
