package sqlite_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// query returns the names of the columns and the records that a query returns.
func query(t *testing.T, in database, text string, bind map[string]any) ([]string, []source.Record) {
	t.Helper()

	rows, err := in.Query(t.Context(), text, bind)
	require.NoError(t, err)

	var names []string
	for _, column := range rows.Schema() {
		names = append(names, column.Name)
	}

	return names, collect(t, rows, nil)
}

func TestQueryIsCompiledAgainAfterAChangeOfTheSchema(t *testing.T) {
	t.Parallel()

	const all = "SELECT * FROM t"

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1, 2))

	names, got := query(t, stage, all, nil)
	require.Equal(t, []string{"id"}, names)
	require.Equal(t, []source.Record{{int64(1)}, {int64(2)}}, got)

	replace(t, stage, "t", &records{
		schema: source.Schema{column("name", source.Text), column("size", source.Float)}, left: []source.Record{{"a", 1.5}},
	})

	names, got = query(t, stage, all, nil)
	require.Equal(t, []string{"name", "size"}, names)
	require.Equal(t, []source.Record{{"a", 1.5}}, got)

	require.NoError(t, stage.DropTable(t.Context(), source.Table{Name: "t"}))

	_, err := stage.Query(t.Context(), all, nil)
	require.ErrorContains(t, err, "no such table")

	replace(t, stage, "t", numbers(3))

	_, got = query(t, stage, all, nil)
	require.Equal(t, []source.Record{{int64(3)}}, got)
}

func TestQueryRepeatsWithOtherValues(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1, 2, 3))

	for range 2 { // The cache keeps some of them.
		for n := range 40 {
			text := fmt.Sprintf("SELECT %d AS n, id FROM t WHERE id = :id", n)

			_, records := query(t, stage, text, map[string]any{"id": int64(n%3 + 1)})
			require.Equal(t, []source.Record{{int64(n), int64(n%3 + 1)}}, records)
		}
	}

	// Rows that were not read to their end do not hinder the next query or a change.
	rows, err := stage.Query(t.Context(), "SELECT id FROM t", nil)
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.NoError(t, err)
	require.NoError(t, rows.Close())

	replace(t, stage, "t", numbers(7))

	_, records := query(t, stage, "SELECT id FROM t", nil)
	require.Equal(t, []source.Record{{int64(7)}}, records)
}

func TestQueryRunsAgainAfterAnError(t *testing.T) {
	t.Parallel()

	const text = "SELECT abs(:n) AS n"

	stage := open(t, t.TempDir())

	_, err := stage.Query(t.Context(), text, map[string]any{"n": int64(-1 << 63)})
	require.ErrorContains(t, err, "integer overflow")

	ended, end := context.WithCancel(t.Context())
	rows, err := stage.Query(ended, "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s) SELECT i FROM s", nil)
	require.NoError(t, err)
	end()

	_, err = rows.Next(ended)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, rows.Close())

	_, records := query(t, stage, text, map[string]any{"n": int64(-5)})
	require.Equal(t, []source.Record{{int64(5)}}, records)
}

// A query that a connection has compiled before may read only, whatever other statements the connection compiles in between.
func TestQueryIsRefusedAfterATableBecameAView(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	stage := open(t, dir)
	replace(t, stage, "t", numbers(1))

	const text = "SELECT id FROM t"

	query(t, stage, text, nil)

	prepare(t, dir, "ALTER TABLE t RENAME TO u", "CREATE VIEW t AS SELECT user_version AS id FROM pragma_user_version")

	_, err := stage.Query(t.Context(), text, nil)
	require.ErrorContains(t, err, "a query can only read")
}
