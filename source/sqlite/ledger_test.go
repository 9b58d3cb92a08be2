package sqlite_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
)

// ledgerDefinition creates a ledger before the source does.
const ledgerDefinition = `CREATE TABLE jobwright_ledger (job TEXT, run TEXT, step TEXT, "rows" INTEGER, details TEXT,
	recorded_at TIMESTAMP, PRIMARY KEY (run, step))`

func idempotencyKey(step string) source.IdempotencyKey {
	return source.IdempotencyKey{Job: "job", Run: "run", Step: step}
}

// appending returns a write to the table t with an idempotency key.
func appending(step string) source.Write {
	return source.Write{Table: source.Table{Name: "t"}, Mode: source.Append, IdempotencyKey: idempotencyKey(step)}
}

// unreadable returns rows that fail the test when they are read.
func unreadable(t *testing.T) *records {
	t.Helper()

	rows := numbers(9)
	rows.before = func() { t.Error("the rows are read") }

	return rows
}

func TestWriteTableWritesOnceForAnIdempotencyKeyInEveryMode(t *testing.T) {
	t.Parallel()

	for _, mode := range []source.Mode{
		source.Replace, source.Refill, source.Append, source.Upsert, source.Insert, source.Update, source.Delete,
	} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, "CREATE TABLE t (id INTEGER, note TEXT)", "INSERT INTO t VALUES (1, 'old')")

			write := source.Write{Table: source.Table{Name: "t"}, Mode: mode, IdempotencyKey: idempotencyKey("a")}
			schema := source.Schema{column("id", source.Integer), column("note", source.Text)}

			if mode.Keyed() {
				write.Key = []string{"id"}
			}

			rows := &records{schema: schema, left: []source.Record{{int64(1), "new"}, {int64(2), "new"}}}
			if mode == source.Delete {
				rows = numbers(1, 2)
			}

			written, err := open(t, dir).WriteTable(t.Context(), write, rows)
			require.NoError(t, err)
			require.NotZero(t, written.Rows)

			after := table(t, open(t, dir), "t")
			again := unreadable(t)
			again.schema = rows.schema

			repeated, err := open(t, dir).WriteTable(t.Context(), write, again)
			require.NoError(t, err)
			require.Equal(t, written, repeated)
			require.Equal(t, after, table(t, open(t, dir), "t"))
		})
	}
}

func TestExecuteRunsOnceForAnIdempotencyKey(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	script := source.Script{
		Text:           "CREATE TABLE IF NOT EXISTS t (id); INSERT INTO t VALUES (1), (2); DELETE FROM t WHERE id = 1",
		IdempotencyKey: idempotencyKey("a"),
	}

	for range 2 {
		changed, err := stage.Execute(t.Context(), script)
		require.NoError(t, err)
		require.EqualValues(t, 3, changed)
		require.Equal(t, []source.Record{{int64(2)}}, table(t, stage, "t"))
	}

	script.IdempotencyKey.Run = "another"
	_, err := stage.Execute(t.Context(), script)
	require.NoError(t, err)
	require.Len(t, table(t, stage, "t"), 2)
}

func TestWritesWithoutIdempotencyKeyAreNotRecorded(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1))

	_, err := stage.Execute(t.Context(), source.Script{Text: "DELETE FROM t"})
	require.NoError(t, err)

	_, err = read(t, stage, ledger.DefaultTable)
	requireProblem(t, err, source.CodeTableNotFound, false)
}

func TestRecordedReturnsResultOfEarlierAttempt(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	_, found, err := stage.Recorded(t.Context(), idempotencyKey("a"))
	require.NoError(t, err)
	require.False(t, found, "there is no ledger yet")

	_, err = stage.WriteTable(t.Context(), appending("a"), numbers(1, 2, 3))
	require.NoError(t, err)

	written, found, err := stage.Recorded(t.Context(), idempotencyKey("a"))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, source.Written{Rows: 3}, written)

	for _, other := range []source.IdempotencyKey{idempotencyKey("b"), {Job: "job", Run: "another", Step: "a"}, {}} {
		_, found, err = stage.Recorded(t.Context(), other)
		require.NoError(t, err)
		require.False(t, found)
	}

	rows, err := stage.Query(t.Context(), `SELECT job, run, step, "rows", details,
		recorded_at BETWEEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 minute') AND strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
		FROM jobwright_ledger`, nil)
	require.Equal(t, []source.Record{{"job", "run", "a", int64(3), nil, int64(1)}}, collect(t, rows, err))
}

