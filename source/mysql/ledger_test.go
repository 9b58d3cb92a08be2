package mysql_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
	"github.com/jobwright/jobwright/source/mysql"
)

// idempotencyKey returns the key of a step.
func idempotencyKey(step string) source.IdempotencyKey {
	return source.IdempotencyKey{Job: "job", Run: "run", Step: step}
}

// as returns the write with the idempotency key of a step.
func as(step string, write source.Write) source.Write {
	write.IdempotencyKey = idempotencyKey(step)

	return write
}

// unreadable returns rows whose Next fails the test.
func unreadable(t *testing.T, rows source.Rows) source.Rows {
	t.Helper()

	return &before{Rows: rows, do: func(context.Context) { t.Error("a row was read") }}
}

// persist calls do until it succeeds or returns an error that is not retryable.
func persist(t *testing.T, do func() (source.Written, error)) (source.Written, error) {
	t.Helper()

	for {
		written, err := do()

		var problem *source.Error
		if !errors.As(err, &problem) || !problem.Retryable {
			return written, err
		}
	}
}

// change is a write to the table t, which contains 1 or is missing, or a script.
type change struct {
	mode    source.Mode // Empty for the script.
	missing bool        // Whether the table does not exist.
	after   string      // The table's values after the change took effect once.
}

var changes = map[string]change{
	"replace":                 {mode: source.Replace, after: "2,3"},
	"replace missing table":   {mode: source.Replace, missing: true, after: "2,3"},
	"refill":                  {mode: source.Refill, after: "2,3"},
	"append":                  {mode: source.Append, after: "1,2,3"},
	"append to missing table": {mode: source.Append, missing: true, after: "2,3"},
	"insert":                  {mode: source.Insert, after: "1,2,3"},
	"upsert":                  {mode: source.Upsert, after: "1,2,3"},
	"upsert to missing table": {mode: source.Upsert, missing: true, after: "2,3"},
	"delete":                  {mode: source.Delete, after: "1"},
	"script":                  {after: "1,2,3"},
}

// begin creates the table in its initial state.
func (d change) begin(t *testing.T, stage *database) {
	t.Helper()

	if !d.missing {
		stage.prepare(t, "CREATE TABLE t (id BIGINT)", "INSERT INTO t VALUES (1)")
	}

	if d.mode == source.Delete {
		stage.prepare(t, "INSERT INTO t VALUES (2), (3)")
	}
}

// do makes the change. wrap returns the rows to write.
func (d change) do(ctx context.Context, stage *database, wrap func(source.Rows) source.Rows) (source.Written, error) {
	if d.mode == "" {
		rows, err := stage.Execute(ctx, source.Script{
			Text: "INSERT INTO t VALUES (2); INSERT INTO t VALUES (3)", IdempotencyKey: idempotencyKey("a"),
		})

		return source.Written{Rows: rows}, err
	}

	write := to("t", d.mode)
	if d.mode.Keyed() {
		write.Key = []string{"id"}
	}

	return stage.WriteTable(ctx, as("a", write), wrap(numbers(2, 3)))
}

func unwrapped(rows source.Rows) source.Rows { return rows }

// ids returns the values of the table.
func ids(t *testing.T, stage *database) string {
	t.Helper()

	return stage.ask(t, "SELECT COALESCE(GROUP_CONCAT(id ORDER BY id), '') FROM t")
}

func TestWriteTakesEffectOnceInEveryMode(t *testing.T) {
	t.Parallel()

	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			stage := open(t)
			change.begin(t, stage)

			written, err := change.do(t.Context(), stage, unwrapped)
			require.NoError(t, err)
			require.Equal(t, source.Written{Rows: 2}, written)
			require.Equal(t, change.after, ids(t, stage))

			for _, stage := range []*database{stage, openAt(t, stage.dsn)} {
				written, err = change.do(t.Context(), stage, func(rows source.Rows) source.Rows { return unreadable(t, rows) })
				require.NoError(t, err)
				require.Equal(t, source.Written{Rows: 2}, written)
				require.Equal(t, change.after, ids(t, stage))
			}

			require.Equal(t, "1", stage.ask(t, "SELECT COUNT(*) FROM jobwright_ledger"))
		})
	}
}

