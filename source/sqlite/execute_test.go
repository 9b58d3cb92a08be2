package sqlite_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestExecuteReportsNumberOfChangedRecords(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	var reported []int64

	changed, err := stage.Execute(t.Context(), source.Script{
		Text: `
			-- A comment; not a statement.
			CREATE TABLE t (id INTEGER, note TEXT);
			INSERT INTO t VALUES (:id, 'a;b'), (2, :note), (3, NULL);
			SELECT * FROM t;
			CREATE TRIGGER g AFTER UPDATE ON t BEGIN INSERT INTO t VALUES (9, 'by a trigger'); DELETE FROM t WHERE id = 3; END;
			UPDATE t SET note = 'new' WHERE id = :id;
			DELETE FROM t WHERE id = 77;
			CREATE INDEX i ON t (id);
			DELETE FROM t WHERE id = 2;`,
		Bind:     map[string]any{"id": int64(1), "note": "it's"},
		Progress: func(changed int64) { reported = append(reported, changed) },
	})
	require.NoError(t, err)
	require.Equal(t, []int64{0, 3, 3, 3, 4, 4, 4, 5}, reported)
	require.EqualValues(t, 3+1+1, changed)
	require.Equal(t, []source.Record{{int64(1), "new"}, {int64(9), "by a trigger"}}, table(t, stage, "t"))
}

func TestExecuteRunsAllStatementsOrNone(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		script source.Script
		code   source.Code
		want   string
	}{
		"a mistake":        {source.Script{Text: "DELETE FROM t;\n\n  SELEKT 1;"}, source.CodeQueryInvalid, "statement 2, line 3: near"},
		"a missing table":  {source.Script{Text: "DELETE FROM t; DELETE FROM u"}, source.CodeTableNotFound, "statement 2, line 1: no such table: u"},
		"a refused record": {source.Script{Text: "DELETE FROM t; INSERT INTO t VALUES (-1)"}, source.CodeRecordInvalid, "statement 2, line 1: CHECK"},
		"a missing value":  {source.Script{Text: "DELETE FROM t;\nSELECT :x"}, source.CodeQueryInvalid, "statement 2, line 2: the parameter :x"},
		"an unused value": {
			source.Script{Text: "DELETE FROM t", Bind: map[string]any{"x": 1.5}}, source.CodeQueryInvalid, "bind has a value for x",
		},
		"another form": {source.Script{Text: "DELETE FROM t; SELECT ?"}, source.CodeQueryInvalid, "another form than :name"},
		"a rollback":   {source.Script{Text: "DELETE FROM t; INSERT OR ROLLBACK INTO t VALUES (-1)"}, source.CodeRecordInvalid, "CHECK"},
		"a commit":     {source.Script{Text: "DELETE FROM t; COMMIT"}, source.CodeQueryInvalid, "statement 2, line 1: a script can't begin or end"},
		"a begin":      {source.Script{Text: "BEGIN; DELETE FROM t"}, source.CodeQueryInvalid, "a script can't begin or end"},
		"a savepoint":  {source.Script{Text: "DELETE FROM t; SAVEPOINT s"}, source.CodeQueryInvalid, "a script can't begin or end"},
		// In a transaction, SQLite reports a checkpoint as a locked database, which would be retried.
		"a checkpoint":   {source.Script{Text: "DELETE FROM t; PRAGMA wal_checkpoint"}, source.CodeQueryInvalid, "a script can't run a checkpoint"},
		"a setting":      {source.Script{Text: "DELETE FROM t; PRAGMA synchronous = OFF"}, source.CodeQueryInvalid, "a script can't set a PRAGMA"},
		"a vacuum":       {source.Script{Text: "DELETE FROM t; VACUUM"}, source.CodeQueryInvalid, "VACUUM"},
		"an extension":   {source.Script{Text: "DELETE FROM t; SELECT load_extension('x')"}, source.CodeQueryInvalid, "extension"},
		"NUL":            {source.Script{Text: "DELETE FROM t; SELECT 1\x00"}, source.CodeQueryInvalid, "NUL"},
		"a wrong column": {source.Script{Text: "DELETE FROM t; UPDATE t SET x = 1"}, source.CodeQueryInvalid, "no such column: x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, "CREATE TABLE t (id INTEGER CHECK (id >= 0))", "INSERT INTO t VALUES (1)")

			stage := open(t, dir)

			_, err := stage.Execute(t.Context(), test.script)
			problem := requireProblem(t, err, test.code, false)
			require.Contains(t, problem.Message, test.want)
			require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"))

			_, err = stage.Execute(t.Context(), source.Script{Text: "PRAGMA user_version; DELETE FROM t"})
			require.NoError(t, err, "the connection stays usable")
		})
	}
}

func TestExecuteRefusesStatementsThatAccessOtherFiles(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	other := filepath.Join(t.TempDir(), "other.db")

	for _, text := range []string{"ATTACH :file AS other", "VACUUM INTO :file"} {
		_, err := stage.Execute(t.Context(), source.Script{Text: text, Bind: map[string]any{"file": other}})
		requireProblem(t, err, source.CodeQueryInvalid, false)
		require.NoFileExists(t, other)
	}
}

func TestExecuteAcceptsScriptWithoutStatements(t *testing.T) {
	t.Parallel()

	changed, err := open(t, t.TempDir()).Execute(t.Context(), source.Script{Text: " ;; -- nothing\n"})
	require.NoError(t, err)
	require.Zero(t, changed)
}

func TestExecuteBindsValuesOfEveryType(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	_, err := stage.Execute(t.Context(), source.Script{
		Text: "CREATE TABLE t (a, b, c, d, e); INSERT INTO t VALUES (:a, :b, :c, :d, :e)",
		Bind: map[string]any{"a": "x\x00y", "b": int64(math.MinInt64), "c": 1.5, "d": true, "e": nil},
	})
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"x\x00y", int64(math.MinInt64), 1.5, int64(1), nil}}, table(t, stage, "t"))
}
