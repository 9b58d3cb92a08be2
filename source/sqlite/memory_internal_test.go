package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewAllocatorRefusesToReplaceTheAllocatorOfAnOpenDatabase(t *testing.T) {
	t.Parallel()

	c, err := connect(t.Context(), filepath.Join(t.TempDir(), "stage.db"), size{cache: 1, blocks: largeBlock})
	require.NoError(t, err)

	defer func() { require.NoError(t, c.close()) }()

	_, err = newAllocator()
	require.EqualError(t, err, "the memory of SQLite can't be limited: bad parameter or other API misuse")
}