// cuts returns the statements whose responses the test loses, with the number of such statements before.
func (d change) cuts() map[string]int {
	switch {
	case d.mode == source.Replace || d.missing:
		return map[string]int{"RENAME TABLE": 0, "COMMIT": 0}
	case d.mode.Keyed():
		return map[string]int{"COMMIT": 1, "DROP TEMPORARY": 0} // The first COMMIT loads the temporary table.
	}

	return map[string]int{"COMMIT": 0}
}

func TestWriteTakesEffectOnceAfterLostResponse(t *testing.T) {
	t.Parallel()

	for name, change := range changes {
		for statement, skips := range change.cuts() {
			for _, answered := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, %s, answered %v", name, statement, answered), func(t *testing.T) {
					t.Parallel()

					direct := open(t)
					change.begin(t, direct)

					stage, cable := through(t, direct)
					cable.cut(statement, skips, answered)

					_, err := change.do(t.Context(), stage, unwrapped)
					requireProblem(t, err, source.CodeUnavailable, true)
					require.Equal(t, 1, cable.count())

					written, err := persist(t, func() (source.Written, error) { return change.do(t.Context(), stage, unwrapped) })
					require.NoError(t, err)
					require.Equal(t, source.Written{Rows: 2}, written)
					require.Equal(t, change.after, ids(t, direct))

					recorded, found, err := stage.Recorded(t.Context(), idempotencyKey("a"))
					require.NoError(t, err)
					require.True(t, found)
					require.Equal(t, written, recorded)
				})
			}
		}
	}
}

// The change takes effect once even if an attempt ends after it renames the table and before it adds the record.
func TestReplaceWithoutRecordIsRecordedByNextAttempt(t *testing.T) {
	t.Parallel()

	for name, change := range changes {
		if change.mode != source.Replace && !change.missing {
			continue
		}

		t.Run(name, func(t *testing.T) {
			t.Parallel()

			stage := open(t)
			change.begin(t, stage)

			_, err := change.do(t.Context(), stage, unwrapped)
			require.NoError(t, err)
			stage.prepare(t, "DELETE FROM jobwright_ledger")

			_, found, err := stage.Recorded(t.Context(), idempotencyKey("a"))
			require.NoError(t, err)
			require.False(t, found)

			for range 2 {
				written, err := change.do(t.Context(), stage, func(rows source.Rows) source.Rows { return unreadable(t, rows) })
				require.NoError(t, err)
				require.Equal(t, source.Written{Rows: 2}, written)
				require.Equal(t, change.after, ids(t, stage))
			}

			_, found, err = stage.Recorded(t.Context(), idempotencyKey("a"))
			require.NoError(t, err)
			require.True(t, found)
			stage.write(t, as("b", to("t", source.Append)), numbers(4))
			require.Equal(t, change.after+",4", ids(t, stage), "a write with another key")
		})
	}
}

func TestConcurrentAttemptsTakeEffectOnce(t *testing.T) {
	t.Parallel()

	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for range 5 {
				stage := open(t)
				change.begin(t, stage)

				var group sync.WaitGroup

				results := make([]source.Written, 3)

				for i := range results {
					attempt := openAt(t, stage.dsn)

					group.Go(func() {
						var err error

						results[i], err = persist(t, func() (source.Written, error) { return change.do(t.Context(), attempt, unwrapped) })
						if err != nil {
							t.Error(err)
						}
					})
				}

				group.Wait()
				require.Equal(t, []source.Written{{Rows: 2}, {Rows: 2}, {Rows: 2}}, results)
				require.Equal(t, change.after, ids(t, stage))
			}
		})
	}
}

func TestAttemptTerminatesEarlierAttemptWithLocks(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"refill", "append", "replace"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			stage := open(t)
			changes[name].begin(t, stage)

			cutOff := openAt(t, stage.dsn)
			hangs, resume := make(chan struct{}), make(chan struct{})
			older := make(chan error)
			second := false

			go func() {
				_, err := changes[name].do(t.Context(), cutOff, func(rows source.Rows) source.Rows {
					return &before{Rows: rows, do: func(context.Context) {
						if second {
							close(hangs)
							<-resume
						}

						second = !second
					}}
				})
				older <- err
			}()

			<-hangs

			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()

			written, err := changes[name].do(ctx, stage, unwrapped)
			require.NoError(t, err)
			require.Equal(t, source.Written{Rows: 2}, written)
			close(resume)
			requireProblem(t, <-older, source.CodeUnavailable, true)
			require.Equal(t, changes[name].after, ids(t, stage))
			requireNoStagingTables(t, stage)
		})
	}
}