func TestFailedWritesAreNotRecorded(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	broken := numbers(1)
	broken.err = errors.New("broken")

	_, err := stage.WriteTable(t.Context(), appending("a"), broken)
	require.ErrorIs(t, err, broken.err)

	_, err = stage.Execute(t.Context(), source.Script{Text: "CREATE TABLE t (id); SELEKT", IdempotencyKey: idempotencyKey("b")})
	requireProblem(t, err, source.CodeQueryInvalid, false)

	for _, step := range []string{"a", "b"} {
		_, found, err := stage.Recorded(t.Context(), idempotencyKey(step))
		require.NoError(t, err)
		require.False(t, found)
	}

	_, err = stage.WriteTable(t.Context(), appending("a"), numbers(1))
	require.NoError(t, err)
	require.Len(t, table(t, stage, "t"), 1)
}

func TestWriteRollsBackWhenItCannotBeRecorded(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	prepare(t, dir, "CREATE TABLE t (id)", ledgerDefinition,
		"CREATE TRIGGER g BEFORE INSERT ON jobwright_ledger BEGIN SELECT RAISE(ABORT, 'read-only'); END")

	stage := open(t, dir)

	_, err := stage.WriteTable(t.Context(), appending("a"), numbers(1))
	require.Contains(t, requireProblem(t, err, source.CodeRecordInvalid, false).Message, "the ledger jobwright_ledger: read-only")

	_, err = stage.Execute(t.Context(), source.Script{Text: "INSERT INTO t VALUES (1)", IdempotencyKey: idempotencyKey("b")})
	require.Contains(t, requireProblem(t, err, source.CodeRecordInvalid, false).Message, "read-only")
	require.Empty(t, table(t, stage, "t"))
}

func TestConcurrentAttemptsWriteOnce(t *testing.T) {
	t.Parallel()

	const rounds = 30

	dir := t.TempDir()
	attempts := []database{open(t, dir), open(t, dir)} // As in two processes.
	replace(t, attempts[0], "t", numbers())

	for round := range rounds {
		var group sync.WaitGroup

		results := make([]source.Written, len(attempts))

		for i, stage := range attempts {
			group.Go(func() {
				var err error

				if results[i], err = stage.WriteTable(t.Context(), appending(fmt.Sprint(round)), numbers(1, 2)); err != nil {
					t.Error(err)
				}
			})
		}

		group.Wait()
		require.Equal(t, []source.Written{{Rows: 2}, {Rows: 2}}, results)
	}

	require.Len(t, table(t, attempts[0], "t"), 2*rounds)
}

// In the synctest bubble, time passes as soon as all goroutines wait.
func TestWriteWithIdempotencyKeyIsRetriedAfterLock(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	replace(t, open(t, dir), "t", numbers(1))
	unlock := lock(t, dir)

	synctest.Test(t, func(t *testing.T) {
		stage := open(t, dir)

		_, err := stage.WriteTable(t.Context(), appending("a"), numbers(2))
		requireProblem(t, err, source.CodeUnavailable, true)
	})

	unlock()

	stage := open(t, dir)

	_, err := stage.WriteTable(t.Context(), appending("a"), numbers(2))
	require.NoError(t, err)
	require.Len(t, table(t, stage, "t"), 2)
}

func TestLedgerIsRecreatedWhenItWasDropped(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	stage := open(t, dir)

	for range 2 {
		_, err := stage.WriteTable(t.Context(), appending("a"), numbers(1))
		require.NoError(t, err)

		_, found, err := stage.Recorded(t.Context(), idempotencyKey("a"))
		require.NoError(t, err)
		require.True(t, found)

		prepare(t, dir, "DROP TABLE jobwright_ledger")

		_, found, err = stage.Recorded(t.Context(), idempotencyKey("a"))
		require.NoError(t, err)
		require.False(t, found)
	}
}

