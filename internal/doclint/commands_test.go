package doclint_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	benchmark  = regexp.MustCompile(`go test (\./[\w/]+) -run '\^\$' -bench (\w+)`)
	makeTarget = regexp.MustCompile("(?m)(?:(?:^    )|`)make ([a-z-]+)|^make ([a-z-]+)(?: [A-Z]+=\\S+)*$")
)

// rawPage returns the text of a page with its code.
func rawPage(t *testing.T, name string) string {
	t.Helper()

	text, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)

	return string(text)
}

func TestDocumentedBenchmarksExist(t *testing.T) {
	t.Parallel()

	commands := benchmark.FindAllStringSubmatch(rawPage(t, "docs/performance.md"), -1)
	require.NotEmpty(t, commands)

	for _, command := range commands {
		files, err := filepath.Glob(filepath.Join(root, command[1], "*_test.go"))
		require.NoError(t, err)

		var sources strings.Builder

		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			sources.Write(text)
		}

		exists := strings.Contains(sources.String(), "\nfunc "+command[2]+"(b *testing.B)")
		require.True(t, exists, "there is no benchmark for %q", command[0])
	}
}

func TestDocumentedMakeTargetsExist(t *testing.T) {
	t.Parallel()

	makefile := rawPage(t, "Makefile")

	for name := range pages(t) {
		for _, target := range makeTarget.FindAllStringSubmatch(rawPage(t, name), -1) {
			isTarget := strings.Contains(makefile, "\n"+target[1]+target[2]+":")
			require.True(t, isTarget, "%s: there is no target for %q", name, target[0])
		}
	}
}
