package postgres_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
	"github.com/jobwright/jobwright/source/postgres"
)

func TestConcurrentWritesCreateLedgerOnce(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	done := make(chan error)

	for i := range int64(8) {
		worker := open(t, d.url)

		go func() {
			_, err := writing(source.Append)(worker, t.Context(), idempotencyKey(strings.Repeat("x", int(i))), i)
			done <- err
		}()
	}

	for range 8 {
		require.NoError(t, <-done)
	}

	require.Equal(t, "8", d.value(t, "SELECT count(*) FROM jobwright_ledger"))
	require.Equal(t, "PRIMARY KEY (run, step)", d.value(t, `SELECT pg_get_constraintdef(oid) FROM pg_constraint
		WHERE conrelid = 'jobwright_ledger'::regclass AND contype = 'p'`))
	require.Equal(t, "job text,run text,step text,rows bigint,details json,recorded_at timestamp with time zone",
		d.value(t, `SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ',' ORDER BY attnum)
			FROM pg_attribute WHERE attrelid = 'jobwright_ledger'::regclass AND attnum > 0`))
}

func TestLedgerOptionNamesTableAndSchema(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE SCHEMA ops; CREATE SCHEMA own; CREATE TABLE public.t (id bigint)`)

	for option, created := range map[string]string{
		"done": "public.done", "ops.done": "ops.done", "ops.jobwright_ledger": "ops.jobwright_ledger", "Odd name": `public."Odd name"`,
	} {
		opened, err := openWith(t, map[string]any{"connStr": d.url, "ledger": option})
		require.NoError(t, err)

		_, err = writing(source.Append)(opened.(*postgres.Source), t.Context(), idempotencyKey("a"), 1)
		require.NoError(t, err, option)
		require.Equal(t, "1", d.value(t, "SELECT count(*) FROM "+created), option)
		require.NoError(t, opened.Close())
	}

	// Without a schema, the ledger is in the schema in which the connection creates tables.
	_, err := writing(source.Append)(open(t, d.url+"&search_path=own,public"), t.Context(), idempotencyKey("b"), 1)
	require.NoError(t, err)
	require.Equal(t, "1", d.value(t, "SELECT count(*) FROM own.jobwright_ledger"))

	for _, option := range []string{".", "a.", ".a", "a.b.c", strings.Repeat("x", 64), "a\x00"} {
		_, err := openWith(t, map[string]any{"connStr": d.url, "ledger": option})
		requireError(t, err, source.CodeDefinitionInvalid)
		require.ErrorContains(t, err, "ledger is ")
	}
}

func TestLedgerIsProtectedFromSteps(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	_, err := writing(source.Append)(d.Source, t.Context(), idempotencyKey("a"), 1)
	require.NoError(t, err)

	found, err := d.Check(t.Context())
	require.NoError(t, err)
	require.Regexp(t, ", 1 table$", found)

	for _, named := range []source.Table{{Name: ledger.DefaultTable}, {Space: "public", Name: ledger.DefaultTable}} {
		for _, mode := range []source.Mode{source.Replace, source.Refill, source.Append, source.Delete} {
			_, err = d.WriteTable(t.Context(), source.Write{Table: named, Mode: mode, Key: []string{"id"}}, records(ids))
			problem := requireError(t, err, source.CodeOperationUnsupported)
			require.False(t, problem.Retryable)
			require.ErrorContains(t, err, "is the ledger")
		}

		requireError(t, d.DropTable(t.Context(), named), source.CodeOperationUnsupported)

		_, _, err = d.CopyTable(t.Context(), d.Source, source.Read{Table: table("t")},
			source.Write{Table: named, Mode: source.Append, IdempotencyKey: idempotencyKey("b")}, nil)
		requireError(t, err, source.CodeOperationUnsupported)
	}

	require.Equal(t, "1", d.value(t, "SELECT count(*) FROM jobwright_ledger"))

	// If the ledger has another name, the default name is available.
	opened, err := openWith(t, map[string]any{"connStr": d.url, "ledger": "other.jobwright_ledger"})
	require.NoError(t, err)
	require.NoError(t, opened.(source.Dropper).DropTable(t.Context(), source.Table{Space: "public", Name: ledger.DefaultTable}))
	require.NoError(t, opened.Close())
}

func TestLedgerErrorWithoutPermission(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id bigint); CREATE ROLE `+role(t)+` LOGIN; GRANT ALL ON t TO `+role(t)+`;
		REVOKE CREATE ON SCHEMA public FROM PUBLIC`)

	address, err := url.Parse(d.url)
	require.NoError(t, err)

	address.User = url.User(role(t))
	stage := open(t, address.String())

	refused := func(message string) *source.Error {
		t.Helper()

		var problem *source.Error

		for _, attempt := range changes {
			_, err := attempt(stage, t.Context(), idempotencyKey("a"), 1)
			problem = requireError(t, err, source.CodeDefinitionInvalid)
			require.False(t, problem.Retryable)
			require.ErrorContains(t, err, `source "stage", table "jobwright_ledger": the ledger can't be used: `+message)
			require.ErrorContains(t, err, "or set ledger: none")
		}

		require.Equal(t, "0", d.value(t, "SELECT count(*) FROM t"))

		return problem
	}

	statement := regexp.MustCompile(`CREATE TABLE .*\)\)`).FindString(refused("permission denied for schema public").Hint)
	d.run(t, statement)
	_ = refused("permission denied for table jobwright_ledger")

	d.run(t, "GRANT SELECT, INSERT ON jobwright_ledger TO "+role(t))

	for range 2 {
		_, err = changes["append"](stage, t.Context(), idempotencyKey("a"), 1)
		require.NoError(t, err)
		require.Equal(t, "1", d.value(t, "SELECT count(*) FROM t"))
	}

	require.Eventually(t, func() bool {
		found, err := stage.Check(t.Context())
		require.NoError(t, err)

		return strings.Contains(found, "old records of the ledger can't be removed: ") && strings.Contains(found, "permission denied")
	}, time.Minute, 10*time.Millisecond, "Check does not report that old records can't be removed")

	d.run(t, "DROP TABLE jobwright_ledger; CREATE TABLE jobwright_ledger (id int); GRANT ALL ON jobwright_ledger TO "+role(t))

	_, err = changes["append"](stage, t.Context(), idempotencyKey("b"), 2)
	requireError(t, err, source.CodeDefinitionInvalid)

	withoutLedger, err := openWith(t, map[string]any{"connStr": address.String(), "ledger": "none"})
	require.NoError(t, err)

	_, err = changes["append"](withoutLedger.(*postgres.Source), t.Context(), idempotencyKey("b"), 2)
	require.NoError(t, err)
	require.NoError(t, withoutLedger.Close())
}

