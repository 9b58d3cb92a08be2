// Package filetest writes the files of tests.
package filetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Write writes files, by their paths with slashes below dir. It creates the folders that are missing.
func Write(tb testing.TB, dir string, files map[string]string) {
	tb.Helper()

	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(tb, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(tb, os.WriteFile(path, []byte(text), 0o600))
	}
}
