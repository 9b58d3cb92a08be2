package mysql_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestReplaceIsAtomicForReaders(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, to("t", source.Replace), numbers(0, 0, 0))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	var (
		reading sync.WaitGroup
		seen    [][]source.Record
		failed  error
	)

	reading.Go(func() {
		for ctx.Err() == nil && failed == nil {
			rows, err := stage.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "t"}})
			if err != nil {
				failed = err

				return
			}

			seen = append(seen, sourcetest.ReadAll(t, rows))
		}
	})

	for i := range int64(20) {
		stage.write(t, to("t", source.Replace), numbers(i, i, i))
	}

	cancel()
	reading.Wait()
	require.NoError(t, failed)
	require.NotEmpty(t, seen)

	for _, records := range seen {
		require.Len(t, records, 3)
		require.Equal(t, records[0], records[1])
		require.Equal(t, records[0], records[2])
	}
}

func TestReplaceReturnsRetryableErrorWhileTableIsRead(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id INT)", "INSERT INTO t SELECT seq FROM seq_1_to_50000")

	impatient := openAt(t, stage.dsn+"?lock_wait_timeout=1")

	rows, err := stage.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "t"}})
	require.NoError(t, err)

	_, err = impatient.WriteTable(t.Context(), to("t", source.Replace), numbers(1))
	require.Contains(t, requireProblem(t, err, source.CodeUnavailable, true).Hint, "lock")
	requireNoStagingTables(t, stage)
	require.Len(t, sourcetest.ReadAll(t, rows), 50_000)

	impatient.write(t, to("t", source.Replace), numbers(1))
	require.Len(t, stage.table(t, "t"), 1)
}

func TestWriteTableAcceptsRowsOfSameTable(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, to("t", source.Replace), numbers(1, 2))

	for _, mode := range []source.Mode{source.Replace, source.Refill} {
		rows, err := stage.Query(t.Context(), "SELECT id + 1 AS id FROM t", nil)
		require.NoError(t, err)
		stage.write(t, to("t", mode), rows)
		require.NoError(t, rows.Close())
	}

	require.Equal(t, []source.Record{{int64(3)}, {int64(4)}}, stage.table(t, "t"))
}

func TestConcurrentReplacesAreIndependent(t *testing.T) {
	t.Parallel()

	stage := open(t)
	first := true
	rows := &before{Rows: numbers(1, 2), do: func(context.Context) {
		if first {
			first = false

			stage.write(t, to("t", source.Replace), numbers(3))
			require.Equal(t, []source.Record{{int64(3)}}, stage.table(t, "t"))
		}
	}}

	_, err := stage.WriteTable(t.Context(), to("t", source.Replace), rows)
	requireProblem(t, err, source.CodeUnavailable, true) // The table did not exist when the write began.
	require.Equal(t, []source.Record{{int64(3)}}, stage.table(t, "t"))

	first = true
	rows.Rows = numbers(1, 2)
	stage.write(t, to("t", source.Replace), rows)
	require.Equal(t, []source.Record{{int64(1)}, {int64(2)}}, stage.table(t, "t"))
	requireNoStagingTables(t, stage)
}

func TestReplaceRejectsTableReferencedByForeignKeys(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id BIGINT PRIMARY KEY, up BIGINT, FOREIGN KEY (up) REFERENCES t (id))",
		"CREATE TABLE child (t BIGINT, FOREIGN KEY (t) REFERENCES t (id))")

	_, err := stage.WriteTable(t.Context(), to("t", source.Replace), numbers(1))
	require.Contains(t, requireProblem(t, err, source.CodeRecordInvalid, false).Message, "child")

	stage.write(t, to("t", source.Refill), numbers(1))
	stage.prepare(t, "DROP TABLE child")
	stage.write(t, to("t", source.Replace), numbers(1))
}

func TestFailedReplacePreservesTable(t *testing.T) {
	t.Parallel()

	broken := numbers(1)
	broken.Failure = errors.New("broken")

	twice := sourcetest.NewRows(source.Schema{
		sourcetest.Column("a", of(source.Integer)), sourcetest.Column("A", of(source.Integer)),
	})

	for name, rows := range map[string]source.Rows{
		"error of the rows": broken, "duplicate column": twice, "no columns": sourcetest.NewRows(nil),
		"invalid value": one(of(source.Datetime), utc(2024, 1, 1, 0, 0, 0, 1)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			stage := open(t)
			stage.write(t, to("t", source.Replace), numbers(5))

			_, err := stage.WriteTable(t.Context(), to("t", source.Replace), rows)
			require.Error(t, err)
			require.Equal(t, []source.Record{{int64(5)}}, stage.table(t, "t"))
			requireNoStagingTables(t, stage)
			stage.write(t, to("t", source.Replace), numbers(4)) // Nothing is locked.
		})
	}
}
