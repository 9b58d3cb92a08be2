package sqlite

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatementCacheIsBounded(t *testing.T) {
	t.Parallel()

	c, err := connect(t.Context(), filepath.Join(t.TempDir(), "stage.db"), size{cache: 1, blocks: largeBlock})
	require.NoError(t, err)

	defer func() { require.NoError(t, c.close()) }()

	use := func(text string) *statement {
		prepared, err := c.prepareQuery(text)
		require.NoError(t, err)

		_, err = prepared.step()
		require.NoError(t, err)
		c.queries.put(prepared)

		return prepared
	}

	first := use("SELECT 1")
	require.Same(t, first, use("SELECT 1"), "it is not compiled again")
	require.NotSame(t, first, use("SELECT  1"))

	for i := range 3 * maxCachedStatements {
		use(fmt.Sprintf("SELECT 1, %d", i))
		require.LessOrEqual(t, len(c.queries.idle), maxCachedStatements)
	}

	require.NotSame(t, first, use("SELECT 1"), "other statements were used later")

	long := "SELECT 1" + strings.Repeat(" ", maxCachedText)
	require.Zero(t, use(long).handle, "a statement with a long text is closed")

	other, err := c.prepare("SELECT 1")
	require.NoError(t, err)
	c.queries.put(other)
	require.Zero(t, other.handle, "a statement that is no query is closed")
}
