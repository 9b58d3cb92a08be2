package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/scenario/problem"
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

	access, err := found.Lookup("open sesame")
	require.NoError(t, err)
	require.Equal(t, "nightly", access.Name)
	require.Equal(t, []string{"empty"}, found.MissingKeys())

	_, err = found.Lookup("")
	require.ErrorIs(t, err, app.ErrUnknownKey)
}

func TestLookupReadsKeysFromFiles(t *testing.T) {
	t.Parallel()

	found := load(t, `
access:
  - {name: nightly, key: "`+keyFile(t, "open sesame\n")+`"}
  - {name: monitor, key: "`+keyFile(t, "look")+`", rights: [status]}
`, nil)

	for key, name := range map[string]string{"open sesame": "nightly", "look": "monitor"} {
		access, err := found.Lookup(key)
		require.NoError(t, err)
		require.Equal(t, name, access.Name)
	}

	require.Empty(t, found.MissingKeys())
}

func TestLookupRejectsWrongKeys(t *testing.T) {
	t.Parallel()

	reference := keyFile(t, "open sesame")
	found := load(t, `access: [{name: nightly, key: "`+reference+`"}]`, nil)

	for _, key := range []string{"", "open", "open sesame ", "OPEN SESAME", reference} {
		_, err := found.Lookup(key)
		require.ErrorIs(t, err, app.ErrUnknownKey, key)
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
		_, err := found.Lookup(key)
		require.ErrorIs(t, err, app.ErrUnknownKey, key)
	}

	require.Equal(t, []string{"missing file", "empty file", "missing variable"}, found.MissingKeys())
}

func TestLookupWithoutAccessRejectsEveryKey(t *testing.T) {
	t.Parallel()

	_, err := load(t, "description: x", nil).Lookup("")
	require.ErrorIs(t, err, app.ErrUnknownKey)
}

func TestLookupFindsTheDigestsOfMadeKeysUntilTheyExpire(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		first, second := apikey.New(), apikey.New()
		expires := time.Now().Add(time.Hour)
		found := load(t, `
access:
  - name: other
    keys: [{sha256: `+apikey.DigestOf(apikey.New()).String()+`}]
  - name: nightly
    keys:
      - {sha256: `+apikey.DigestOf(first).String()+`, expires: `+expires.Format(time.RFC3339)+`}
      - {sha256: `+apikey.DigestOf(second).String()+`}
`, nil)

		for _, key := range []string{first, second} {
			access, err := found.Lookup(key)
			require.NoError(t, err)
			require.Equal(t, "nightly", access.Name)
		}

		require.Empty(t, found.ExpiringKeys(time.Now()))
		require.Len(t, found.ExpiringKeys(expires), 1)
		time.Sleep(time.Until(expires.Truncate(time.Second))) //nolint:forbidigo // Fake time.

		_, err := found.Lookup(second)
		require.NoError(t, err)

		_, err = found.Lookup(first)
		require.EqualError(t, err, "the key expired at "+expires.UTC().Format(time.RFC3339))

		_, err = found.Lookup(second[:len(second)-1])
		require.ErrorIs(t, err, apikey.ErrMistyped)
		require.Empty(t, found.MissingKeys())
	})
}

func TestLookupIgnoresDigestsOfKeysThatCanBeGuessed(t *testing.T) {
	t.Parallel()

	found := load(t, `access: [{name: nightly, keys: [{sha256: `+apikey.DigestOf("open sesame").String()+`}]}]`, nil)

	_, err := found.Lookup("open sesame")
	require.ErrorIs(t, err, app.ErrUnknownKey)
}

func TestLookupDigestFindsReferencesAndDigests(t *testing.T) {
	t.Parallel()

	key := apikey.New()
	found := load(t, `
access:
  - {name: nightly, key: "`+keyFile(t, "open sesame")+`"}
  - {name: monitor, keys: [{sha256: `+apikey.DigestOf(key).String()+`}]}
`, nil)

	for text, name := range map[string]string{"open sesame": "nightly", key: "monitor"} {
		access, err := found.LookupDigest(func(known apikey.Digest) bool { return known == apikey.DigestOf(text) })
		require.NoError(t, err)
		require.Equal(t, name, access.Name)
	}

	_, err := found.LookupDigest(func(apikey.Digest) bool { return false })
	require.ErrorIs(t, err, app.ErrUnknownKey)
}

