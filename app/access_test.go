package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
)

// keyFile writes a key of app 7 to a file and returns the reference to it.
func keyFile(t *testing.T, text string) string {
	t.Helper()

	file, err := os.CreateTemp(secretsDir, "jobwright-app-7-*")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file.Name(), []byte(text), 0o600))
	require.NoError(t, file.Close())

	return "${file:" + file.Name() + "}"
}

// The environment belongs to the whole process, so this test runs alone.
func TestLookupReadsKeysFromTheEnvironment(t *testing.T) {
	t.Setenv("JOBWRIGHT_APP_7_TEST_KEY", "open sesame")
	t.Setenv("JOBWRIGHT_APP_7_TEST_EMPTY", "")

	found := load(t, `
access:
  - {name: nightly, key: "${env:JOBWRIGHT_APP_7_TEST_KEY}"}
  - {name: empty, key: "${env:JOBWRIGHT_APP_7_TEST_EMPTY}"}
`, nil)

	access, ok := found.Lookup("open sesame")
	require.True(t, ok)
	require.Equal(t, "nightly", access.Name)
	require.Equal(t, []string{"empty"}, found.MissingKeys())

	_, ok = found.Lookup("")
	require.False(t, ok)
}

func TestLookupReadsKeysFromFiles(t *testing.T) {
	t.Parallel()

	found := load(t, `
access:
  - {name: nightly, key: "`+keyFile(t, "open sesame\n")+`"}
  - {name: monitor, key: "`+keyFile(t, "look")+`", rights: [status]}
`, nil)

	for key, name := range map[string]string{"open sesame": "nightly", "look": "monitor"} {
		access, ok := found.Lookup(key)
		require.True(t, ok)
		require.Equal(t, name, access.Name)
	}

	require.Empty(t, found.MissingKeys())
}

func TestLookupRejectsWrongKeys(t *testing.T) {
	t.Parallel()

	reference := keyFile(t, "open sesame")
	found := load(t, `access: [{name: nightly, key: "`+reference+`"}]`, nil)

	for _, key := range []string{"", "open", "open sesame ", "OPEN SESAME", reference} {
		_, ok := found.Lookup(key)
		require.False(t, ok, key)
	}
}

func TestLookupRejectsMissingKeys(t *testing.T) {
	t.Parallel()

	missing := "${file:" + filepath.Join(secretsDir, "jobwright-app-7-missing") + "}"
	found := load(t, `
access:
  - {name: missing file, key: "`+missing+`"}
  - {name: empty file, key: "`+keyFile(t, " \n")+`"}
  - {name: missing variable, key: "${env:JOBWRIGHT_APP_7_TEST_NEVER_SET}"}
  - {name: found, key: "`+keyFile(t, "open sesame")+`"}
`, nil)

	for _, key := range []string{"", " \n", missing, "${env:JOBWRIGHT_APP_7_TEST_NEVER_SET}"} {
		_, ok := found.Lookup(key)
		require.False(t, ok, key)
	}

	require.Equal(t, []string{"missing file", "empty file", "missing variable"}, found.MissingKeys())
}

func TestLookupWithoutAccessRejectsEveryKey(t *testing.T) {
	t.Parallel()

	_, ok := load(t, "description: x", nil).Lookup("")
	require.False(t, ok)
}

func TestGrantsListedRightsOrAllRights(t *testing.T) {
	t.Parallel()

	require.True(t, app.Access{}.Grants(app.Execute))
	require.True(t, app.Access{}.Grants(app.Status))
	require.True(t, app.Access{}.Grants(app.Signal))

	monitor := app.Access{Rights: []app.Right{app.Status}}
	require.True(t, monitor.Grants(app.Status))
	require.False(t, monitor.Grants(app.Execute))
	require.False(t, monitor.Grants(app.Signal))
}

func TestAccessLimitsScenariosAndOperations(t *testing.T) {
	t.Parallel()

	found := load(t, `
access:
  - {name: plain, key: "${env:JOBWRIGHT_APP_7_A}"}
  - {name: loads, key: "${env:JOBWRIGHT_APP_7_B}", scenarios: [Load*, Main]}
  - {name: none, key: "${env:JOBWRIGHT_APP_7_C}", scenarios: [], operations: [Transform]}
  - {name: all, key: "${env:JOBWRIGHT_APP_7_D}", operations: ["*"]}
`, nil)
	plain, loads, none, all := found.Access[0], found.Access[1], found.Access[2], found.Access[3]

	for _, name := range []string{"Main", "LoadOrders"} {
		require.True(t, plain.MayRun(name))
		require.True(t, loads.MayRun(name))
		require.False(t, none.MayRun(name))
	}

	require.False(t, loads.MayRun("main"))
	require.False(t, loads.MayRun("Reload"))

	require.False(t, plain.MayExecute("Transform"), "without operations, a key runs scenarios only")
	require.True(t, none.MayExecute("Transform"))
	require.False(t, none.MayExecute("RunSourceScript"))
	require.True(t, all.MayExecute("RunSourceScript"))

	require.True(t, app.Unlimited("dev").MayExecute("RunSourceScript"))
	require.True(t, app.Unlimited("dev").MayRun("Main"))
	require.True(t, app.Unlimited("dev").Grants(app.Stop))
}