func TestAttemptWaitsForEarlierAttemptOfAnotherUser(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, as("first", to("t", source.Replace)), numbers(1))

	other := limited(t, stage, nil, "ALL ON "+stage.ask(t, "SELECT DATABASE()")+".*")
	write := as("a", to("t", source.Replace))
	second := false
	rows := &before{Rows: numbers(2, 3), do: func(ctx context.Context) {
		if !second {
			second = true

			_, err := other.WriteTable(ctx, write, unreadable(t, numbers(2, 3)))
			require.Contains(t, requireProblem(t, err, source.CodeUnavailable, true).Message, "an earlier attempt")
		}
	}}

	stage.write(t, write, rows)

	written, err := other.WriteTable(t.Context(), write, unreadable(t, numbers(2, 3)))
	require.NoError(t, err)
	require.Equal(t, source.Written{Rows: 2}, written)
}

func TestAttemptTerminatesEarlierScript(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id BIGINT PRIMARY KEY)")

	script := func(end string) source.Script {
		return source.Script{Text: "INSERT INTO t VALUES (1)" + end, IdempotencyKey: idempotencyKey("a")}
	}
	older := make(chan error)

	go func() {
		_, err := stage.Execute(t.Context(), script("; DO SLEEP(1000)"))
		older <- err
	}()

	require.Eventually(t, func() bool {
		return stage.ask(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User sleep'") == "1"
	}, time.Minute, 10*time.Millisecond)

	changed, err := openAt(t, stage.dsn).Execute(t.Context(), script(""))
	require.NoError(t, err)
	require.EqualValues(t, 1, changed)
	requireProblem(t, <-older, source.CodeUnavailable, true)
	require.Len(t, stage.table(t, "t"), 1)
}

func TestWriteRollsBackIfRecordFails(t *testing.T) {
	t.Parallel()

	for name, change := range changes {
		if change.mode == source.Replace || change.missing {
			continue
		}

		t.Run(name, func(t *testing.T) {
			t.Parallel()

			stage := open(t)
			change.begin(t, stage)
			stage.write(t, as("first", to("other", source.Replace)), numbers(1))
			stage.prepare(t, "CREATE TRIGGER g BEFORE INSERT ON jobwright_ledger FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no ink'")

			before := ids(t, stage)

			_, err := change.do(t.Context(), stage, unwrapped)
			require.Contains(t, requireProblem(t, err, source.CodeUnavailable, false).Message, "no ink")
			require.Equal(t, before, ids(t, stage))
		})
	}
}

func TestFailedScriptIsNotRecorded(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id BIGINT)")

	broken := numbers(1)
	broken.Failure = errors.New("broken")

	for _, mode := range []source.Mode{source.Replace, source.Append, source.Delete} {
		_, err := stage.WriteTable(t.Context(), as("a", to("t", mode)), broken)
		require.ErrorIs(t, err, broken.Failure)
	}

	_, err := stage.Execute(t.Context(), source.Script{Text: "INSERT INTO t VALUES (1); SELEKT", IdempotencyKey: idempotencyKey("a")})
	requireProblem(t, err, source.CodeQueryInvalid, false)

	_, found, err := stage.Recorded(t.Context(), idempotencyKey("a"))
	require.NoError(t, err)
	require.False(t, found)
	stage.write(t, as("a", to("t", source.Append)), numbers(1))
	require.Equal(t, "1", ids(t, stage))
}

