package vocabulary_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// standard maps each word that is not used to the terms that are. A word stands for its inflections too, see [base].
var standard = map[string]string{
	"board":        "step tracker",
	"breath":       "yield",
	"breathe":      "yield",
	"charge":       "cost",
	"curable":      "retryable",
	"floor":        "layer",
	"house":        "module, conventions",
	"incurable":    "non-retryable",
	"lane":         "concurrency slot",
	"moving":       "continue-as-new",
	"nobody":       "no caller, no reader, no process",
	"recall":       "look up",
	"room":         "package, capacity",
	"settle":       "resolve",
	"somebody":     "another process, a caller",
	"surroundings": "environment",
	"tell":         "report, return, say, distinguish",
	"told":         "reported, passed",
	"whoever":      "the caller, the reader, the process that",
}

// standardUse matches standard uses of these words, which are allowed: rounding, and free disk space.
var standardUse = regexp.MustCompile("(?:math|rounding)\\.Floor|\\bfloor\\(|`floor`|\"floor\"|ceil,? floor")

// bases maps the endings of inflected words to what replaces them to get the base form.
var bases = []struct{ ending, replacement string }{{"s", ""}, {"ed", ""}, {"d", ""}, {"ing", ""}, {"ing", "e"}}

// base returns the form of a word that standard lists, or "" if standard does not list it.
func base(word string) string {
	if _, listed := standard[word]; listed {
		return word
	}

	for _, b := range bases {
		stem, cut := strings.CutSuffix(word, b.ending)
		if _, listed := standard[stem+b.replacement]; cut && listed {
			return stem + b.replacement
		}
	}

	return ""
}

// words splits a line into lower-case words. Identifiers are split too.
func words(line string) []string {
	var (
		found []string
		runes = []rune(line)
		start = 0
	)

	for i, r := range runes {
		next := i+1 < len(runes) && unicode.IsLower(runes[i+1])

		switch {
		case !unicode.IsLetter(r):
		case i > start && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || next):
		default:
			continue
		}

		if i > start {
			found = append(found, strings.ToLower(string(runes[start:i])))
		}

		start = i
		if !unicode.IsLetter(r) {
			start++
		}
	}

	if start < len(runes) {
		found = append(found, strings.ToLower(string(runes[start:])))
	}

	return found
}

func TestWordsFindsInflectionsInsideIdentifiers(t *testing.T) {
	t.Parallel()

	for line, want := range map[string]string{
		"var stepBoard board": "board", "the rooms": "room", "func chargedCall()": "charge", "TestATellingName": "tell",
		"errMoving": "moving", "surroundings": "surroundings", "the dashboard of a warehouse": "", "a bathroom": "",
	} {
		got := ""
		for _, word := range words(line) {
			if found := base(word); found != "" {
				got = found
			}
		}

		require.Equal(t, want, got, line)
	}
}

// isChecked reports whether the file is written by people. Histories, schemas and data are not.
func isChecked(name string) bool {
	switch {
	case name == "LICENSE", strings.HasPrefix(name, "internal/vocabulary/"):
		return false
	case slices.Contains([]string{"Makefile", "Dockerfile", ".ci/run"}, name):
		return true
	}

	return slices.Contains([]string{".go", ".md", ".yaml", ".yml", ".svg", ".json"}, filepath.Ext(name)) &&
		!strings.Contains(name, "testdata/fuzz/") && !strings.Contains(name, "testdata/histories/")
}

func TestRepositoryUsesStandardTerms(t *testing.T) {
	t.Parallel()

	root := filepath.Join("..", "..")
	command := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	command.Dir = root

	listed, err := command.Output()
	require.NoError(t, err)

	checked := 0

	for entry := range bytes.SplitSeq(bytes.TrimRight(listed, "\x00"), []byte{0}) {
		name := string(entry)

		for _, word := range words(filepath.Base(name)) {
			if found := base(word); found != "" {
				t.Errorf("%s: the name has %q; use: %s", name, found, standard[found])
			}
		}

		if !isChecked(name) {
			continue
		}

		content, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // Removed and not committed yet.
		}

		require.NoError(t, err)

		checked++
		number := 0

		for line := range strings.Lines(string(content)) {
			number++

			for _, word := range words(standardUse.ReplaceAllString(line, "")) {
				if found := base(word); found != "" {
					t.Errorf("%s:%d: %q; use: %s", name, number, word, standard[found])
				}
			}
		}
	}

	require.Greater(t, checked, 100, "git lists the files of the repository")
}
