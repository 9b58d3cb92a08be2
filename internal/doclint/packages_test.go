package doclint_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// listed matches the rows of the table of packages in ARCHITECTURE.md.
var (
	listed      = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|")
	packagePath = regexp.MustCompile("`([\\w/-]+)`")
)

func TestArchitectureListsPackages(t *testing.T) {
	t.Parallel()

	_, section, found := strings.Cut(pages(t)["ARCHITECTURE.md"], "\n## Packages\n")
	require.True(t, found)

	section, _, _ = strings.Cut(section, "\n## ")

	documented := map[string]bool{}

	for _, row := range listed.FindAllStringSubmatch(section, -1) {
		for _, match := range packagePath.FindAllStringSubmatch(row[1], -1) {
			documented[match[1]] = true

			sources, err := filepath.Glob(filepath.Join(root, match[1], "*.go"))
			require.NoError(t, err)
			require.NotEmpty(t, sources, "ARCHITECTURE.md lists %s, which is no package", match[1])
		}
	}

	sources, err := fs.Glob(os.DirFS(root), "*/*.go")
	require.NoError(t, err)

	deeper, err := fs.Glob(os.DirFS(root), "*/*/*.go")
	require.NoError(t, err)

	for _, source := range slices.Concat(sources, deeper) {
		directory := filepath.Dir(source)
		require.True(t, documented[directory], "ARCHITECTURE.md does not list %s", directory)
	}
}
