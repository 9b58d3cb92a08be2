package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/postgres"
)

func idempotencyKey(step string) source.IdempotencyKey {
	return source.IdempotencyKey{Job: "job-1", Run: "run-1", Step: step}
}

var ids = source.Schema{column("id", source.Integer)}

// unreadable are rows whose Next fails the write.
type unreadable struct{ source.Rows }

func (unreadable) Next(context.Context) (source.Record, error) {
	return nil, errors.New("the rows were read")
}

func TestWriteTakesEffectOnceInEveryMode(t *testing.T) {
	t.Parallel()

	for _, mode := range []source.Mode{
		source.Replace, source.Refill, source.Append, source.Insert, source.Upsert, source.Update, source.Delete,
	} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			d := newDatabase(t)
			d.run(t, "CREATE TABLE t (id text, v int); INSERT INTO t VALUES (7, 0)")

			write := source.Write{Table: table("t"), Mode: mode, Key: []string{"id"}, IdempotencyKey: idempotencyKey("a")}
			columns := source.Schema{column("id", source.Integer), column("v", source.Integer)}

			if mode == source.Delete {
				columns = columns[:1]
			}

			record := source.Record{int64(7), int64(1)}[:len(columns)]

			_, done, err := d.Recorded(t.Context(), write.IdempotencyKey)
			require.NoError(t, err)
			require.False(t, done)

			first, err := d.WriteTable(t.Context(), write, records(columns, record))
			require.NoError(t, err)
			require.EqualValues(t, 1, first.Rows)
			require.Equal(t, mode != source.Replace, len(first.Conversions) > 0)

			stored := d.value(t, "SELECT array_agg(t::text) FROM t")

			second, err := d.WriteTable(t.Context(), write, unreadable{records(columns)})
			require.NoError(t, err)
			require.Equal(t, first, second)
			require.Equal(t, stored, d.value(t, "SELECT array_agg(t::text) FROM t"))

			found, done, err := d.Recorded(t.Context(), write.IdempotencyKey)
			require.NoError(t, err)
			require.True(t, done)
			require.Equal(t, first, found)

			require.Equal(t, "job-1 run-1 a 1", d.value(t, "SELECT concat_ws(' ', job, run, step, rows) FROM jobwright_ledger"))
			require.Equal(t, "true", d.value(t, "SELECT abs(extract(epoch FROM recorded_at - now())) < 60 FROM jobwright_ledger"))

			// Writes with other keys take effect, and a write without a key is not recorded.
			for _, other := range []source.IdempotencyKey{{Job: "job-1", Run: "run-1", Step: "b"}, {Job: "job-1", Run: "run-2", Step: "a"}, {}} {
				write.IdempotencyKey = other

				_, err = d.WriteTable(t.Context(), write, records(columns, record))
				require.NoError(t, err)
			}

			require.Equal(t, "3", d.value(t, "SELECT count(*) FROM jobwright_ledger"))
		})
	}
}

