package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestClassifyMapsSQLSTATE(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id int PRIMARY KEY); CREATE ROLE `+role(t)+` LOGIN; INSERT INTO t VALUES (1);
		CREATE FUNCTION fails(state text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'it fails' USING ERRCODE = state; END $$`)

	fails := func(state string) string { return "SELECT fails('" + state + "')" }

	for _, test := range []struct {
		name, statement string
		code            source.Code
		retryable       bool
		message         string
	}{
		{"syntax", "SELEC", source.CodeQueryInvalid, false, `syntax error at or near "SELEC"`},
		{"table", "SELECT * FROM nowhere", source.CodeTableNotFound, false, `relation "nowhere" does not exist`},
		{"schema", "CREATE TABLE nowhere.t (a int)", source.CodeTableNotFound, false, `schema "nowhere" does not exist`},
		{"column", "SELECT x FROM t", source.CodeQueryInvalid, false, `column "x" does not exist`},
		{"value", "SELECT 'x'::int", source.CodeQueryInvalid, false, "invalid input syntax"},
		{"constraint", "INSERT INTO t VALUES (1)", source.CodeQueryInvalid, false, "Key (id)=(1) already exists"},
		{"rights", "SET ROLE " + role(t) + "; SELECT * FROM t", source.CodeQueryInvalid, false, "permission denied for table t"},
		{"timeout", "SET statement_timeout = 1; SELECT pg_sleep(10)", source.CodeUnavailable, true, "statement timeout"},
		{"cancel", "SELECT pg_cancel_backend(pg_backend_pid())", source.CodeUnavailable, true, "user request"},
		{"termination", "SELECT pg_terminate_backend(pg_backend_pid())", source.CodeUnavailable, true, "administrator command"},
		{"serialization", fails("40001"), source.CodeUnavailable, true, "it fails"},
		{"disk full", fails("53100"), source.CodeUnavailable, true, "it fails"},
		{"I/O", fails("58030"), source.CodeUnavailable, true, "it fails"},
		{"connection", fails("08006"), source.CodeUnavailable, true, "it fails"},
		{"in use", fails("55006"), source.CodeUnavailable, true, "it fails"},
		{"dropped", fails("57P04"), source.CodeUnavailable, false, "it fails"},
		{"internal", fails("XX000"), source.CodeUnavailable, false, "it fails"},
		{"raised", fails("P0001"), source.CodeQueryInvalid, false, "it fails"},
		{"read only", "SET TRANSACTION READ ONLY; CREATE TABLE u (a int)", source.CodeUnavailable, true, "read-only transaction"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, err := d.Execute(t.Context(), source.Script{Text: test.statement})
			problem := requireError(t, err, test.code)
			require.Equal(t, test.retryable, problem.Retryable)
			require.Equal(t, "stage", problem.Source)
			require.Contains(t, err.Error(), test.message)
			require.Error(t, problem.Unwrap())
		})
	}
}

func TestDeadlockIsRetryable(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE a (id int); CREATE TABLE b (id int)")

	done := make(chan error, 2)

	for _, script := range []string{
		"LOCK TABLE a; SELECT pg_sleep(0.5); LOCK TABLE b; INSERT INTO b VALUES (1)",
		"LOCK TABLE b; SELECT pg_sleep(0.5); LOCK TABLE a; INSERT INTO a VALUES (1)",
	} {
		go func() {
			_, err := d.Execute(t.Context(), source.Script{Text: script})
			done <- err
		}()
	}

	first, second := <-done, <-done
	if first == nil {
		first = second
	} else {
		require.NoError(t, second)
	}

	require.True(t, requireError(t, first, source.CodeUnavailable).Retryable)
	require.ErrorContains(t, first, "deadlock")
}

func TestCheckReportsUnknownHost(t *testing.T) {
	t.Parallel()

	_, err := open(t, "postgres://user@missing.invalid:5432/x").Check(t.Context())
	requireError(t, err, source.CodeUnavailable)
	require.ErrorContains(t, err, "PostgreSQL at missing.invalid:5432: the host name can't be resolved")
}

func TestSourceReturnsErrorOfEndedContext(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	ended, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()

	_, err := d.Check(ended)
	require.Equal(t, context.DeadlineExceeded, err)

	_, err = d.ReadTable(ended, source.Read{Table: table("t")})
	require.Equal(t, context.DeadlineExceeded, err)

	_, err = d.Query(ended, "SELECT 1", nil)
	require.Equal(t, context.DeadlineExceeded, err)

	_, err = d.WriteTable(ended, source.Write{Table: table("t"), Mode: source.Replace}, records(people))
	require.Equal(t, context.DeadlineExceeded, err)

	_, _, err = d.CopyTable(ended, d.Source, source.Read{Table: table("t")}, source.Write{Table: table("t"), Mode: source.Replace}, nil)
	require.Equal(t, context.DeadlineExceeded, err)

	_, err = d.Execute(ended, source.Script{Text: "SELECT 1"})
	require.Equal(t, context.DeadlineExceeded, err)

	require.Equal(t, context.DeadlineExceeded, d.DropTable(ended, table("t")))
}