func TestStepsCannotChangeTheLedger(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	_, err := stage.WriteTable(t.Context(), appending("a"), numbers(1))
	require.NoError(t, err)

	before := table(t, stage, ledger.DefaultTable)
	protected := source.Table{Name: "Jobwright_Ledger"}

	for _, mode := range []source.Mode{source.Replace, source.Append, source.Delete} {
		_, err := stage.WriteTable(t.Context(), source.Write{Table: protected, Mode: mode}, unreadable(t))
		require.Contains(t, requireProblem(t, err, source.CodeOperationUnsupported, false).Message, "ledger")
	}

	requireProblem(t, stage.DropTable(t.Context(), protected), source.CodeOperationUnsupported, false)

	for _, text := range []string{
		"DELETE FROM jobwright_ledger", "UPDATE [Jobwright_Ledger] SET step = 'b'", "DROP TABLE main.jobwright_ledger",
		`INSERT INTO jobwright_ledger (run, step, "rows") VALUES ('x', 'x', 1)`,
		"ALTER TABLE jobwright_ledger RENAME TO x", "CREATE INDEX i ON jobwright_ledger (job)",
		"CREATE TRIGGER g AFTER INSERT ON jobwright_ledger BEGIN DELETE FROM t; END",
		"CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM jobwright_ledger; END; INSERT INTO t VALUES (1)",
	} {
		_, err := stage.Execute(t.Context(), source.Script{Text: text})
		require.Contains(t, requireProblem(t, err, source.CodeQueryInvalid, false).Message, "ledger", text)
	}

	require.Equal(t, before, table(t, stage, ledger.DefaultTable))
}

// A temporary table of the ledger's name would otherwise hide the ledger.
func TestTemporaryTableDoesNotHideTheLedger(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	for _, text := range []string{
		"CREATE TEMP TABLE x AS SELECT 1 AS run; ALTER TABLE x RENAME TO jobwright_ledger", "SELECT 1",
	} {
		_, err := stage.Execute(t.Context(), source.Script{Text: text, IdempotencyKey: idempotencyKey(text)})
		require.NoError(t, err)

		_, found, err := stage.Recorded(t.Context(), idempotencyKey(text))
		require.NoError(t, err)
		require.True(t, found)
	}
}

func TestCheckDoesNotCountTheLedger(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	_, err := stage.WriteTable(t.Context(), appending("a"), numbers(1))
	require.NoError(t, err)

	found, err := stage.Check(t.Context())
	require.NoError(t, err)
	require.Regexp(t, `, 1 table$`, found)
}

// steps returns the number of ledger records whose step matches a pattern.
func steps(t *testing.T, stage database, like string) any {
	t.Helper()

	rows, err := stage.Query(t.Context(), "SELECT count(*) FROM jobwright_ledger WHERE step LIKE :like", map[string]any{"like": like})

	return collect(t, rows, err)[0][0]
}

// oldRows returns an INSERT of count expired records into the ledger.
func oldRows(count int) string {
	return fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO jobwright_ledger SELECT 'job', i, 'old', 1, NULL, '1999-01-01T00:00:00.000Z' FROM n`, count)
}

// In the synctest bubble, the hour passes at once.
func TestLedgerRemovesOldRecordsEveryHour(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	prepare(t, dir, ledgerDefinition, oldRows(1500))

	synctest.Test(t, func(t *testing.T) {
		prepare(t, dir, fmt.Sprintf(`INSERT INTO jobwright_ledger
			SELECT 'job', 'run', 'new', 1, NULL, strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 'now', '-%d seconds')`,
			int(ledger.Retention.Seconds())-60))

		stage := open(t, dir)
		write := func(step string) {
			_, err := stage.WriteTable(t.Context(), appending(step), numbers(1))
			require.NoError(t, err)
		}

		write("a")
		require.EqualValues(t, 500, steps(t, stage, "old"), "one round")
		write("b")
		require.EqualValues(t, 0, steps(t, stage, "old"))
		require.EqualValues(t, 1, steps(t, stage, "new"))

		prepare(t, dir, oldRows(1))
		write("c")
		require.EqualValues(t, 1, steps(t, stage, "old"), "an hour has not passed")
		<-time.After(time.Hour)
		write("d")
		require.EqualValues(t, 0, steps(t, stage, "old"))
	})
}

func TestCheckReportsThatOldLedgerRecordsCannotBeRemoved(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	prepare(t, dir, ledgerDefinition, oldRows(1),
		"CREATE TRIGGER g BEFORE DELETE ON jobwright_ledger BEGIN SELECT RAISE(ABORT, 'records are protected'); END")

	stage := open(t, dir)

	for _, step := range []string{"a", "b"} {
		written, err := stage.WriteTable(t.Context(), appending(step), numbers(1))
		require.NoError(t, err)
		require.EqualValues(t, 1, written.Rows)
	}

	found, err := stage.Check(t.Context())
	require.NoError(t, err)
	require.Contains(t, found, "records are protected")
}
