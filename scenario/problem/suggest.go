package problem

import (
	"fmt"
	"strings"
	"unicode/utf8"
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

// Nearest returns the known name that is most similar to name, or "" if none is similar. A similar name differs in at most one
// of three characters, or begins with name.
func Nearest(name string, known []string) string {
	const maxDistance, charactersPerEdit = 3, 3

	name = strings.ToLower(name)
	best, distance, length := "", maxDistance+1, utf8.RuneCountInString(name)

	for _, candidate := range known {
		other := strings.ToLower(candidate)

		// Comparing takes time proportional to the product of the lengths; very different lengths need no comparison.
		longer := utf8.RuneCountInString(other)
		if difference := longer - length; difference < -maxDistance || difference > maxDistance {
			continue
		}

		if d := editDistance(name, other); d < distance && charactersPerEdit*d <= max(length, longer) {
			best, distance = candidate, d
		}
	}

	const shortestPrefix = 3
	if best != "" || length < shortestPrefix {
		return best
	}

	for _, candidate := range known {
		if strings.HasPrefix(strings.ToLower(candidate), name) {
			return candidate
		}
	}

	return ""
}

// editDistance returns how many characters must be inserted, removed, replaced or swapped with the next one to turn one text
// into the other.
func editDistance(from, to string) int {
	a, b := []rune(from), []rune(to)

	// The distances of the beginnings of a, which end at the row's character, to each beginning of b.
	var beforeLast, last []int

	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}

	for i := range a {
		beforeLast, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1

		for j := range b {
			replaced := last[j]
			if a[i] != b[j] {
				replaced++
			}

			row[j+1] = min(replaced, last[j+1]+1, row[j]+1)

			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], beforeLast[j-1]+1)
			}
		}
	}

	return row[len(b)]
}