func TestRecordedReturnsRecord(t *testing.T) {
	t.Parallel()

	stage := open(t)

	_, found, err := stage.Recorded(t.Context(), idempotencyKey("a"))
	require.NoError(t, err)
	require.False(t, found, "the ledger does not exist yet")

	rows := func() source.Rows { return one(source.Standard{Type: source.Decimal}, source.Number("1")) }
	conversions := []source.Conversion{{Column: "v", From: "decimal", To: "LONGTEXT"}}
	written := stage.write(t, as("a", to("t", source.Replace)), rows())
	require.Equal(t, conversions, written.Conversions)
	require.Equal(t, written, stage.write(t, as("a", to("t", source.Replace)), unreadable(t, rows())))

	written, found, err = stage.Recorded(t.Context(), idempotencyKey("a"))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, source.Written{Rows: 1, Conversions: conversions}, written)

	for _, other := range []source.IdempotencyKey{idempotencyKey("b"), idempotencyKey("A"), idempotencyKey("a "), {Job: "job", Run: "other", Step: "a"}, {}} {
		_, found, err = stage.Recorded(t.Context(), other)
		require.NoError(t, err)
		require.False(t, found)
	}

	require.Equal(t, `job run a 1 {"conversions":[{"column":"v","from":"decimal","to":"LONGTEXT"}]} 1`, stage.ask(t, "SELECT CONCAT_WS(' ', job, run, "+
		"step, `rows`, details, recorded_at BETWEEN UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE AND UTC_TIMESTAMP(6)) FROM jobwright_ledger"))

	stage.write(t, to("t", source.Append), rows())
	_, err = stage.Execute(t.Context(), source.Script{Text: "DELETE FROM t"})
	require.NoError(t, err)
	require.Equal(t, "1", stage.ask(t, "SELECT COUNT(*) FROM jobwright_ledger"), "a write without a key is not recorded")
}

func TestLedgerDistinguishesLongStepPaths(t *testing.T) {
	t.Parallel()

	stage := open(t)
	path := strings.Repeat("/ä株", 1000)

	for i := range int64(2) {
		for _, end := range []string{"x", "y"} {
			stage.write(t, as(path+end, to("t", source.Append)), numbers(i))
		}
	}

	require.Len(t, stage.table(t, "t"), 2)
}

func TestLedgerIsCreatedAgainAfterRemoval(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, as("a", to("t", source.Append)), numbers(1))
	stage.prepare(t, "DROP TABLE jobwright_ledger")

	_, found, err := stage.Recorded(t.Context(), idempotencyKey("a"))
	require.NoError(t, err)
	require.False(t, found)

	drop := true
	rows := func() source.Rows {
		return &before{Rows: numbers(2), do: func(context.Context) {
			if drop {
				drop = false

				stage.prepare(t, "DROP TABLE jobwright_ledger")
			}
		}}
	}

	_, err = stage.WriteTable(t.Context(), as("b", to("t", source.Append)), rows())
	requireProblem(t, err, source.CodeUnavailable, true)
	stage.write(t, as("b", to("t", source.Append)), rows())
	require.Equal(t, "1,2", ids(t, stage))
}

func TestLedgerOptionNamesTableAndDatabase(t *testing.T) {
	t.Parallel()

	stage, other := open(t), open(t)
	space := other.ask(t, "SELECT DATABASE()")

	for _, test := range []struct {
		option string
		in     *database
		table  string
	}{{"done", stage, "done"}, {space + ".done", other, "done"}, {"", stage, "jobwright_ledger"}} {
		opened, err := openWith(t, map[string]any{"connStr": stage.dsn, "ledger": test.option})
		require.NoError(t, err)

		for range 2 {
			_, err = opened.WriteTable(t.Context(), as(test.option, to("t", source.Append)), numbers(1))
			require.NoError(t, err)
		}

		require.Equal(t, "1", test.in.ask(t, "SELECT COUNT(*) FROM "+test.table))
	}

	require.Len(t, stage.table(t, "t"), 3)

	nowhere, err := openWith(t, map[string]any{"connStr": "root@tcp(" + stage.address + ")/"})
	require.NoError(t, err)

	_, err = nowhere.Execute(t.Context(), source.Script{Text: "SELECT 1", IdempotencyKey: idempotencyKey("a")})
	require.Contains(t, requireProblem(t, err, source.CodeUnavailable, false).Hint, "none")

	for _, option := range []string{".", "a.", ".a"} {
		_, err := openWith(t, map[string]any{"connStr": stage.dsn, "ledger": option})
		requireProblem(t, err, source.CodeDefinitionInvalid, false)
	}
}

