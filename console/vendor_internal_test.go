package console

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Files of npm packages are those that `make vendor-npm` has stored.
func TestVendoredFilesHaveTheirChecksums(t *testing.T) {
	t.Parallel()

	sums, err := fs.ReadFile(staticFiles, "static/vendor/SHA256SUMS")
	require.NoError(t, err)

	entries, err := fs.ReadDir(staticFiles, "static/vendor")
	require.NoError(t, err)
	require.Len(t, entries, strings.Count(string(sums), "\n")+1)

	for line := range strings.Lines(string(sums)) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")

		text, err := fs.ReadFile(staticFiles, "static/vendor/"+name)
		require.NoError(t, err)

		sum := sha256.Sum256(text)
		require.Equal(t, want, hex.EncodeToString(sum[:]), name)
	}
}
