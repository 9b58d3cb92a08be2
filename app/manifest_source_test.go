package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
)

func TestAppReportsEveryMistakeInSourcesInWordsOfItsAuthor(t *testing.T) {
	t.Parallel()

	_, err := catalog(t, map[string]string{"7/app.yaml": `
sources:
  a: {kind: FilesSource, path: files}
  b: {kind: FileSource}
  c: {kind: PgSQLSource, conStr: "postgres://db/x", pasword: x}
  d:
    kind: MySQLSource
    connStr: tcp(db:3306)/x
    password: hunter2
    user: 7
    maxConnections: many
  e: {kind: HTTPSource, url: "https://x", apiKey: {headr: X, value: hunter2}, headers: {Authorization: hunter2, Accept: 1},
    oauth2: {tokenUrl: "https://me:hunter2@x", scopes: read}, paging: {frist: 1}}
  f: {kind: AWSS3Source, bucket: , pathStyle: maybe, secretAccessKey: hunter2}
  g: stage
  h: {kind: SQLiteSource, path: [a], size: 1}
`}).App("7")

	var problems problem.List
	require.ErrorAs(t, err, &problems)

	var got []string
	for _, found := range problems {
		got = append(got, found.String())
	}

	require.Equal(t, strings.Split(`
app.yaml:3:13: there is no kind of source FilesSource; did you mean FileSource? [app_invalid]
app.yaml:4:3: the source b needs the option path [app_invalid]
app.yaml:5:3: the source c needs the option connStr [app_invalid]
app.yaml:5:26: PgSQLSource has no option conStr; did you mean connStr? [app_invalid]
app.yaml:5:53: PgSQLSource has no option pasword; did you mean password? [app_invalid]
app.yaml:9:15: sources.d.password contains a secret, which must not be in the file; write ${env:JOBWRIGHT_APP_7_D_PASSWORD} and set this variable in the environment of the workers [app_invalid]
app.yaml:10:11: sources.d.user must be text, but is the integer 7; quote it [app_invalid]
app.yaml:11:21: sources.d.maxConnections must be an integer, but is the text "many" [app_invalid]
app.yaml:12:52: HTTPSource has no option apiKey.headr; did you mean header? [app_invalid]
app.yaml:12:69: sources.e.apiKey.value contains a secret, which must not be in the file; write ${env:JOBWRIGHT_APP_7_E_VALUE} and set this variable in the environment of the workers [app_invalid]
app.yaml:12:104: sources.e.headers.Authorization contains a secret, which must not be in the file; write ${env:JOBWRIGHT_APP_7_E_AUTHORIZATION} and set this variable in the environment of the workers [app_invalid]
app.yaml:12:121: sources.e.headers.Accept must be text, but is the integer 1; quote it [app_invalid]
app.yaml:13:13: the source e needs the option oauth2.clientId [app_invalid]
app.yaml:13:24: sources.e.oauth2.tokenUrl contains a secret, which must not be in the file; write ${env:JOBWRIGHT_APP_7_E_TOKENURL} and set this variable in the environment of the workers [app_invalid]
app.yaml:13:56: sources.e.oauth2.scopes: expected a list [app_invalid]
app.yaml:13:72: HTTPSource has no option paging.frist; did you mean first? [app_invalid]
app.yaml:14:3: the source f needs the option bucket [app_invalid]
app.yaml:14:47: sources.f.pathStyle must be true or false, but is the text "maybe" [app_invalid]
app.yaml:14:71: sources.f.secretAccessKey contains a secret, which must not be in the file; write ${env:JOBWRIGHT_APP_7_F_SECRETACCESSKEY} and set this variable in the environment of the workers [app_invalid]
app.yaml:15:6: the source g must be an object with a kind and its options [app_invalid]
app.yaml:16:33: sources.h.path must be text, but is a list [app_invalid]
app.yaml:16:38: SQLiteSource has no option size; known are maxConcurrentSteps, maxConnections, maxStepsPerSecond, path, taskQueue [app_invalid]`[1:], "\n"), got)
	require.NotContains(t, err.Error(), "hunter2")
}

