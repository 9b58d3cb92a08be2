package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqlite"
)

// stalling is a query that returns one record, and then runs until it is aborted.
const stalling = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 2"

func TestAQueryThatStallsAfterItsFirstRecordEndsWithTheContext(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	rows, err := stage.Query(t.Context(), stalling, nil)
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()

	start := time.Now()

	_, err = rows.Next(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(start), time.Second)
	require.NoError(t, rows.Close())

	rows, err = stage.Query(t.Context(), "SELECT 1", nil)
	require.Equal(t, []source.Record{{int64(1)}}, collect(t, rows, err), "the connection serves the next one")
}

func TestAQueryThatStallsEndsWhenItIsClosed(t *testing.T) {
	t.Parallel()

	rows, err := open(t, t.TempDir()).Query(t.Context(), stalling, nil)
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	ended := make(chan error)
	begun := make(chan struct{})

	go func() {
		close(begun)

		_, err := rows.Next(t.Context())
		ended <- err
	}()

	<-begun
	require.NoError(t, rows.Close())
	require.Error(t, <-ended)

	_, err = rows.Next(t.Context())
	requireProblem(t, err, source.CodeUnavailable, false)
}

func TestAScriptThatRunsOnEndsWithItsContext(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1))

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()

	_, err := stage.Execute(ctx, source.Script{Text: "DELETE FROM t; INSERT INTO t " + endless})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"))
	replace(t, stage, "t", numbers(2))
}

// In the bubble, the seconds that SQLite waits for the lock would pass at once.
func TestWaitingForALockEndsWithTheContext(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	replace(t, open(t, dir), "t", numbers(1))
	lock(t, dir)

	synctest.Test(t, func(t *testing.T) {
		stage := open(t, dir)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()

		start := time.Now()

		_, err := stage.WriteTable(ctx, replacing("t"), numbers(2))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestManyMayReadAndWriteAtOnce(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "sum", numbers(0))

	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			own := fmt.Sprint("t", i)

			for range 5 {
				replace(t, stage, own, numbers(1, 2, 3))

				if len(table(t, stage, own)) != 3 {
					t.Error("a table does not hold what was written")
				}

				if _, err := stage.Execute(t.Context(), source.Script{Text: "UPDATE sum SET id = id + 1"}); err != nil {
					t.Error(err)
				}
			}
		})
	}

	group.Wait()
	require.Equal(t, []source.Record{{int64(40)}}, table(t, stage, "sum"))
}

// In the bubble, the minute passes at once. It is longer than the lock of another process is waited for.
func TestWritersTakeTurns(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		stage := open(t, t.TempDir())
		first := numbers(1)
		ended := make(chan error)

		first.before = sync.OnceFunc(func() { // The others begin when the first is in the middle of it.
			go func() {
				_, err := stage.WriteTable(t.Context(), replacing("t"), numbers(2))
				ended <- err
			}()

			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()

			_, err := stage.WriteTable(ctx, replacing("t"), numbers(3))
			require.ErrorIs(t, err, context.DeadlineExceeded, "its turn never came")
		})

		replace(t, stage, "t", first)
		require.NoError(t, <-ended)
		require.Equal(t, []source.Record{{int64(2)}}, table(t, stage, "t"))
	})
}

// In the bubble, the seconds of waiting pass at once.
func TestMoreReadersThanConnectionsAreToldToComeAgain(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		opened, err := sqlite.Open(t.Context(), source.Definition{
			Name: "stage", Options: map[string]any{"maxConnections": 1},
		}, source.Place{DataDir: t.TempDir()})
		require.NoError(t, err)

		stage := opened.(database)

		rows, err := stage.Query(t.Context(), "SELECT 1", nil)
		require.NoError(t, err)

		_, err = stage.Query(t.Context(), "SELECT 2", nil)
		problem := requireProblem(t, err, source.CodeUnavailable, true)
		require.Contains(t, problem.Hint, "maxConnections")

		require.NoError(t, rows.Close())

		rows, err = stage.Query(t.Context(), "SELECT 3", nil)
		require.Equal(t, []source.Record{{int64(3)}}, collect(t, rows, err))
		require.NoError(t, stage.Close())
	})
}

func TestACheckSaysWhatItFound(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1))

	_, err := stage.Execute(t.Context(), source.Script{Text: "CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT)"})
	require.NoError(t, err)

	found, err := stage.Check(t.Context())
	require.NoError(t, err)
	require.Regexp(t, `^SQLite 3\.\d+\.\d+, 2 tables$`, found)
}

func TestACheckTellsThatTheFileIsNoDatabase(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/stage.db", []byte("this is a letter and no database at all"), 0o600))

	_, err := open(t, dir).Check(t.Context())
	requireProblem(t, err, source.CodeUnavailable, false)
}

func TestAClosedSourceAnswersNothing(t *testing.T) {
	t.Parallel()

	opened, err := sqlite.Open(t.Context(), source.Definition{Name: "stage"}, source.Place{DataDir: t.TempDir()})
	require.NoError(t, err)

	rows, err := opened.(database).Query(t.Context(), "SELECT 1", nil)
	require.NoError(t, err)
	require.NoError(t, opened.Close())
	require.NoError(t, opened.Close())
	require.Equal(t, []source.Record{{int64(1)}}, collect(t, rows, nil), "what was begun is ended")

	_, err = opened.Check(t.Context())
	requireProblem(t, err, source.CodeUnavailable, false)
}

func TestATableMayBeDroppedTwiceAndAViewNot(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1))

	_, err := stage.Execute(t.Context(), source.Script{Text: "CREATE VIEW v AS SELECT 1"})
	require.NoError(t, err)

	for range 2 {
		require.NoError(t, stage.DropTable(t.Context(), source.Table{Name: "t"}))
	}

	_, err = read(t, stage, "t")
	requireProblem(t, err, source.CodeTableNotFound, false)
	requireProblem(t, stage.DropTable(t.Context(), source.Table{Name: "v"}), source.CodeQueryInvalid, false)
	requireProblem(t, stage.DropTable(t.Context(), source.Table{Space: "main", Name: "t"}), source.CodeTableNotFound, false)
}
