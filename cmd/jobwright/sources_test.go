package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// checked is what sources check tells of apps: its status, what it prints, and what it says of it.
func checked(t *testing.T, apps string, arguments ...string) (status int, printed, said string) {
	t.Helper()

	var out, summary bytes.Buffer

	run := command()
	run.SetArgs(append([]string{"sources", "check", "--apps", apps, "--data", t.TempDir()}, arguments...))
	run.SetOut(&out)

	if err := run.ExecuteContext(t.Context()); err != nil {
		status = tell(err, &summary)
	}

	return status, out.String(), summary.String()
}

// cells are the rows of a printed table without its heading, SQLite's version being any.
func cells(t *testing.T, printed string) (rows [][]string) {
	t.Helper()

	for line := range strings.Lines(printed) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "│") {
			continue
		}

		var row []string
		for cell := range strings.SplitSeq(strings.Trim(line, "│"), "│") {
			row = append(row, regexp.MustCompile(`SQLite 3[0-9.]+`).ReplaceAllString(strings.TrimSpace(cell), "SQLite 3"))
		}

		rows = append(rows, row)
	}

	require.NotEmpty(t, rows, printed)

	return rows[1:]
}

const (
	good = `sources:
  files: {kind: FileSource, path: files}
  stage: {kind: SQLiteSource}
`

	// Both secrets are references, and one leads nowhere.
	bad = `sources:
  files: {kind: FileSource, path: folder}
  secret: {kind: PgSQLSource, connStr: "postgres://db.example.com/db", password: "${env:JOBWRIGHT_TEST_MISSING}"}
  warehouse: {kind: PgSQLSource, connStr: %q, password: "${file:%s}"}
`
)

func TestSourcesCheckPrintsATable(t *testing.T) {
	t.Parallel()

	apps := folder(t, map[string]string{
		"7/app.yaml": "sources: {files: {kind: FileSource, path: files}}", "7/files/a.csv": "id\n1\n", "7/files/b.csv": "id\n1\n",
	})

	status, printed, said := checked(t, apps)
	require.Zero(t, status)
	require.Empty(t, said)
	require.Equal(t, `
┌─────┬────────┬────────────┬────┬──────────────────────────────────┐
│ APP │ SOURCE │ KIND       │    │ WHAT IS THERE                    │
├─────┼────────┼────────────┼────┼──────────────────────────────────┤
│ 7   │ files  │ FileSource │ ok │ the folder "files", with 2 files │
└─────┴────────┴────────────┴────┴──────────────────────────────────┘
`, "\n"+printed)
}

func TestSourcesCheckTellsWhatIsWrongWithEachSource(t *testing.T) {
	t.Parallel()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	address := listener.Addr().String()
	require.NoError(t, listener.Close()) // Nobody listens there any more.

	const theSecret = "the-secret-of-the-warehouse"

	secret := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(secret, []byte(theSecret), 0o600))

	apps := folder(t, map[string]string{
		"7/app.yaml": good, "7/files/a.csv": "id\n1\n",
		"8/app.yaml": fmt.Sprintf(bad, "postgres://loader@"+address+"/db", secret),
	})

	status, printed, said := checked(t, apps)
	require.Equal(t, 1, status)
	require.Empty(t, said, "the table tells it")
	require.NotContains(t, printed, theSecret)
	require.Equal(t, [][]string{
		{"7", "files", "FileSource", "ok", `the folder "files", with 1 file`},
		{"7", "stage", "SQLiteSource", "ok", "SQLite 3, 0 tables"},
		{
			"8", "files", "FileSource", "wrong",
			`source "files": its folder can't be opened: no such file or directory (create the folder, or correct the source's path in app.yaml)`,
		},
		{
			"8", "secret", "PgSQLSource", "wrong",
			`source "secret": the options of this PgSQLSource are wrong: the environment variable JOBWRIGHT_TEST_MISSING is not set in this worker (correct the source in app.yaml)`,
		},
		{"8", "warehouse", "PgSQLSource", "wrong", `source "warehouse": PostgreSQL at ` + address + `: connection refused`},
	}, cells(t, printed))

	// Only the apps that are named are looked at.
	status, printed, said = checked(t, apps, "7")
	require.Zero(t, status, said)
	require.Len(t, cells(t, printed), 2)
}

func TestSourcesCheckWaitsNoLongerThanItIsTold(t *testing.T) {
	t.Parallel()

	listener, err := net.Listen("tcp", "127.0.0.1:0") // Connections are taken, and nothing is answered.
	require.NoError(t, err)

	defer func() { require.NoError(t, listener.Close()) }()

	apps := folder(t, map[string]string{
		"7/app.yaml": fmt.Sprintf("sources: {silent: {kind: PgSQLSource, connStr: %q}}", "postgres://loader@"+listener.Addr().String()+"/db"),
	})

	status, printed, _ := checked(t, apps, "--timeout", "100ms")
	require.Equal(t, 1, status)
	require.Equal(t, [][]string{{"7", "silent", "PgSQLSource", "wrong", "it did not answer within 100ms"}}, cells(t, printed))
}

func TestSourcesCheckOfAnAppThatIsNotThere(t *testing.T) {
	t.Parallel()

	apps := folder(t, map[string]string{"7/app.yaml": good})

	status, printed, said := checked(t, apps, "9")
	require.Equal(t, 1, status)
	require.Empty(t, printed)
	require.Equal(t, "jobwright: there is no app 9 in "+apps+"\n", said)
}
