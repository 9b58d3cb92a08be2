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

func effect(step string) source.IdempotencyKey {
	return source.IdempotencyKey{Job: "job-1", Run: "run-1", Step: step}
}

var ids = source.Schema{column("id", source.Integer)}

// unreadable are rows that nobody may read.
type unreadable struct{ source.Rows }

func (unreadable) Next(context.Context) (source.Record, error) { return nil, errors.New("it is read") }

func TestAnEffectIsRecordedAndReturnedAgainWithoutReading(t *testing.T) {
	t.Parallel()

	for _, mode := range []source.Mode{
		source.Replace, source.Refill, source.Append, source.Insert, source.Upsert, source.Update, source.Delete,
	} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			d := newDatabase(t)
			d.run(t, "CREATE TABLE t (id text, v int); INSERT INTO t VALUES (7, 0)")

			write := source.Write{Table: table("t"), Mode: mode, Key: []string{"id"}, IdempotencyKey: effect("a")}
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

			held := d.value(t, "SELECT array_agg(t::text) FROM t")

			second, err := d.WriteTable(t.Context(), write, unreadable{records(columns)})
			require.NoError(t, err)
			require.Equal(t, first, second)
			require.Equal(t, held, d.value(t, "SELECT array_agg(t::text) FROM t"))

			found, done, err := d.Recorded(t.Context(), write.IdempotencyKey)
			require.NoError(t, err)
			require.True(t, done)
			require.Equal(t, first, found)

			require.Equal(t, "job-1 run-1 a 1", d.value(t, "SELECT concat_ws(' ', job, run, step, rows) FROM jobwright_ledger"))
			require.Equal(t, "true", d.value(t, "SELECT abs(extract(epoch FROM recorded_at - now())) < 60 FROM jobwright_ledger"))

			// Another effect is another one, and none at all leaves no row.
			for _, other := range []source.IdempotencyKey{{Job: "job-1", Run: "run-1", Step: "b"}, {Job: "job-1", Run: "run-2", Step: "a"}, {}} {
				write.IdempotencyKey = other

				_, err = d.WriteTable(t.Context(), write, records(columns, record))
				require.NoError(t, err)
			}

			require.Equal(t, "3", d.value(t, "SELECT count(*) FROM jobwright_ledger"))
		})
	}
}

