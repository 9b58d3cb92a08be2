package problem

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// Suggest returns a hint for an unknown name: the most similar known name or, if none is similar, the list of known names.
func Suggest(name string, known []string) string {
	if len(known) == 0 {
		return "there are none"
	}

	if meant := Nearest(name, known); meant != "" {
		return "did you mean " + meant + "?"
	}

	const shown = 30
	if more := len(known) - shown; more > 0 {
		return fmt.Sprintf("known are %s and %d more", strings.Join(known[:shown], ", "), more)
	}

	return "known are " + strings.Join(known, ", ")
}

// Nearest returns the known name that is most similar to name, or "" if none is similar.
func Nearest(name string, known []string) string {
	const near = 3

	best, distance := "", near+1

	for _, candidate := range known {
		// Comparing takes time proportional to the product of the lengths; very different lengths need no comparison.
		if d := utf8.RuneCountInString(name) - utf8.RuneCountInString(candidate); d < -near || d > near {
			continue
		}

		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(candidate))
		if d < distance && 2*d <= len(candidate) { // More than half of the name would have to change.
			best, distance = candidate, d
		}
	}

	return best
}
