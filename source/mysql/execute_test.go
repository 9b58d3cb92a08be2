package mysql_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestExecuteRunsStatementsInOrder(t *testing.T) {
	t.Parallel()

	stage := open(t)

	var reported []int64

	changed, err := stage.Execute(t.Context(), source.Script{
		Text: `-- A script; with a comment
			CREATE TABLE t (id INT, name VARCHAR(50));
			INSERT INTO t VALUES (1, 'a;b'), (2, :name);
			UPDATE t SET id = id + :by WHERE name = :name;
			SELECT * FROM t;
			CREATE PROCEDURE p() BEGIN DELETE FROM t WHERE id = 1; SELECT 1; END;
			CALL p();`,
		Bind:     map[string]any{"name": "'; --", "by": int64(5)},
		Progress: func(changed int64) { reported = append(reported, changed) },
	})
	require.NoError(t, err)
	require.Len(t, reported, 6)
	require.Equal(t, []int64{0, 2, 3}, reported[:3])
	require.GreaterOrEqual(t, changed, int64(3))
	require.Equal(t, []source.Record{{int64(7), "'; --"}}, stage.table(t, "t"))
}

func TestExecuteRollsBackFailedScript(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")

	_, err := stage.Execute(t.Context(), source.Script{Text: "DELETE FROM t;\nINSERT INTO t VALUES (2);\n\nINSERT INTO\nt VALUES (2)"})
	require.Contains(t, requireProblem(t, err, source.CodeQueryInvalid, false).Message, "statement 3, line 4: Duplicate entry")
	require.Equal(t, []source.Record{{int64(1)}}, stage.table(t, "t"))

	// A data definition commits implicitly; the statements after it are rolled back.
	_, err = stage.Execute(t.Context(), source.Script{
		Text: "INSERT INTO t VALUES (2); CREATE TABLE u (id INT); INSERT INTO t VALUES (3); SELEKT",
	})
	requireProblem(t, err, source.CodeQueryInvalid, false)
	require.Len(t, stage.table(t, "t"), 2)
}

func TestExecuteRejectsInvalidScriptBeforeItRuns(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id INT)")

	for message, script := range map[string]source.Script{
		"statement 2, line 1: COMMIT is not allowed in a script": {Text: "INSERT INTO t VALUES (1); COMMIT"},
		"statement 1, line 1: START is not allowed in a script":  {Text: "START TRANSACTION; INSERT INTO t VALUES (1)"},
		"statement 2, line 2: the parameter :id":                 {Text: "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (:id)"},
		"bind has a value for idd":                               {Text: "INSERT INTO t VALUES (1)", Bind: map[string]any{"idd": 1}},
	} {
		_, err := stage.Execute(t.Context(), script)
		require.Contains(t, requireProblem(t, err, source.CodeQueryInvalid, false).Message, message)
	}

	require.Empty(t, stage.table(t, "t"))
}

func TestExecuteRejectsValuesThatTheServerWouldChange(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (v VARCHAR(3), n TINYINT, d DATE)")

	for _, values := range []string{"'abcd', 1, NULL", "'a', 128, NULL", "'a', 1, '0000-00-00'", "'a', 1, '2024-02-30'", "'a', 1 / 0, NULL"} {
		_, err := stage.Execute(t.Context(), source.Script{Text: "INSERT INTO t VALUES (" + values + ")"})
		requireProblem(t, err, source.CodeQueryInvalid, false)
	}

	require.Empty(t, stage.table(t, "t"))
}

func TestExecuteReadsNoLocalFiles(t *testing.T) {
	t.Parallel()

	stage := open(t)

	_, err := stage.Execute(t.Context(), source.Script{
		Text: "CREATE TABLE t (v TEXT); LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE t",
	})
	requireProblem(t, err, source.CodeQueryInvalid, false)
	require.Empty(t, stage.table(t, "t"))
}

func TestExecuteDiscardsItsSession(t *testing.T) {
	t.Parallel()

	stage := open(t)

	for range 3 {
		_, err := stage.Execute(t.Context(), source.Script{Text: "SET time_zone = '+05:00', sql_mode = ''; USE mysql"})
		require.NoError(t, err)
	}

	stage.write(t, to("t", source.Replace), one(of(source.Timestamp), utc(2024, 1, 1, 0, 0, 0, 0)))
	require.Equal(t, "2024-01-01 00:00:00.000000", stage.ask(t, "SELECT v FROM t"))
}

func TestExecuteTerminatesStatementWhenContextEnds(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id INT)")

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()

	_, err := stage.Execute(ctx, source.Script{
		Text: "INSERT INTO t VALUES (1); DO 'script', BENCHMARK(1000000000000, SHA2('a', 512))",
	})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	requireEnded(t, stage, "DO 'script'%")
	require.Empty(t, stage.table(t, "t"))
}