func TestFailedWriteIsNotRecorded(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)`)

	write := source.Write{Table: table("t"), Mode: source.Insert, IdempotencyKey: idempotencyKey("a")}
	twice := records(ids, source.Record{int64(7)}, source.Record{int64(7)})

	_, err := d.WriteTable(t.Context(), write, twice)
	requireError(t, err, source.CodeRecordInvalid) // The commit checks the deferred constraint.

	_, err = d.Execute(t.Context(), source.Script{Text: "INSERT INTO t VALUES (7), (7)", IdempotencyKey: idempotencyKey("b")})
	requireError(t, err, source.CodeQueryInvalid)

	_, err = d.Execute(t.Context(), source.Script{Text: "INSERT INTO t VALUES (8); SELECT 1/0", IdempotencyKey: idempotencyKey("b")})
	requireError(t, err, source.CodeQueryInvalid)

	require.Equal(t, "0", d.value(t, "SELECT count(*) FROM t"))
	require.Equal(t, "0", d.value(t, "SELECT count(*) FROM jobwright_ledger"))

	written, err := d.WriteTable(t.Context(), write, records(ids, source.Record{int64(7)}))
	require.NoError(t, err)
	require.EqualValues(t, 1, written.Rows)
}

func TestCopyTableTakesEffectOnce(t *testing.T) {
	t.Parallel()

	from, to := newDatabase(t), newDatabase(t)
	from.run(t, "CREATE TABLE t AS SELECT generate_series(1, 10) id")

	for range 2 {
		written, copied, err := to.CopyTable(t.Context(), from.Source, source.Read{Table: table("t")},
			source.Write{Table: table("t"), Mode: source.Append, IdempotencyKey: idempotencyKey("a")}, nil)
		require.NoError(t, err)
		require.True(t, copied)
		require.EqualValues(t, 10, written.Rows)
		require.Equal(t, "10", to.value(t, "SELECT count(*) FROM t"))

		from.run(t, "DROP TABLE IF EXISTS t")
	}
}

// change is an attempt that changes the table t with a write or a script. It returns the number of changed records.
type change func(d *postgres.Source, ctx context.Context, key source.IdempotencyKey, id int64) (int64, error)

func writing(mode source.Mode) change {
	return func(d *postgres.Source, ctx context.Context, key source.IdempotencyKey, id int64) (int64, error) {
		written, err := d.WriteTable(ctx, source.Write{Table: table("t"), Mode: mode, Key: []string{"id"}, IdempotencyKey: key},
			records(ids, source.Record{id}))

		return written.Rows, err
	}
}

func running(script string) change {
	return func(d *postgres.Source, ctx context.Context, key source.IdempotencyKey, id int64) (int64, error) {
		return d.Execute(ctx, source.Script{Text: script, Bind: map[string]any{"id": id}, IdempotencyKey: key})
	}
}

var changes = map[string]change{
	"append":              writing(source.Append),
	"insert":              writing(source.Insert),
	"a script":            running("INSERT INTO t VALUES (:id)"),
	"a script of several": running("INSERT INTO t VALUES (:id); SELECT 1"),
}

func TestWriteTakesEffectOnceAfterLostCommit(t *testing.T) {
	t.Parallel()

	for name, attempt := range changes {
		for lost, committed := range map[int32]string{dropCommit: "0", dropAnswer: "1"} {
			t.Run(fmt.Sprint(name, lost), func(t *testing.T) {
				t.Parallel()

				d := newDatabase(t)
				d.run(t, "CREATE TABLE t (id bigint)")

				through, address := newProxy(t, d.url)
				stage := open(t, address)

				_, err := attempt(stage, t.Context(), idempotencyKey("first"), 0) // It also creates the ledger, in another commit.
				require.NoError(t, err)

				through.drops.Store(lost)

				_, err = attempt(stage, t.Context(), idempotencyKey("a"), 1)
				require.True(t, requireError(t, err, source.CodeUnavailable).Retryable, "%v", err)
				d.eventually(t, committed, "SELECT count(*) FROM t WHERE id = 1")

				for range 2 {
					changed, err := attempt(stage, t.Context(), idempotencyKey("a"), 1)
					require.NoError(t, err)
					require.EqualValues(t, 1, changed)
					require.Equal(t, "1", d.value(t, "SELECT count(*) FROM t WHERE id = 1"))
				}
			})
		}
	}
}

func TestLostCommitIsNotRetryableWithoutRecord(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	through, address := newProxy(t, d.url)

	withoutLedger, err := openWith(t, map[string]any{"connStr": address, "ledger": "none"})
	require.NoError(t, err)

	defer func() { require.NoError(t, withoutLedger.Close()) }()

	for _, name := range []string{"append", "insert", "a script of several"} {
		for stage, key := range map[*postgres.Source]source.IdempotencyKey{open(t, address): {}, withoutLedger.(*postgres.Source): idempotencyKey("a")} {
			through.drops.Store(dropAnswer)

			_, err = changes[name](stage, t.Context(), key, 1)
			require.False(t, requireError(t, err, source.CodeUnavailable).Retryable, name)
			require.ErrorContains(t, err, "check whether the change has been committed")

			_, done, err := stage.Recorded(t.Context(), key)
			require.NoError(t, err)
			require.False(t, done)
		}
	}

	require.Equal(t, "6", d.value(t, "SELECT count(*) FROM t"))
	require.Equal(t, "NULL", d.value(t, "SELECT to_regclass('jobwright_ledger')"))
}

func TestConcurrentAttemptsTakeEffectOnce(t *testing.T) {
	t.Parallel()

	for name, attempt := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			d := newDatabase(t)
			d.run(t, "CREATE TABLE t (id bigint)")

			workers := []*postgres.Source{d.Source, open(t, d.url), open(t, d.url)}
			done := make(chan error)

			for round := range int64(25) {
				key := idempotencyKey(fmt.Sprint("round ", round))

				for _, worker := range workers {
					go func() { done <- attemptUntilDone(t.Context(), worker, attempt, key, round) }()
				}

				for range workers {
					require.NoError(t, <-done)
				}
			}

			require.Equal(t, "25 25", d.value(t, "SELECT concat(count(*), ' ', count(DISTINCT id)) FROM t"))
			require.Equal(t, "25", d.value(t, "SELECT count(*) FROM jobwright_ledger"))
		})
	}
}

// attemptUntilDone repeats an attempt while its error is retryable.
func attemptUntilDone(ctx context.Context, worker *postgres.Source, attempt change, key source.IdempotencyKey, id int64) error {
	for {
		changed, err := attempt(worker, ctx, key, id)

		problem, isKnown := errors.AsType[*source.Error](err)
		if isKnown && problem.Retryable {
			continue
		}

		if err == nil && changed != 1 {
			err = fmt.Errorf("%d records were changed", changed)
		}

		return err
	}
}

func TestAttemptTerminatesEarlierAttempt(t *testing.T) {
	t.Parallel()

	blockedWrite := func(mode source.Mode) change {
		return func(d *postgres.Source, ctx context.Context, key source.IdempotencyKey, _ int64) (int64, error) {
			_, err := d.WriteTable(ctx, source.Write{Table: table("t"), Mode: mode, IdempotencyKey: key},
				&blockedRows{Rows: records(ids), begun: make(chan struct{}), proceed: make(chan struct{})})

			return 0, err
		}
	}

	alone := func(statement string) change {
		return func(d *postgres.Source, ctx context.Context, key source.IdempotencyKey, _ int64) (int64, error) {
			return d.Execute(ctx, source.Script{Text: statement, IdempotencyKey: key})
		}
	}

	for name, older := range map[string]change{
		"refill":                   blockedWrite(source.Refill),
		"append":                   blockedWrite(source.Append),
		"in the commit":            writing(source.Append), // In the deferred trigger, after the ledger's record was added.
		"script":                   running("LOCK TABLE t; INSERT INTO t VALUES (:id + 1); SELECT pg_sleep(600)"),
		"outside of a transaction": alone("DO $$ BEGIN COMMIT; LOCK TABLE t; PERFORM pg_sleep(600); END $$"),
	} {
		for _, newer := range []string{"append", "a script"} {
			t.Run(name+", then "+newer, func(t *testing.T) {
				t.Parallel()

				d := newDatabase(t)
				d.run(t, `CREATE TABLE t (id bigint);
					CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
						IF NEW.id = 1 THEN PERFORM pg_sleep(600); END IF; RETURN NULL; END $$;
					CREATE CONSTRAINT TRIGGER hangs AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hang()`)

				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				defer cancel()

				done := make(chan error, 1)

				go func() {
					_, err := older(d.Source, ctx, idempotencyKey("a"), 1)
					done <- err
				}()

				const atWork = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
					AND application_name ~ '^jobwright [0-9a-f]{16}$' AND (wait_event IN ('ClientRead', 'PgSleep'))`
				d.eventually(t, "1", atWork)

				changed, err := changes[newer](open(t, d.url), ctx, idempotencyKey("a"), 2)
				require.NoError(t, err)
				require.EqualValues(t, 1, changed)
				require.Equal(t, "{2}", d.value(t, "SELECT array_agg(id) FROM t"))

				require.True(t, requireError(t, <-done, source.CodeUnavailable).Retryable)
			})
		}
	}
}

