package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestExecuteRunsStatementsInOrder(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	var reported []int64

	changed, err := d.Execute(t.Context(), source.Script{
		Text: `-- A comment; with a semicolon.
			CREATE TABLE t (id int, name text);
			INSERT INTO t VALUES (1, 'a;b'), (:id, :name);
			DO $$ BEGIN UPDATE t SET name = 'x' WHERE id = 1; END $$;
			SELECT * FROM t;
			SAVEPOINT s; DELETE FROM t; ROLLBACK TO SAVEPOINT s;
			CREATE TABLE u AS SELECT * FROM t;
			UPDATE t SET id = id + 1 WHERE id = :id`,
		Bind:     map[string]any{"id": "2", "name": nil},
		Progress: func(changed int64) { reported = append(reported, changed) },
	})
	require.NoError(t, err)
	require.Equal(t, []int64{0, 2, 2, 2, 2, 4, 4, 4, 5}, reported)
	require.EqualValues(t, 2+2+1, changed, "inserted, deleted and updated")
	require.Equal(t, "1x,3", d.value(t, "SELECT string_agg(concat(id, name), ',' ORDER BY id) FROM t"))
}

func TestExecuteRunsAllStatementsOrNone(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	_, err := d.Execute(t.Context(), source.Script{Text: "CREATE TABLE t (id int);\n\nINSERT INTO t VALUES (1);\nSELECT 1/0"})
	problem := requireError(t, err, source.CodeQueryInvalid)
	require.False(t, problem.Retryable)
	require.EqualError(t, err, `source "stage": statement 3, line 4: division by zero`)
	require.Equal(t, "NULL", d.value(t, "SELECT to_regclass('t')"))

	_, err = d.Execute(t.Context(), source.Script{Text: "SELECT * FROM nowhere"})
	requireError(t, err, source.CodeTableNotFound)
}

func TestExecuteAcceptsScriptWithoutStatements(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	changed, err := d.Execute(t.Context(), source.Script{Text: " ; -- nothing\n;"})
	require.NoError(t, err)
	require.Zero(t, changed)
}

func TestExecuteValidatesScriptBeforeRunningIt(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	for _, test := range []struct {
		statement, message string
		bind               map[string]any
	}{
		{"BEGIN", "statement 2, line 2: BEGIN is not allowed in a script", nil},
		{"start transaction", "START is not allowed in a script", nil},
		{"Commit", "COMMIT is not allowed in a script", nil},
		{"END", "END is not allowed in a script", nil},
		{"ROLLBACK", "ROLLBACK is not allowed in a script", nil},
		{"ABORT", "ABORT is not allowed in a script", nil},
		{"PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION is not allowed in a script", nil},
		{"COPY t FROM STDIN", "COPY FROM STDIN is not allowed in a script", nil},
		{"INSERT INTO t VALUES (:a)", "statement 2, line 2: the parameter :a has no value", nil},
		{"INSERT INTO t VALUES (:a)", "there is no parameter :b", map[string]any{"a": int64(1), "b": int64(2)}},
	} {
		t.Run(test.statement, func(t *testing.T) {
			t.Parallel()

			_, err := d.Execute(t.Context(), source.Script{Text: "CREATE TABLE t (id int);\n" + test.statement, Bind: test.bind})
			problem := requireError(t, err, source.CodeQueryInvalid)
			require.False(t, problem.Retryable)
			require.ErrorContains(t, err, test.message)
			require.Equal(t, "NULL", queryText(t, connect(t, d.url), "SELECT to_regclass('t')"))
		})
	}
}

func TestExecuteRunsSingleStatementOutsideOfTransaction(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id int)")

	for _, statement := range []string{"VACUUM t", "CREATE INDEX CONCURRENTLY ON t (id)"} {
		_, err := d.Execute(t.Context(), source.Script{Text: statement + ";"})
		require.NoError(t, err)

		_, err = d.Execute(t.Context(), source.Script{Text: "SELECT 1; " + statement})
		requireError(t, err, source.CodeQueryInvalid)
		require.ErrorContains(t, err, "in a script of its own")
	}
}

func TestExecuteResetsSessionSettings(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	for range 4 { // The number of connections for writing.
		_, err := d.Execute(t.Context(), source.Script{Text: "SET search_path = pg_catalog; SET lock_timeout = 1"})
		require.NoError(t, err)
	}

	_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Replace},
		records(source.Schema{column("id", source.Integer)}))
	require.NoError(t, err)
}

func TestExecuteCancelsScriptWhenContextEnds(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()

	_, err := d.Execute(ctx, source.Script{Text: "CREATE TABLE t (id int); SELECT pg_sleep(600)"})
	require.Equal(t, context.DeadlineExceeded, err)
	d.eventually(t, "0", busy)
	require.Equal(t, "NULL", d.value(t, "SELECT to_regclass('t')"))
}
