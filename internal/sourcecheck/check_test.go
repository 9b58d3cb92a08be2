package sourcecheck_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/sourcecheck"
	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/file"
	"github.com/jobwright/jobwright/source/kind"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/sqlite"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// app has a source of files and a database, db.
type app struct {
	sourcecheck.App

	definitions map[string]source.Definition
	place       source.Place
	environment validation.Environment
	scripts     map[string]string
}

func newApp(t *testing.T, database string) *app {
	t.Helper()

	folder := t.TempDir()
	options := map[string]any{}

	switch database {
	case kind.PgSQLSource:
		options["connStr"] = testserver.PostgreSQL(t)
	case kind.MySQLSource:
		options["connStr"] = testserver.MariaDB(t)
	}

	a := &app{
		place: source.Place{AppDir: folder, DataDir: t.TempDir()},
		definitions: map[string]source.Definition{
			"db":    {Name: "db", Kind: database, Options: options},
			"files": {Name: "files", Kind: kind.FileSource, Options: map[string]any{"path": folder}},
		},
		environment: validation.Environment{
			Sources: []string{"db", "files"}, Kinds: map[string]string{"db": database, "files": kind.FileSource},
		},
	}
	a.App = sourcecheck.App{
		Kinds: a.environment.Kinds, Timeout: time.Minute, Open: a.open,
		ReadFile: func(path string) (string, error) { return a.scripts[path], nil },
	}

	require.NoError(t, os.WriteFile(filepath.Join(folder, "people.csv"), []byte("id,name,city\n1,a,b\n"), 0o600))

	opened, err := a.open(t.Context(), "db")
	require.NoError(t, err)

	_, err = opened.(source.Executor).Execute(t.Context(), source.Script{
		Text: "CREATE TABLE people (id integer, name varchar(20)); INSERT INTO people VALUES (1, 'a')",
	})
	require.NoError(t, err)
	require.NoError(t, opened.Close())

	return a
}

func (a *app) open(ctx context.Context, name string) (source.Source, error) {
	drivers := source.Drivers{
		kind.PgSQLSource: postgres.Open, kind.MySQLSource: mysql.Open, kind.SQLiteSource: sqlite.Open, kind.FileSource: file.Open,
	}

	return drivers.Open(ctx, a.definitions[name], a.place)
}

// check checks a scenario with the steps, each of which is a line. It returns the problems and what was not checked, as lines.
func (a *app) check(t *testing.T, steps ...string) (problems, unchecked []string) {
	t.Helper()

	document, err := validation.Parse("Main.yaml", []byte("steps:\n- {opName: "+strings.Join(steps, "}\n- {opName: ")+"}\n"), a.environment)
	require.NoError(t, err)

	a.Documents = []validation.Document{document}
	report := sourcecheck.Check(t.Context(), a.App, func(validation.Document) bool { return true })

	lines := func(list problem.List) (lines []string) {
		for _, found := range list {
			_, field, _ := strings.Cut(found.Path, "opParams.")
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d %s: %s %s", found.Line, field, found.Message, found.Code)))
		}

		return lines
	}

	return lines(report.Problems), lines(report.Unchecked)
}

// eachDatabase runs a test with each kind of database.
func eachDatabase(t *testing.T, do func(t *testing.T, a *app, database string)) {
	t.Helper()

	for _, database := range []string{kind.SQLiteSource, kind.PgSQLSource, kind.MySQLSource} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			do(t, newApp(t, database), database)
		})
	}
}

//nolint:misspell // The scenarios misspell names.
func TestCheckReportsMissingTablesAndColumns(t *testing.T) {
	t.Parallel()

	eachDatabase(t, func(t *testing.T, a *app, database string) {
		t.Helper()

		a.scripts = map[string]string{"a.sql": "DELETE FROM people;\n\nDELETE FROM peopel WHERE id = :id"}

		problems, unchecked := a.check(t,
			`Transform, opParams: {source: db, query: "SELECT id, nmae FROM people WHERE id > ${1 + 1}", returnResult: true}`,
			`Transform, opParams: {source: db, query: "SELECT * FROM peopel WHERE id = :id", bind: {id: 1}, returnResult: true}`,
			`ForEach, opParams: {source: db, query: SELECT FROM WHERE, steps: [{opName: Return}]}`,
			`Return, condition: "${1 > 2}", opParams: {value: "$[db]{SELECT name FROM cities WHERE id = ${job.id}}"}`,
			`RunSourceScript, opParams: {source: db, script: "DELETE FROM people; UPDATE people SET age = 1"}`,
			`RunSourceScript, opParams: {source: db, scriptFile: a.sql, bind: {id: 7}}`,
			`Insert, opParams: {source: db, table: peopel, records: [{id: 1}]}`,
			`Insert, opParams: {source: db, table: people, records: [{id: 1, age: 2}]}`,
			`LoadTableFromSource, opParams: {source: db, table: peopel, targetSource: files, targetTable: out.csv}`,
			`LoadTableFromSource, opParams: {source: db, table: people, targetSource: files, targetTable: out.csv, columns: [id, age]}`,
			`LoadTableFromSource, opParams: {source: files, table: people.csv, targetSource: db, targetTable: people, append: true}`,
			`LoadTableFromSource, opParams: {source: files, table: people.csv, targetSource: db, targetTable: t, columnTypes: {age: integer}}`,
		)
		require.Empty(t, unchecked)

		for i, want := range []string{
			"2 query: db refuses it: .*nmae.* query_refused",
			"3 query: db has no table .*peopel table_missing",
			"4 query: db refuses it: .* query_refused",
			"5 value: db has no table .*cities table_missing",
			"6 script: statement in line 1: db refuses it: .*age.* query_refused",
			"7 scriptFile: a.sql:3: db has no table .*peopel table_missing",
			"8 table: db has no table peopel table_missing",
			`9 table: db, table people: the table has no column "age"; its columns are id, name column_missing`,
			"10 table: db has no table peopel table_missing",
			`11 columns: columns names the column "age", which the table does not have; its columns are id, name column_missing`,
			`12 targetTable: db, table people: the table has no column "city"; its columns are id, name column_missing`,
			`13 columnTypes: columnTypes names the column "age", which the table does not have; its columns are id, name, city column_missing`,
		} {
			require.Greater(t, len(problems), i, problems)
			require.Regexp(t, "^"+want+"$", problems[i])
		}

		require.Len(t, problems, 12, problems)

		// MySQL reports the columns of a query only when it runs.
		problems, _ = a.check(t,
			`Insert, opParams: {source: db, table: people, query: "SELECT 1 AS id, 2 AS age"}`,
			`Transform, opParams: {source: db, query: "SELECT 1 AS id, 2 AS age", targetTable: people, upsert: [id]}`,
		)
		require.Len(t, problems, map[bool]int{false: 2, true: 0}[database == kind.MySQLSource], problems)
	})
}

