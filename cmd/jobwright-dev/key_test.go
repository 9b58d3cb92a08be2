package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpenKeyCreatesAKeyThatOnlyTheUserCanRead(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()

	first, err := openKey(dir)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(first), 26, "128 bits")

	info, err := os.Stat(filepath.Join(dir, keyFile))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())

	again, err := openKey(dir)
	require.NoError(t, err)
	require.Equal(t, first, again, "a restart does not change the key")

	other, err := openKey(t.TempDir())
	require.NoError(t, err)
	require.NotEqual(t, first, other)
}