func TestLedgerOptionNone(t *testing.T) {
	t.Parallel()

	stage := open(t)
	opened, err := openWith(t, map[string]any{"connStr": stage.dsn, "ledger": "none"})
	require.NoError(t, err)

	for range 2 {
		_, err := opened.WriteTable(t.Context(), as("a", to("t", source.Append)), numbers(1))
		require.NoError(t, err)
	}

	_, found, err := opened.Recorded(t.Context(), idempotencyKey("a"))
	require.NoError(t, err)
	require.False(t, found)
	require.Len(t, stage.table(t, "t"), 2)
	require.Equal(t, "0", stage.ask(t, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE '%ledger%'"))
}

// limited opens the source stage as a user with only these privileges.
func limited(t *testing.T, stage *database, options map[string]any, rights ...string) *mysql.Source {
	t.Helper()

	name := stage.ask(t, "SELECT DATABASE()")
	stage.prepare(t, "CREATE USER IF NOT EXISTS "+name+"@'127.0.0.1'", "REVOKE ALL PRIVILEGES, GRANT OPTION FROM "+name+"@'127.0.0.1'")

	for _, right := range rights {
		stage.prepare(t, "GRANT "+right+" TO "+name+"@'127.0.0.1'")
	}

	all := map[string]any{"connStr": stage.dsn, "user": name}
	maps.Copy(all, options)

	opened, err := openWith(t, all)
	require.NoError(t, err)

	return opened
}

func TestLedgerErrorWithoutPermission(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id BIGINT)")

	onTable := "SELECT, INSERT, DELETE ON t"
	write := as("a", to("t", source.Append))

	var hint string

	for _, rights := range [][]string{{onTable}, {onTable, "CREATE ON *.*"}, {"SELECT ON *.*", onTable}} {
		_, err := limited(t, stage, nil, rights...).WriteTable(t.Context(), write, unreadable(t, numbers(1)))
		problem := requireProblem(t, err, source.CodeUnavailable, false)
		require.Contains(t, problem.Message, "ledger")
		require.Contains(t, problem.Hint, "grant SELECT, INSERT and DELETE")
		require.Contains(t, problem.Hint, "ledger: none")

		hint = problem.Hint
	}

	_, err := limited(t, stage, map[string]any{"ledger": "none"}, onTable).WriteTable(t.Context(), write, numbers(1))
	require.NoError(t, err)

	_, statement, found := strings.Cut(hint, "create it with ")
	require.True(t, found)

	statement, _, _ = strings.Cut(statement, ";")
	stage.prepare(t, "DROP TABLE IF EXISTS jobwright_ledger", statement)

	for range 2 {
		_, err = limited(t, stage, nil, onTable, "SELECT, INSERT ON jobwright_ledger").WriteTable(t.Context(), write, numbers(2))
		require.NoError(t, err)
	}

	require.Equal(t, "1,2", ids(t, stage))
}

func TestLedgerErrorWithoutTransactions(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE jobwright_ledger (job TEXT, run CHAR(36), step VARCHAR(100), `rows` BIGINT, details TEXT, "+
		"recorded_at DATETIME(6), PRIMARY KEY (run, step)) ENGINE=Aria CHARACTER SET latin1")

	_, err := stage.WriteTable(t.Context(), as("b", to("t", source.Append)), unreadable(t, numbers(1)))
	require.Contains(t, requireProblem(t, err, source.CodeUnavailable, false).Hint, "InnoDB")
}

func TestLedgerIsProtectedFromSteps(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, as("a", to("t", source.Append)), numbers(1))

	space := stage.ask(t, "SELECT DATABASE()")
	before := stage.table(t, ledger.DefaultTable)

	for _, protected := range []source.Table{{Name: "Jobwright_Ledger"}, {Space: space, Name: ledger.DefaultTable}} {
		for _, mode := range []source.Mode{source.Replace, source.Append, source.Delete} {
			_, err := stage.WriteTable(t.Context(), source.Write{Table: protected, Mode: mode}, unreadable(t, numbers(1)))
			requireProblem(t, err, source.CodeOperationUnsupported, false)
		}

		requireProblem(t, stage.DropTable(t.Context(), protected), source.CodeOperationUnsupported, false)
	}

	for _, text := range []string{
		"DELETE FROM jobwright_ledger", "UPDATE `Jobwright_Ledger` SET step = 'b'", "DROP TABLE " + space + ".jobwright_ledger",
		"CREATE TEMPORARY TABLE jobwright_ledger (id INT)",
	} {
		_, err := stage.Execute(t.Context(), source.Script{Text: "SELECT 1; " + text})
		require.Contains(t, requireProblem(t, err, source.CodeQueryInvalid, false).Message, "statement 2, line 1: the table jobwright_ledger is the ledger")
	}

	require.Equal(t, before, stage.table(t, ledger.DefaultTable))

	_, err := stage.Execute(t.Context(), source.Script{Text: "SELECT * FROM jobwright_ledger; CREATE TABLE my_jobwright_ledger (id INT)"})
	require.NoError(t, err)
}

