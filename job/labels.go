package job

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of the labels of a job, which are a search attribute in Temporal.
const (
	MaxLabels     = 20
	maxLabelValue = 100 // Characters.
)

var labelName = regexp.MustCompile(`^[\p{L}\p{N}_.-]{1,50}$`)

// CheckLabels returns an error if a caller's labels are invalid.
func CheckLabels(labels map[string]string) error {
	if len(labels) > MaxLabels {
		return fmt.Errorf("a job has at most %d labels, these are %d", MaxLabels, len(labels))
	}

	for _, name := range slices.Sorted(maps.Keys(labels)) {
		value := labels[name]

		switch {
		case !labelName.MatchString(name):
			return fmt.Errorf("%q can't name a label; a name has up to 50 letters, digits and the characters _ . -", name)
		case utf8.RuneCountInString(value) > maxLabelValue:
			return fmt.Errorf("the label %s has %d characters, and %d is the most",
				name, utf8.RuneCountInString(value), maxLabelValue)
		case strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }):
			return fmt.Errorf("the label %s contains characters that don't print", name)
		}
	}

	return nil
}

// labelTexts returns each label as [LabelText], in the order of their names.
func labelTexts(labels map[string]string) []string {
	texts := make([]string, 0, len(labels))
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		texts = append(texts, LabelText(name, labels[name]))
	}

	return texts
}

// LabelText returns a label as the search attribute has it.
func LabelText(name, value string) string { return name + "=" + value }