func TestAttemptDoesNotTerminateOtherSteps(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	begun, proceed := make(chan struct{}), make(chan struct{})
	done := make(chan error)

	go func() {
		_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Append, IdempotencyKey: idempotencyKey("a")},
			&blockedRows{Rows: records(ids, source.Record{int64(1)}), begun: begun, proceed: proceed})
		done <- err
	}()

	<-begun

	for name, attempt := range changes {
		_, err := attempt(d.Source, t.Context(), idempotencyKey(name), 2)
		require.NoError(t, err)
	}

	close(proceed)
	require.NoError(t, <-done)

	// The name of a session is reset after the attempt.
	require.Equal(t, "0", d.value(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
		AND application_name LIKE 'jobwright %' AND state = 'idle'`))
}

func TestRecordedTerminatesEarlierAttempt(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	begun := make(chan struct{})
	done := make(chan error, 1)

	go func() {
		_, err := d.WriteTable(ctx, source.Write{Table: table("t"), Mode: source.Refill, IdempotencyKey: idempotencyKey("a")},
			&blockedRows{Rows: records(ids), begun: begun, proceed: make(chan struct{})})
		done <- err
	}()

	<-begun

	_, recorded, err := d.Recorded(t.Context(), idempotencyKey("b"))
	require.NoError(t, err)
	require.False(t, recorded)
	require.Empty(t, done)

	_, recorded, err = open(t, d.url).Recorded(t.Context(), idempotencyKey("a"))
	require.NoError(t, err)
	require.False(t, recorded)
	require.True(t, requireError(t, <-done, source.CodeUnavailable).Retryable)
}

func TestExecuteRecordsScriptThatChangesSession(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE SCHEMA other; CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);
		CREATE ROLE `+role(t)+`; GRANT ALL ON t TO `+role(t))

	for script, want := range map[string]int64{
		"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; INSERT INTO t VALUES (1)":         1,
		"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; INSERT INTO t VALUES (1)":      1,
		"SET search_path = other; INSERT INTO public.t VALUES (1)":                       1,
		"SET ROLE " + role(t) + "; INSERT INTO t VALUES (1)":                             1,
		"SET SESSION AUTHORIZATION " + role(t) + "; INSERT INTO t VALUES (1)":            1,
		"SET lock_timeout = 1; SET application_name = 'x'; INSERT INTO t VALUES (1)":     1,
		"SAVEPOINT s; INSERT INTO t VALUES (2); ROLLBACK TO s; INSERT INTO t VALUES (1)": 2,
		"INSERT INTO t VALUES (1), (1); DELETE FROM t; INSERT INTO t VALUES (1)":         5,
		"INSERT INTO t VALUES (1)": 1,
	} {
		d.run(t, "TRUNCATE t")

		for range 2 {
			changed, err := d.Execute(t.Context(), source.Script{Text: script, IdempotencyKey: idempotencyKey(script)})
			require.NoError(t, err, script)
			require.Equal(t, want, changed, script)
			require.Equal(t, "{1}", d.value(t, "SELECT array_agg(id) FROM t"), script)
		}
	}

	require.Equal(t, "9", d.value(t, "SELECT count(*) FROM jobwright_ledger"))
}