func TestLookupClaimsRequiresEveryClaim(t *testing.T) {
	t.Parallel()

	found := load(t, `
access:
  - {name: no claims, key: "${env:JOBWRIGHT_APP_7_TEST_NEVER_SET}"}
  - {name: builder, claims: {azp: ci, groups: jobs}}
  - {name: reader, claims: {groups: jobs}}
`, nil)

	for name, claims := range map[string]map[string]any{
		"builder": {"azp": "ci", "groups": []any{"staff", "jobs"}, "sub": "x"},
		"reader":  {"azp": "other", "groups": "jobs"},
		"":        {"azp": "ci", "groups": []any{"job", 7}},
	} {
		access, ok := found.LookupClaims(claims)
		require.Equal(t, name != "", ok, name)
		require.Equal(t, name, access.Name)
	}

	for _, claims := range []map[string]any{nil, {}, {"groups": map[string]any{"jobs": "jobs"}}, {"groups": nil}} {
		_, ok := found.LookupClaims(claims)
		require.False(t, ok)
	}
}

func TestAppReportsMistakesInAccess(t *testing.T) {
	t.Parallel()

	key := apikey.New()
	digest := apikey.DigestOf(key).String()

	_, err := catalog(t, map[string]string{"7/app.yaml": `
access:
  - {key: "${env:JOBWRIGHT_APP_7_KEY}"}
  - {name: a}
  - {name: b, key: hunter2}
  - {name: c, keys: [{sha256: ` + key + `}]}
  - {name: d, keys: [{sha256: hunter2}, {expires: 2027-01-31T00:00:00Z}, {sha256: ` + digest + `, expires: soon, rights: [stop]}]}
  - {name: e, keys: [{sha256: ` + digest + `, expires: 2027-01-31T00:00:00+01:00}]}
  - {name: f, keys: [], claims: {}}
  - {name: g, claims: {sub: 7, groups: [a]}}
`}).App("7")

	var problems problem.List
	require.ErrorAs(t, err, &problems)

	var got []string
	for _, found := range problems {
		got = append(got, found.String())
	}

	require.Equal(t, strings.Split(`
app.yaml:3:5: the access has no name; callers and logs refer to it by its name [app_invalid]
app.yaml:4:5: the access "a" needs a key, for example ${env:JOBWRIGHT_APP_7_KEY}, or keys (jobwright keys new), or claims, or nexus: true [app_invalid]
app.yaml:5:20: the key of "b" must be a reference, for example ${env:JOBWRIGHT_APP_7_KEY} [app_invalid]
app.yaml:6:31: this is a key itself, which must not be in the file; revoke it, and write its SHA-256 [app_invalid]
app.yaml:7:31: the sha256 of the key of "d" is wrong: it must have 64 hexadecimal digits [app_invalid]
app.yaml:7:41: the key of "d" needs sha256, which jobwright keys new prints [app_invalid]
app.yaml:7:158: expires must be a time such as 2027-01-31T00:00:00Z [app_invalid]
app.yaml:7:164: unknown field access[4].keys[2].rights; known are sha256, expires [app_invalid]
app.yaml:8:31: the access "d" has this key already; make another one [app_invalid]
app.yaml:9:15: the access "f" has no key in the list; jobwright keys new makes one [app_invalid]
app.yaml:9:25: the access "f" has no claims; name at least one, for example {sub: nightly} [app_invalid]
app.yaml:10:29: the claim sub must be text [app_invalid]
app.yaml:10:40: the claim groups must be text [app_invalid]`[1:], "\n"), got)
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), key)
}

func TestGrantsListedRightsOrDefaultRights(t *testing.T) {
	t.Parallel()

	for _, right := range app.Rights() {
		isSpecial := right == app.Operate || right == app.Delete
		require.Equal(t, !isSpecial, app.Access{}.Grants(right), "%s: who destroys data or sees the machines is named", right)
		require.True(t, app.Access{Rights: []app.Right{right}}.Grants(right))
		require.True(t, app.Unlimited("dev").Grants(right))
	}

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
