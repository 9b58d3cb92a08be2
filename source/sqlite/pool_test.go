package sqlite_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqlite"
)

func TestSourceAllowsConcurrentReadsAndWrites(t *testing.T) {
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
					t.Error("the table does not contain the written records")
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

// The minute, which passes at once in the synctest bubble, is longer than busyTimeout.
func TestWriteTableWaitsForEarlierWriteWithoutTimeout(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		stage := open(t, t.TempDir())
		first := numbers(1)
		ended := make(chan error)

		first.before = sync.OnceFunc(func() { // The other writes start during the first.
			go func() {
				_, err := stage.WriteTable(t.Context(), replacing("t"), numbers(2))
				ended <- err
			}()

			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()

			_, err := stage.WriteTable(ctx, replacing("t"), numbers(3))
			require.ErrorIs(t, err, context.DeadlineExceeded, "it waits until its context ends")
		})

		replace(t, stage, "t", first)
		require.NoError(t, <-ended)
		require.Equal(t, []source.Record{{int64(2)}}, table(t, stage, "t"))
	})
}

func TestQueryReturnsRetryableErrorWhenAllConnectionsAreInUse(t *testing.T) {
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

func TestCloseRefusesNewCallsAndKeepsOpenRows(t *testing.T) {
	t.Parallel()

	opened, err := sqlite.Open(t.Context(), source.Definition{Name: "stage"}, source.Place{DataDir: t.TempDir()})
	require.NoError(t, err)

	rows, err := opened.(database).Query(t.Context(), "SELECT 1", nil)
	require.NoError(t, err)
	require.NoError(t, opened.Close())
	require.NoError(t, opened.Close())
	require.Equal(t, []source.Record{{int64(1)}}, collect(t, rows, nil), "open rows stay readable")

	_, err = opened.Check(t.Context())
	requireProblem(t, err, source.CodeUnavailable, false)
}