func TestAppRefusesPasswordsInConnectionStrings(t *testing.T) {
	t.Parallel()

	for connStr, refused := range map[string]bool{
		"postgres://me:hunter2@db/x":                      true,
		"host=db user=me password=hunter2 dbname=x":       true,
		"host=db password='hunter 2'":                     true,
		"postgres://db/x?user=me&password=hunter2":        true,
		"me:hunter2@tcp(db:3306)/x":                       true,
		"mysql://me:hunter2@db/x":                         true,
		"postgres://me@db:5432/x":                         false,
		"postgres://me:${env:JOBWRIGHT_APP_7_PW}@db/x":    false,
		"host=db password=${env:JOBWRIGHT_APP_7_PW}":      false,
		"me:${env:JOBWRIGHT_APP_7_PW}@tcp(db:3306)/x":     false,
		"tcp(db:3306)/x":                                  false,
		"me@tcp(db:3306)/x":                               false,
		"me@unix(/run/mysqld/mysqld.sock)/x":              false,
		"postgres://db:5432/x?application_name=a@b":       false,
		"host=/run/postgresql user=me dbname=x port=5432": false,
	} {
		_, err := catalog(t, map[string]string{
			"7/app.yaml": "sources: {a: {kind: PgSQLSource, connStr: \"" + connStr + "\"}}",
		}).App("7")
		if refused {
			require.ErrorContains(t, err, "sources.a.connStr contains a secret", connStr)
		} else {
			require.NoError(t, err, connStr)
		}
	}
}

func TestAppReadsOptionsOfEveryType(t *testing.T) {
	t.Parallel()

	found := load(t, `
sources:
  web:
    kind: HTTPSource
    url: https://x
    headers: {Accept: text/csv, X-Token: "a ${env:JOBWRIGHT_APP_7_TOKEN}"}
    oauth2: {tokenUrl: "https://x/token", clientId: me, clientSecret: "${env:JOBWRIGHT_APP_7_SECRET}", scopes: [read, 2026-01-01]}
    paging: {first: 0}
  lake: {kind: AWSS3Source, bucket: b, pathStyle: false}
  open: {kind: MySQLSource, connStr: "root@tcp(db)/x", password: ""}
`, nil)

	require.Equal(t, map[string]source.Definition{
		"web": {Name: "web", Kind: "HTTPSource", Options: map[string]any{
			"url":     "https://x",
			"headers": map[string]any{"Accept": "text/csv", "X-Token": "a ${env:JOBWRIGHT_APP_7_TOKEN}"},
			"oauth2": map[string]any{
				"tokenUrl": "https://x/token", "clientId": "me", "clientSecret": "${env:JOBWRIGHT_APP_7_SECRET}",
				"scopes": []any{"read", "2026-01-01"},
			},
			"paging": map[string]any{"first": int64(0)},
		}},
		"lake": {Name: "lake", Kind: "AWSS3Source", Options: map[string]any{"bucket": "b", "pathStyle": false}},
		"open": {Name: "open", Kind: "MySQLSource", Options: map[string]any{"connStr": "root@tcp(db)/x", "password": ""}},
	}, found.Sources)
}

func TestAppRefusesPathsToDefinitionsOfApps(t *testing.T) {
	t.Parallel()

	apps := catalog(t, map[string]string{
		"8/app.yaml": "description: x", "8/scenarios/Main.yaml": scenarioText, "7/scenarios/Main.yaml": scenarioText,
		"7/data/readme": "",
		"7/app.yaml":    "description: x",
	})

	found, err := apps.App("7")
	require.NoError(t, err)

	dir := filepath.Dir(found.Dir)
	require.NoError(t, os.Symlink(filepath.Join(dir, "8", "scenarios"), filepath.Join(found.Dir, "harmless")))

	for _, path := range []string{
		".", "..", "/", "scenarios", "scripts", "../8", "../8/scenarios", "../new", "harmless", found.Dir, secretsDir, "/proc",
	} {
		text := "sources:\n  files: {kind: FileSource, path: " + path + "}\n"
		_, err := catalogAt(t, dir, text).App("7")
		require.ErrorContains(t, err, "app.yaml:2:35: the source files can't be used: its path ", path)
	}

	for _, path := range []string{filepath.Join(found.Dir, "app.yaml"), filepath.Join(dir, "8", "scenarios", "Main.yaml")} {
		_, err := catalogAt(t, dir, "sources: {stage: {kind: SQLiteSource, path: "+path+"}}").App("7")
		require.ErrorContains(t, err, "the source stage can't be used: its path is ", path)
	}

	for _, path := range []string{"data", "../8/data", filepath.Join(found.Dir, "files")} {
		_, err := catalogAt(t, dir, "sources: {files: {kind: FileSource, path: "+path+"}}").App("7")
		require.NoError(t, err, path)
	}
}

// catalogAt returns a catalog over an existing folder after it has written the app.yaml of app 7.
func catalogAt(t *testing.T, dir, manifest string) *app.Catalog {
	t.Helper()

	require.NoError(t, os.WriteFile(filepath.Join(dir, "7", "app.yaml"), []byte(manifest), 0o600))

	apps, err := app.Open(dir, app.Options{Secrets: app.Secrets{Dir: secretsDir}})
	require.NoError(t, err)

	return apps
}
