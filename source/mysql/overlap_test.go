package mysql_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// The test server stores tables on a case-sensitive file system, so it distinguishes Orders from orders.
func TestOverlapsResolvesDatabase(t *testing.T) {
	t.Parallel()

	stage := open(t)

	var database string

	rows, err := stage.Query(t.Context(), "SELECT DATABASE()", nil)
	require.NoError(t, err)

	record, err := rows.Next(t.Context())
	require.NoError(t, err)

	database = record[0].(string)
	require.NoError(t, rows.Close())

	for _, test := range []struct {
		table source.Table
		same  bool
	}{
		{source.Table{Name: "Orders"}, true},
		{source.Table{Space: database, Name: "Orders"}, true},
		{source.Table{Space: database, Name: "orders"}, false},
		{source.Table{Space: "other", Name: "Orders"}, false},
	} {
		same, err := stage.Overlaps(t.Context(), source.Table{Name: "Orders"}, test.table)
		require.NoError(t, err)
		require.Equal(t, test.same, same, "%s", test.table)
	}
}
