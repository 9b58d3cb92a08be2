package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEstimateRowsComesFromTheCatalog(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t AS SELECT generate_series(1, 20000) id; ANALYZE t; INSERT INTO t SELECT generate_series(1, 20000);
		CREATE TABLE fresh (id int); INSERT INTO fresh VALUES (1);
		CREATE VIEW v AS SELECT * FROM t;
		CREATE TABLE parted (id int) PARTITION BY RANGE (id);
		CREATE TABLE part PARTITION OF parted FOR VALUES FROM (1) TO (5000);
		INSERT INTO parted SELECT generate_series(1, 4000); ANALYZE parted`)

	for name, want := range map[string]int64{"t": 40_000, "fresh": 0, "v": 0, "nowhere": 0, "parted": 4_000} {
		got, err := d.EstimateRows(t.Context(), table(name))
		require.NoError(t, err)
		require.InDelta(t, want, got, float64(want)/10, name)
	}
}