func TestLedgerIsCreatedAgainAfterRemoval(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	for name, attempt := range changes {
		_, err := attempt(d.Source, t.Context(), idempotencyKey(name), 1)
		require.NoError(t, err)

		d.run(t, "DROP TABLE jobwright_ledger; TRUNCATE t")

		_, done, err := d.Recorded(t.Context(), idempotencyKey(name))
		require.NoError(t, err)
		require.False(t, done)

		require.NoError(t, attemptUntilDone(t.Context(), d.Source, attempt, idempotencyKey(name), 1))
		require.Equal(t, "1 1", d.value(t, "SELECT concat((SELECT count(*) FROM t), ' ', count(*)) FROM jobwright_ledger"))

		d.run(t, "DROP TABLE jobwright_ledger")

		_, err = d.Execute(t.Context(), source.Script{Text: "SELECT 1", IdempotencyKey: idempotencyKey("b")})
		if err != nil {
			require.True(t, requireError(t, err, source.CodeUnavailable).Retryable)
			require.ErrorContains(t, err, "the ledger was removed")
		}
	}
}

func TestWriteRemovesOldRecords(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	_, err := writing(source.Append)(open(t, d.url), t.Context(), idempotencyKey("a"), 1)
	require.NoError(t, err)

	d.run(t, `INSERT INTO jobwright_ledger
		SELECT 'j', 'r', 'old ' || i, 0, NULL::json, now() - interval '30 days 1 hour' FROM generate_series(1, 25000) i
		UNION ALL SELECT 'j', 'r', 'new', 0, NULL, now() - interval '29 days 23 hours'`)

	for _, left := range []string{"15000", "5000", "0"} { // Each write removes a batch of 10,000.
		_, err = writing(source.Append)(d.Source, t.Context(), idempotencyKey("b"+left), 1)
		require.NoError(t, err)
		require.Equal(t, left, d.value(t, "SELECT count(*) FROM jobwright_ledger WHERE step LIKE 'old %'"))
	}

	require.Equal(t, "{a,b0,b15000,b5000,new}", d.value(t, "SELECT array_agg(step ORDER BY step) FROM jobwright_ledger"))

	// Old records are removed only once an hour.
	d.run(t, "INSERT INTO jobwright_ledger VALUES ('j', 'r', 'old', 0, NULL, now() - interval '31 days')")

	for range 20 {
		_, err = writing(source.Append)(d.Source, t.Context(), idempotencyKey("c"), 1)
		require.NoError(t, err)
	}

	require.Equal(t, "{a,b0,b15000,b5000,c,new,old}", d.value(t, "SELECT array_agg(step ORDER BY step) FROM jobwright_ledger"))

	found, err := d.Check(t.Context())
	require.NoError(t, err)
	require.Regexp(t, ", 1 table$", found)
}
