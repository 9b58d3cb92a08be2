package mysql_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestEstimateRowsComesFromTheStatistics(t *testing.T) {
	t.Parallel()

	d := open(t)
	d.prepare(t, "CREATE TABLE t (id int)", "INSERT INTO t VALUES (1), (2), (3)", "ANALYZE TABLE t", "CREATE VIEW v AS SELECT * FROM t")

	for name, want := range map[string]int64{"t": 3, "v": 0, "nowhere": 0} {
		got, err := d.EstimateRows(t.Context(), source.Table{Name: name})
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
}
