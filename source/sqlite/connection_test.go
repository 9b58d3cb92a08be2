package sqlite_test

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// stallingQuery returns one record and then runs until it is interrupted.
const stallingQuery = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 2"

func TestRowsNextInterruptsQueryWhenContextEnds(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	rows, err := stage.Query(t.Context(), stallingQuery, nil)
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
	require.Equal(t, []source.Record{{int64(1)}}, collect(t, rows, err), "the connection runs the next query")
}

func TestRowsCloseInterruptsRunningQuery(t *testing.T) {
	t.Parallel()

	rows, err := open(t, t.TempDir()).Query(t.Context(), stallingQuery, nil)
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

func TestExecuteInterruptsScriptWhenContextEnds(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1))

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()

	_, err := stage.Execute(ctx, source.Script{Text: "DELETE FROM t; INSERT INTO t " + endlessQuery})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"))
	replace(t, stage, "t", numbers(2))
}

// In the synctest bubble, time passes as soon as all goroutines wait.
func TestWriteTableStopsWaitingForLockWhenContextEnds(t *testing.T) {
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

func TestWriteTableReturnsRetryableErrorWhenLocked(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	replace(t, open(t, dir), "t", numbers(1))

	unlock := lock(t, dir)

	synctest.Test(t, func(t *testing.T) {
		stage := open(t, dir)
		start := time.Now()

		_, err := stage.WriteTable(t.Context(), replacing("t"), numbers(2))
		problem := requireProblem(t, err, source.CodeUnavailable, true)
		require.Equal(t, "another process holds the database's lock", problem.Hint)
		require.GreaterOrEqual(t, time.Since(start), 5*time.Second)
		require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"), "reading does not need the lock")
	})

	unlock()
	replace(t, open(t, dir), "t", numbers(2))
}

// endlessQuery returns no record and runs until it is interrupted.
const endlessQuery = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 1"

func TestQueryInterruptsStatementWhenContextEnds(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()

	_, err := stage.Query(ctx, endlessQuery, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestConnectCreatesNoFileThatOthersCanRead(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	stage := open(t, dir)
	replace(t, stage, "t", numbers(1))

	rows, err := read(t, stage, "t") // While a connection is open, the files of the write-ahead log exist.
	require.NoError(t, err)

	found, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, found, 3)

	for _, file := range found {
		info, err := file.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o027, "%s has %s", file.Name(), info.Mode())
	}

	require.NoError(t, rows.Close())
}
