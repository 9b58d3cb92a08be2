package mysql_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// The server of these tests tells A from a, since its file system does.
func TestATableIsTheSameWithItsDatabaseAndWithout(t *testing.T) {
	t.Parallel()

	stage := open(t)

	short, err := stage.ResolveTable(t.Context(), source.Table{Name: "Orders"})
	require.NoError(t, err)
	require.Equal(t, "Orders", short.Name)
	require.NotEmpty(t, short.Space)

	for _, table := range []source.Table{short, {Space: short.Space, Name: "orders"}, {Space: "other", Name: "Orders"}} {
		resolved, err := stage.ResolveTable(t.Context(), table)
		require.NoError(t, err)
		require.Equal(t, table, resolved)
	}
}