func TestExecuteDoesNotRecordReadOnlyScript(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	_, err := d.Execute(t.Context(), source.Script{Text: "SET TRANSACTION READ ONLY; SELECT 1", IdempotencyKey: idempotencyKey("a")})
	require.NoError(t, err)

	_, done, err := d.Recorded(t.Context(), idempotencyKey("a"))
	require.NoError(t, err)
	require.False(t, done)
}

// rowsWithHook are rows that call a function before the first record is read.
type rowsWithHook struct {
	source.Rows

	before func()
}

func (h *rowsWithHook) Next(ctx context.Context) (source.Record, error) {
	if h.before != nil {
		h.before()
		h.before = nil
	}

	return h.Rows.Next(ctx)
}

func TestWriteReturnsRecordOfFasterAttempt(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	opened, err := openWith(t, map[string]any{"connStr": d.url, "maxConnections": 2})
	require.NoError(t, err)

	defer func() { require.NoError(t, opened.Close()) }()

	for _, mode := range []source.Mode{source.Append, source.Replace, source.Upsert} {
		key := idempotencyKey(string(mode))

		written, err := opened.(*postgres.Source).WriteTable(t.Context(),
			source.Write{Table: table("t"), Mode: mode, Key: []string{"id"}, IdempotencyKey: key},
			&rowsWithHook{records(ids, source.Record{int64(1)}), func() {
				d.run(t, `INSERT INTO jobwright_ledger
					VALUES ('j', 'run-1', '`+key.Step+`', 42, '{"conversions": [{"column": "a", "from": "b", "to": "c"}]}', now())`)
			}})
		require.NoError(t, err)
		require.Equal(t, source.Written{Rows: 42, Conversions: []source.Conversion{{Column: "a", From: "b", To: "c"}}}, written)
		require.Equal(t, "0", d.value(t, "SELECT count(*) FROM t"))
	}
}

func TestExecuteDoesNotRecordStatementOutsideOfTransaction(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id int);
		CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); END $$`)

	for _, statement := range []string{
		"VACUUM t", "CREATE INDEX CONCURRENTLY ON t (id)", "CALL commits()",
		"DO $$ BEGIN INSERT INTO t VALUES (3); COMMIT; END $$",
	} {
		_, err := d.Execute(t.Context(), source.Script{Text: statement + ";", IdempotencyKey: idempotencyKey(statement)})
		require.NoError(t, err)

		_, err = d.Execute(t.Context(), source.Script{Text: "SELECT 1; " + statement, IdempotencyKey: idempotencyKey(statement)})
		requireError(t, err, source.CodeQueryInvalid)
		require.ErrorContains(t, err, "in a script of its own")
	}

	require.Equal(t, "{1,2,3}", d.value(t, "SELECT array_agg(id ORDER BY id) FROM t"))
	require.Equal(t, "0", d.value(t, "SELECT count(*) FROM jobwright_ledger"))
}
