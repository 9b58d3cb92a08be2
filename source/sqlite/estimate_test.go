package sqlite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestEstimateRowsIsTheLargestRowID(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	prepare(t, dir, "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)", "CREATE TABLE fresh (a)",
		"CREATE VIEW v AS SELECT * FROM t", "CREATE TABLE w (a TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO w VALUES ('x')")

	d := open(t, dir)

	for name, want := range map[string]int64{"t": 3, "T": 3, "fresh": 0, "v": 0, "w": 0, "nowhere": 0} {
		got, err := d.EstimateRows(t.Context(), source.Table{Name: name})
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
}
