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

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/testserver"
)

// checkSourcesOf runs "sources check", and returns its exit status and what it prints to stdout and stderr.
func checkSourcesOf(t *testing.T, apps string, arguments ...string) (status int, stdout, stderr string) {
	t.Helper()

	var out, summary bytes.Buffer

	run := command()
	run.SetArgs(append([]string{"sources", "check", "--apps", apps, "--data", t.TempDir()}, arguments...))
	run.SetOut(&out)

	status = cli.Report(run.ExecuteContext(t.Context()), "jobwright", &summary)

	return status, out.String(), summary.String()
}

// cells returns the rows of a printed table without its header. SQLite's version is shortened.
func cells(t *testing.T, stdout string) (rows [][]string) {
	t.Helper()

	for line := range strings.Lines(stdout) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "│") {
			continue
		}

		var row []string
		for cell := range strings.SplitSeq(strings.Trim(line, "│"), "│") {
			row = append(row, regexp.MustCompile(`SQLite 3[0-9.]+`).ReplaceAllString(strings.TrimSpace(cell), "SQLite 3"))
		}

		rows = append(rows, row)
	}

	require.NotEmpty(t, rows, stdout)

	return rows[1:]
}

const (
	good = `sources:
  files: {kind: FileSource, path: files}
  stage: {kind: SQLiteSource}
`

	// Both secrets are references; one of the variables is not set.
	bad = `sources:
  files: {kind: FileSource, path: folder}
  secret: {kind: PgSQLSource, connStr: "postgres://db.example.com/db", password: "${env:JOBWRIGHT_APP_8_MISSING}"}
  warehouse: {kind: PgSQLSource, connStr: %q, password: "${file:%s}"}
`
)

func TestSourcesCheckPrintsATable(t *testing.T) {
	t.Parallel()

	apps := folder(t, map[string]string{
		"7/app.yaml": "sources: {files: {kind: FileSource, path: files}}", "7/files/a.csv": "id\n1\n", "7/files/b.csv": "id\n1\n",
	})

	status, stdout, stderr := checkSourcesOf(t, apps)
	require.Zero(t, status)
	require.Empty(t, stderr)
	require.Equal(t, `
┌─────┬────────┬────────────┬────────┬──────────────────────────────────┐
│ APP │ SOURCE │ KIND       │ STATUS │ RESULT                           │
├─────┼────────┼────────────┼────────┼──────────────────────────────────┤
│ 7   │ files  │ FileSource │ ok     │ the folder "files", with 2 files │
└─────┴────────┴────────────┴────────┴──────────────────────────────────┘
`, "\n"+stdout)
}

func TestSourcesCheckReportsTheErrorOfEachSource(t *testing.T) {
	t.Parallel()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	address := listener.Addr().String()
	require.NoError(t, listener.Close()) // The address refuses connections.

	const theSecret = "the-secret-of-the-warehouse"

	secrets := t.TempDir()
	secret := filepath.Join(secrets, "jobwright-app-8-password")
	require.NoError(t, os.WriteFile(secret, []byte(theSecret), 0o600))

	apps := folder(t, map[string]string{
		"7/app.yaml": good, "7/files/a.csv": "id\n1\n",
		"8/app.yaml": fmt.Sprintf(bad, "postgres://loader@"+address+"/db", secret),
	})

	status, stdout, stderr := checkSourcesOf(t, apps, "--secrets-dir", secrets)
	require.Equal(t, 1, status)
	require.Empty(t, stderr, "the table has the errors")
	require.NotContains(t, stdout, theSecret)
	require.Equal(t, [][]string{
		{"7", "files", "FileSource", "ok", `the folder "files", with 1 file`},
		{"7", "stage", "SQLiteSource", "ok", "SQLite 3, 0 tables"},
		{
			"8", "files", "FileSource", "failed",
			`source "files": its folder can't be opened: no such file or directory (create the folder, or correct the source's path in app.yaml)`,
		},
		{
			"8", "secret", "PgSQLSource", "failed",
			`source "secret": the options of this PgSQLSource are wrong: the environment variable JOBWRIGHT_APP_8_MISSING is not set in this worker (correct the source in app.yaml)`,
		},
		{"8", "warehouse", "PgSQLSource", "failed", `source "warehouse": PostgreSQL at ` + address + `: connection refused`},
	}, cells(t, stdout))

	// With arguments, only these apps are checked.
	status, stdout, stderr = checkSourcesOf(t, apps, "7")
	require.Zero(t, status, stderr)
	require.Len(t, cells(t, stdout), 2)
}

func TestSourcesCheckWarnsOfPrivileges(t *testing.T) {
	t.Parallel()

	address := testserver.PostgreSQL(t)

	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)

	_, err = conn.Exec(t.Context(), "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE checked LOGIN")
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))

	apps := folder(t, map[string]string{"7/app.yaml": fmt.Sprintf(`sources:
  superuser: {kind: PgSQLSource, connStr: %q}
  user: {kind: PgSQLSource, connStr: %[1]q, user: checked}
`, address)})

	status, stdout, _ := checkSourcesOf(t, apps)
	require.Zero(t, status, "a source can be used in spite of warnings")

	rows := cells(t, stdout)
	require.Len(t, rows, 4)

	for i, want := range []struct{ source, status, says string }{
		{"superuser", "ok", "0 tables"},
		{"superuser", "warning", "is a superuser: a query can run programs"},
		{"user", "ok", "0 tables"},
		{"user", "warning", `permission denied for schema public (GRANT USAGE, CREATE ON SCHEMA "public" TO checked;`},
	} {
		require.Equal(t, want.source, rows[i][1])
		require.Equal(t, want.status, rows[i][3])
		require.Contains(t, rows[i][4], want.says)
	}
}

func TestSourcesCheckTimeoutLimitsEachSource(t *testing.T) {
	t.Parallel()

	listener, err := net.Listen("tcp", "127.0.0.1:0") // It accepts connections and sends no response.
	require.NoError(t, err)

	defer func() { require.NoError(t, listener.Close()) }()

	apps := folder(t, map[string]string{
		"7/app.yaml": fmt.Sprintf("sources: {silent: {kind: PgSQLSource, connStr: %q}}", "postgres://loader@"+listener.Addr().String()+"/db"),
	})

	status, stdout, _ := checkSourcesOf(t, apps, "--timeout", "100ms")
	require.Equal(t, 1, status)
	require.Equal(t, [][]string{{"7", "silent", "PgSQLSource", "failed", "no response within 100ms"}}, cells(t, stdout))
}

func TestSourcesCheckRejectsAnUnknownApp(t *testing.T) {
	t.Parallel()

	apps := folder(t, map[string]string{"7/app.yaml": good})

	status, stdout, stderr := checkSourcesOf(t, apps, "9")
	require.Equal(t, 1, status)
	require.Empty(t, stdout)
	require.Equal(t, "jobwright: there is no app 9 in "+apps+"\n", stderr)
}