func TestAWriteThatFailsRecordsNothing(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)`)

	write := source.Write{Table: table("t"), Mode: source.Insert, IdempotencyKey: effect("a")}
	twice := records(ids, source.Record{int64(7)}, source.Record{int64(7)})

	_, err := d.WriteTable(t.Context(), write, twice)
	requireError(t, err, source.CodeRecordInvalid) // By the commit itself.

	_, err = d.Execute(t.Context(), source.Script{Text: "INSERT INTO t VALUES (7), (7)", IdempotencyKey: effect("b")})
	requireError(t, err, source.CodeQueryInvalid)

	_, err = d.Execute(t.Context(), source.Script{Text: "INSERT INTO t VALUES (8); SELECT 1/0", IdempotencyKey: effect("b")})
	requireError(t, err, source.CodeQueryInvalid)

	require.Equal(t, "0", d.value(t, "SELECT count(*) FROM t"))
	require.Equal(t, "0", d.value(t, "SELECT count(*) FROM jobwright_ledger"))

	written, err := d.WriteTable(t.Context(), write, records(ids, source.Record{int64(7)}))
	require.NoError(t, err)
	require.EqualValues(t, 1, written.Rows)
}

func TestACopyIsRecordedAndReturnedAgainWithoutReading(t *testing.T) {
	t.Parallel()

	from, to := newDatabase(t), newDatabase(t)
	from.run(t, "CREATE TABLE t AS SELECT generate_series(1, 10) id")

	for range 2 {
		written, copied, err := to.CopyTable(t.Context(), from.Source, source.Read{Table: table("t")},
			source.Write{Table: table("t"), Mode: source.Append, IdempotencyKey: effect("a")}, nil)
		require.NoError(t, err)
		require.True(t, copied)
		require.EqualValues(t, 10, written.Rows)
		require.Equal(t, "10", to.value(t, "SELECT count(*) FROM t"))

		from.run(t, "DROP TABLE IF EXISTS t")
	}
}

// change changes a table t by a script or a write, as one attempt of an effect, and returns how many records it changed.
type change func(d *postgres.Source, ctx context.Context, effect source.IdempotencyKey, id int64) (int64, error)

func writing(mode source.Mode) change {
	return func(d *postgres.Source, ctx context.Context, effect source.IdempotencyKey, id int64) (int64, error) {
		written, err := d.WriteTable(ctx, source.Write{Table: table("t"), Mode: mode, Key: []string{"id"}, IdempotencyKey: effect},
			records(ids, source.Record{id}))

		return written.Rows, err
	}
}

func running(script string) change {
	return func(d *postgres.Source, ctx context.Context, effect source.IdempotencyKey, id int64) (int64, error) {
		return d.Execute(ctx, source.Script{Text: script, Bind: map[string]any{"id": id}, IdempotencyKey: effect})
	}
}

var changes = map[string]change{
	"append":              writing(source.Append),
	"insert":              writing(source.Insert),
	"a script":            running("INSERT INTO t VALUES (:id)"),
	"a script of several": running("INSERT INTO t VALUES (:id); SELECT 1"),
}

func TestAnEffectWhoseCommitIsCutHappensOnce(t *testing.T) {
	t.Parallel()

	for name, attempt := range changes {
		for cut, held := range map[int32]string{cutCommit: "0", cutAnswer: "1"} {
			t.Run(fmt.Sprint(name, cut), func(t *testing.T) {
				t.Parallel()

				d := newDatabase(t)
				d.run(t, "CREATE TABLE t (id bigint)")

				through, address := newProxy(t, d.url)
				stage := open(t, address)

				_, err := attempt(stage, t.Context(), effect("first"), 0) // It makes the ledger, which is a commit too.
				require.NoError(t, err)

				through.cuts.Store(cut)

				_, err = attempt(stage, t.Context(), effect("a"), 1)
				require.True(t, requireError(t, err, source.CodeUnavailable).Retryable, "%v", err)
				d.eventually(t, held, "SELECT count(*) FROM t WHERE id = 1")

				for range 2 {
					changed, err := attempt(stage, t.Context(), effect("a"), 1)
					require.NoError(t, err)
					require.EqualValues(t, 1, changed)
					require.Equal(t, "1", d.value(t, "SELECT count(*) FROM t WHERE id = 1"))
				}
			})
		}
	}
}

func TestWithoutALedgerNobodyKnowsWhatBecameOfACommitThatIsCut(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	through, address := newProxy(t, d.url)

	unkept, err := openWith(t, map[string]any{"connStr": address, "ledger": "none"})
	require.NoError(t, err)

	defer func() { require.NoError(t, unkept.Close()) }()

	for _, name := range []string{"append", "insert", "a script of several"} {
		for stage, of := range map[*postgres.Source]source.IdempotencyKey{open(t, address): {}, unkept.(*postgres.Source): effect("a")} {
			through.cuts.Store(cutAnswer)

			_, err = changes[name](stage, t.Context(), of, 1)
			require.False(t, requireError(t, err, source.CodeUnavailable).Retryable, name)
			require.ErrorContains(t, err, "check whether the change has been committed")

			_, done, err := stage.Recorded(t.Context(), of)
			require.NoError(t, err)
			require.False(t, done)
		}
	}

	require.Equal(t, "6", d.value(t, "SELECT count(*) FROM t"))
	require.Equal(t, "NULL", d.value(t, "SELECT to_regclass('jobwright_ledger')"))
}

func TestAttemptsAtTheSameTimeHaveOneEffect(t *testing.T) {
	t.Parallel()

	for name, attempt := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			d := newDatabase(t)
			d.run(t, "CREATE TABLE t (id bigint)")

			workers := []*postgres.Source{d.Source, open(t, d.url), open(t, d.url)}
			done := make(chan error)

			for round := range int64(25) {
				of := effect(fmt.Sprint("round ", round))

				for _, worker := range workers {
					go func() { done <- untilItIsDone(t.Context(), worker, attempt, of, round) }()
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

// untilItIsDone attempts an effect as long as another attempt may help.
func untilItIsDone(ctx context.Context, worker *postgres.Source, attempt change, of source.IdempotencyKey, id int64) error {
	for {
		changed, err := attempt(worker, ctx, of, id)

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

func TestAnOlderAttemptThatHangsDoesNotStopANewerOne(t *testing.T) {
	t.Parallel()

	hanging := func(mode source.Mode) change {
		return func(d *postgres.Source, ctx context.Context, of source.IdempotencyKey, _ int64) (int64, error) {
			_, err := d.WriteTable(ctx, source.Write{Table: table("t"), Mode: mode, IdempotencyKey: of},
				&waiting{Rows: records(ids), begun: make(chan struct{}), goOn: make(chan struct{})})

			return 0, err
		}
	}

	alone := func(statement string) change {
		return func(d *postgres.Source, ctx context.Context, of source.IdempotencyKey, _ int64) (int64, error) {
			return d.Execute(ctx, source.Script{Text: statement, IdempotencyKey: of})
		}
	}

	for name, older := range map[string]change{
		"refill":                   hanging(source.Refill),
		"append":                   hanging(source.Append),
		"in the commit":            writing(source.Append), // By the table's trigger, with the record in the ledger already.
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
					_, err := older(d.Source, ctx, effect("a"), 1)
					done <- err
				}()

				const atWork = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
					AND application_name ~ '^jobwright [0-9a-f]{16}$' AND (wait_event IN ('ClientRead', 'PgSleep'))`
				d.eventually(t, "1", atWork)

				changed, err := changes[newer](open(t, d.url), ctx, effect("a"), 2)
				require.NoError(t, err)
				require.EqualValues(t, 1, changed)
				require.Equal(t, "{2}", d.value(t, "SELECT array_agg(id) FROM t"))

				require.True(t, requireError(t, <-done, source.CodeUnavailable).Retryable)
			})
		}
	}
}

