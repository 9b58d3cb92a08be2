package doclint_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// root is the folder of the repository.
const root = "../.."

var (
	fenced  = regexp.MustCompile("(?m)^ *```(?s:.*?)\n *```$")
	code    = regexp.MustCompile("`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	linked  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// pages returns the Markdown pages of the repository, by their paths from its root.
func pages(t *testing.T) map[string]string {
	t.Helper()

	found := map[string]string{}

	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}

		isHidden := strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." && entry.Name() != ".github"
		if entry.IsDir() && (isHidden || entry.Name() == "testdata" || entry.Name() == "node_modules") {
			return fs.SkipDir
		}

		if filepath.Ext(path) != ".md" {
			return nil
		}

		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}

		name, err := filepath.Rel(root, path)
		found[filepath.ToSlash(name)] = fenced.ReplaceAllString(string(text), "")

		return err
	}))
	require.Contains(t, found, "README.md")
	require.Contains(t, found, "docs/README.md")

	return found
}

// anchors returns the anchors that GitHub gives the headings of a page.
func anchors(page string) []string {
	var found []string

	count := map[string]int{}

	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		anchor := anchorOf(match[1])
		count[anchor]++
		if count[anchor] > 1 {
			anchor = fmt.Sprintf("%s-%d", anchor, count[anchor]-1)
		}

		found = append(found, anchor)
	}

	return found
}

// anchorOf is the anchor of one heading: small letters and digits, with a hyphen for each space.
func anchorOf(title string) string {
	title = linked.ReplaceAllString(title, "$1")

	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		default:
			return -1
		}
	}, strings.TrimSpace(title))
}

func TestRelativeLinksResolve(t *testing.T) {
	t.Parallel()

	all := pages(t)
	checked := 0

	for name, text := range all {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
				continue
			}

			checked++

			path, anchor, hasAnchor := strings.Cut(match[1], "#")

			target := name
			if path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), path))
			}

			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", name, match[1])

				continue
			}

			if hasAnchor && !slices.Contains(anchors(all[target]), anchor) {
				t.Errorf("%s links to %s, but %s has no such heading", name, match[1], target)
			}
		}
	}

	require.Greater(t, checked, 50)
}

func TestAnchorOfFollowsGitHub(t *testing.T) {
	t.Parallel()

	require.Equal(t, "get-getjobstatus", anchorOf("GET getJobStatus"))
	require.Equal(t, "4-a-change-in-an-sql-database-happens-once", anchorOf("4. A change in an SQL database happens once"))
	require.Equal(t, "a--b", anchorOf("`a` & [b](c.md)"))
	require.Equal(t, []string{"limits", "limits-1"}, anchors("# Limits\n\n## Limits\n"))
}

func TestEveryPageIsInTheIndex(t *testing.T) {
	t.Parallel()

	all := pages(t)

	for name := range all {
		if relative, ok := strings.CutPrefix(name, "docs/"); ok && relative != "README.md" {
			require.Contains(t, all["docs/README.md"], "("+relative+")", "docs/README.md does not list %s", name)
		}
	}
}

func TestEveryPictureIsShown(t *testing.T) {
	t.Parallel()

	all := pages(t)

	pictures, err := os.ReadDir(filepath.Join(root, "docs", "images"))
	require.NoError(t, err)

	for _, picture := range pictures {
		require.True(t, slices.ContainsFunc(slices.Sorted(maps.Values(all)), func(page string) bool {
			return strings.Contains(page, "images/"+picture.Name()+")")
		}), "no page shows %s", picture.Name())

		info, err := picture.Info()
		require.NoError(t, err)
		require.Less(t, info.Size(), int64(200_000), "%s is too large", picture.Name())
	}
}