func TestCheckAcceptsWhatStepsCreateAndSaysWhatItDoesNotCheck(t *testing.T) {
	t.Parallel()

	eachDatabase(t, func(t *testing.T, a *app, _ string) {
		t.Helper()

		problems, unchecked := a.check(t,
			`LoadTableFromSource, opParams: {source: files, table: people.csv, targetSource: db, targetTable: loaded, rejectTable: rejected}`,
			`Transform, opParams: {source: db, query: SELECT * FROM loaded, returnResult: true}`,
			`Transform, opParams: {source: db, query: SELECT * FROM rejected, returnResult: true}`,
			`RunSourceScript, opParams: {source: db, script: "CREATE TABLE made (a integer); INSERT INTO made VALUES (1)"}`,
			`Transform, opParams: {source: db, query: SELECT * FROM made, returnResult: true}`,
			`Transform, opParams: {source: db, query: "SELECT * FROM ${identifier(job.id)}", returnResult: true}`,
			`LoadTableFromSource, opParams: {source: files, table: later.csv, targetSource: db, targetTable: people, append: true}`,
			`Insert, opParams: {source: db, table: "${job.id}", records: [{a: 1}]}`,
			`Transform, opParams: {source: db, query: "SELECT * FROM people WHERE name = :name", bind: {name: "${job.id}"}, returnResult: true}`,
		)
		require.Empty(t, problems)

		for i, want := range []string{
			"3 query: a step creates the table .*loaded:?",
			"4 query: a step creates the table .*rejected:?",
			`5 script: statement in line 1: an earlier statement of the script changes definitions \(.*made.*\)`,
			"6 query: a step creates the table .*made:?",
			"7 query: it has names that are known when the step runs",
			"8 table: there is no file later.csv now",
			"9 table: the name of the table is known when the step runs",
		} {
			require.Greater(t, len(unchecked), i, unchecked)
			require.Regexp(t, "^"+want+"$", unchecked[i])
		}

		require.Len(t, unchecked, 7, unchecked)
	})
}

func TestCheckRunsNothing(t *testing.T) {
	t.Parallel()

	eachDatabase(t, func(t *testing.T, a *app, _ string) {
		t.Helper()

		problems, unchecked := a.check(t,
			`RunSourceScript, opParams: {source: db, script: "DELETE FROM people; CREATE TABLE made (a integer); DROP TABLE people"}`,
			`Delete, opParams: {source: db, table: people, key: [id], records: [{id: 1}]}`,
		)
		require.Empty(t, problems)
		require.Empty(t, unchecked)

		opened, err := a.open(t.Context(), "db")
		require.NoError(t, err)

		defer opened.Close() //nolint:errcheck // Only read.

		rows, err := opened.(source.Querier).Query(t.Context(), "SELECT count(*) AS n FROM people", nil)
		require.NoError(t, err)

		record, err := rows.Next(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, record[0])
		require.NoError(t, rows.Close())
	})
}

func TestCheckReportsAnUnreachableSourceOnce(t *testing.T) {
	t.Parallel()

	a := newApp(t, kind.SQLiteSource)
	a.Open = func(context.Context, string) (source.Source, error) {
		return nil, &source.Error{Code: source.CodeUnavailable, Source: "db", Message: "connection refused"}
	}

	problems, unchecked := a.check(t,
		`Transform, opParams: {source: db, query: SELECT 1, returnResult: true}`,
		`Transform, opParams: {source: db, query: SELECT 2, returnResult: true}`,
	)
	require.Equal(t, []string{`2 source: source "db": connection refused source_unreachable`}, problems)
	require.Empty(t, unchecked)
}