func TestAnAttemptEndsNoOtherEffects(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	begun, goOn := make(chan struct{}), make(chan struct{})
	done := make(chan error)

	go func() {
		_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Append, IdempotencyKey: effect("a")},
			&waiting{Rows: records(ids, source.Record{int64(1)}), begun: begun, goOn: goOn})
		done <- err
	}()

	<-begun

	for name, attempt := range changes {
		_, err := attempt(d.Source, t.Context(), effect(name), 2)
		require.NoError(t, err)
	}

	close(goOn)
	require.NoError(t, <-done)

	// What the session of an attempt is called ends with it.
	require.Equal(t, "0", d.value(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
		AND application_name LIKE 'jobwright %' AND state = 'idle'`))
}

func TestToAskWhetherAnEffectIsRecordedEndsAnOlderAttempt(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	begun := make(chan struct{})
	done := make(chan error, 1)

	go func() {
		_, err := d.WriteTable(ctx, source.Write{Table: table("t"), Mode: source.Refill, IdempotencyKey: effect("a")},
			&waiting{Rows: records(ids), begun: begun, goOn: make(chan struct{})})
		done <- err
	}()

	<-begun

	_, recorded, err := d.Recorded(t.Context(), effect("b"))
	require.NoError(t, err)
	require.False(t, recorded)
	require.Empty(t, done)

	_, recorded, err = open(t, d.url).Recorded(t.Context(), effect("a"))
	require.NoError(t, err)
	require.False(t, recorded)
	require.True(t, requireError(t, <-done, source.CodeUnavailable).Retryable)
}

func TestAScriptIsRecordedWhateverItSets(t *testing.T) {
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
			changed, err := d.Execute(t.Context(), source.Script{Text: script, IdempotencyKey: effect(script)})
			require.NoError(t, err, script)
			require.Equal(t, want, changed, script)
			require.Equal(t, "{1}", d.value(t, "SELECT array_agg(id) FROM t"), script)
		}
	}

	require.Equal(t, "9", d.value(t, "SELECT count(*) FROM jobwright_ledger"))
}

func TestAScriptThatOnlyReadsNeedsNoRecord(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	_, err := d.Execute(t.Context(), source.Script{Text: "SET TRANSACTION READ ONLY; SELECT 1", IdempotencyKey: effect("a")})
	require.NoError(t, err)

	_, done, err := d.Recorded(t.Context(), effect("a"))
	require.NoError(t, err)
	require.False(t, done)
}

// hooked are rows that do something before the first of them is read.
type hooked struct {
	source.Rows

	before func()
}

func (h *hooked) Next(ctx context.Context) (source.Record, error) {
	if h.before != nil {
		h.before()
		h.before = nil
	}

	return h.Rows.Next(ctx)
}

func TestAnAttemptThatComesSecondChangesNothing(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id bigint)")

	opened, err := openWith(t, map[string]any{"connStr": d.url, "maxConnections": 2})
	require.NoError(t, err)

	defer func() { require.NoError(t, opened.Close()) }()

	for _, mode := range []source.Mode{source.Append, source.Replace, source.Upsert} {
		of := effect(string(mode))

		written, err := opened.(*postgres.Source).WriteTable(t.Context(),
			source.Write{Table: table("t"), Mode: mode, Key: []string{"id"}, IdempotencyKey: of},
			&hooked{records(ids, source.Record{int64(1)}), func() {
				d.run(t, `INSERT INTO jobwright_ledger
					VALUES ('j', 'run-1', '`+of.Step+`', 42, '{"conversions": [{"column": "a", "from": "b", "to": "c"}]}', now())`)
			}})
		require.NoError(t, err)
		require.Equal(t, source.Written{Rows: 42, Conversions: []source.Conversion{{Column: "a", From: "b", To: "c"}}}, written)
		require.Equal(t, "0", d.value(t, "SELECT count(*) FROM t"))
	}
}

func TestAStatementThatCannotBeInATransactionLeavesNoRecord(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id int);
		CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); END $$`)

	for _, statement := range []string{
		"VACUUM t", "CREATE INDEX CONCURRENTLY ON t (id)", "CALL commits()",
		"DO $$ BEGIN INSERT INTO t VALUES (3); COMMIT; END $$",
	} {
		_, err := d.Execute(t.Context(), source.Script{Text: statement + ";", IdempotencyKey: effect(statement)})
		require.NoError(t, err)

		_, err = d.Execute(t.Context(), source.Script{Text: "SELECT 1; " + statement, IdempotencyKey: effect(statement)})
		requireError(t, err, source.CodeQueryInvalid)
		require.ErrorContains(t, err, "in a script of its own")
	}

	require.Equal(t, "{1,2,3}", d.value(t, "SELECT array_agg(id ORDER BY id) FROM t"))
	require.Equal(t, "0", d.value(t, "SELECT count(*) FROM jobwright_ledger"))
}