// A script that changes its session's state does not change where its record is added.
func TestExecuteRecordsScriptThatChangesSession(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id BIGINT)")

	for _, text := range []string{
		"USE mysql", "SET sql_mode = 'ANSI_QUOTES'; SET NAMES latin1; SET time_zone = '+05:00'", "LOCK TABLES t WRITE; INSERT INTO t VALUES (2)",
		"SET autocommit = 1", "CREATE TABLE u (id INT)",
	} {
		for range 2 {
			_, err := stage.Execute(t.Context(), source.Script{Text: "INSERT INTO t VALUES (1); " + text, IdempotencyKey: idempotencyKey(text)})
			require.NoError(t, err)
		}

		_, found, err := stage.Recorded(t.Context(), idempotencyKey(text))
		require.NoError(t, err)
		require.True(t, found)
	}

	require.Equal(t, "1,1,1,1,1,2", ids(t, stage))
}

func TestCheckDoesNotCountTheLedger(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, as("a", to("t", source.Append)), numbers(1))

	found, err := stage.Check(t.Context())
	require.NoError(t, err)
	require.Regexp(t, `, 1 table$`, found)
}

func TestWriteRemovesOldRecords(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, as("first", to("t", source.Append)), numbers(1))

	add := func(from, to, seconds int) {
		stage.prepare(t, fmt.Sprintf("INSERT INTO jobwright_ledger SELECT 'job', seq, 'old', 1, NULL, UTC_TIMESTAMP(6) - INTERVAL %d SECOND "+
			"FROM seq_%d_to_%d", seconds, from, to))
	}
	left := func() string { return stage.ask(t, "SELECT COUNT(*) FROM jobwright_ledger WHERE step = 'old'") }
	keep := int(ledger.Retention.Seconds())

	add(1, 150, keep+60)
	add(1001, 1005, keep-60)

	opened := openAt(t, stage.dsn)
	opened.write(t, as("a", to("t", source.Append)), numbers(1))
	require.Equal(t, "55", left(), "one batch is removed")

	_, err := opened.Execute(t.Context(), source.Script{Text: "SELECT 1", IdempotencyKey: idempotencyKey("b")})
	require.NoError(t, err)
	require.Equal(t, "5", left())

	add(1, 1, keep+60)
	opened.write(t, as("c", to("t", source.Append)), numbers(1))
	require.Equal(t, "6", left(), "an hour has not passed")
}

func TestWriteSucceedsIfOldRecordsCannotBeRemoved(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, as("first", to("t", source.Append)), numbers(1))
	stage.prepare(t, "INSERT INTO jobwright_ledger VALUES ('job', 'run', 'old', 1, NULL, '1999-01-01')",
		"CREATE TRIGGER g BEFORE DELETE ON jobwright_ledger FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'kept for ever'")

	opened := openAt(t, stage.dsn)

	for _, step := range []string{"a", "b"} {
		require.EqualValues(t, 1, opened.write(t, as(step, to("t", source.Append)), numbers(1)).Rows)
	}

	found, err := opened.Check(t.Context())
	require.NoError(t, err)
	require.Contains(t, found, "kept for ever")
}

// A session that removes old records holds locks on them.
func TestWriteSucceedsIfOldRecordsAreLocked(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, as("first", to("t", source.Append)), numbers(1))
	stage.prepare(t, "INSERT INTO jobwright_ledger VALUES ('job', 'run', 'old', 1, NULL, '1999-01-01')")

	tx, err := stage.other.BeginTx(t.Context(), nil)
	require.NoError(t, err)

	_, err = tx.ExecContext(t.Context(), "DELETE FROM jobwright_ledger WHERE run = 'run' AND step = 'old'")
	require.NoError(t, err)

	opened := openAt(t, stage.dsn)

	for _, step := range []string{"a", "b"} {
		require.EqualValues(t, 1, opened.write(t, as(step, to("t", source.Append)), numbers(1)).Rows)
	}

	require.NoError(t, tx.Rollback())
}
