package doclint_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// section begins the section of a page about a call.
var section = regexp.MustCompile(`(?m)^## (?:GET|POST) (\w+)$`)

// right is a right that a sentence about a call names.
var right = regexp.MustCompile("needs the\\s+right `(\\w+)`")

// TestPagesNameTheRightOfEachCall compares the pages with the description of the API, which the server makes of the rights that it
// checks.
func TestPagesNameTheRightOfEachCall(t *testing.T) {
	t.Parallel()

	var described struct {
		Paths map[string]map[string]struct {
			Description string `json:"description"`
		} `json:"paths"`
	}

	text, err := os.ReadFile("../../docs/openapi.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &described))

	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)

	checked := 0

	for _, path := range pages {
		page, err := os.ReadFile(path)
		require.NoError(t, err)

		for text := page; ; {
			heading := section.FindSubmatchIndex(text)
			if heading == nil {
				break
			}

			call := string(text[heading[2]:heading[3]])
			text = text[heading[1]:]

			named := right.FindSubmatch(text[:endOfSection(text)])
			if named == nil {
				continue
			}

			for _, method := range described.Paths["/api/v1/"+call] {
				checked++

				require.Equal(t, right.FindStringSubmatch(method.Description)[1], string(named[1]), "%s: %s", path, call)
			}
		}
	}

	require.Greater(t, checked, 10)
}

// endOfSection returns the length of the section with which a text begins.
func endOfSection(text []byte) int {
	if next := regexp.MustCompile(`(?m)^## `).FindIndex(text); next != nil {
		return next[0]
	}

	return len(text)
}
