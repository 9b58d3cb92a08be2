package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Number returns a number with commas between its groups of digits.
func Number(number int64) string { return humanize.Comma(number) }

// Count returns a number of things: 1 row, 2,000 rows.
func Count(number int64, thing string) string {
	if number != 1 {
		thing += "s"
	}

	return Number(number) + " " + thing
}

// Bytes returns a number of bytes in a short form: 1.5 MB.
func Bytes(count int64) string { return short(count) + "B" }

// short returns a number in a short form: 1.5 M. It ends with the prefix of a unit, after a space.
func short(number int64) string {
	const thousand = 1000

	value, prefixes := float64(number), []string{"", "k", "M", "G", "T", "P"}

	at := 0
	for value >= thousand && at < len(prefixes)-1 {
		value /= thousand
		at++
	}

	if at == 0 {
		return strconv.FormatInt(number, 10) + " "
	}

	return strconv.FormatFloat(value, 'g', 3, 64) + " " + prefixes[at] //nolint:mnd // Three digits.
}

// Duration returns a duration in a short form: 0.12s, 12.3s, 3m 04s, 2h 05m, 3d 04h.
func Duration(length time.Duration) string {
	const day = 24 * time.Hour

	switch {
	case length < 0:
		return "0s"
	case length < time.Second:
		return fmt.Sprintf("%.2fs", length.Seconds())
	case length < time.Minute:
		return fmt.Sprintf("%.1fs", length.Seconds())
	case length < time.Hour:
		return fmt.Sprintf("%dm %02ds", length/time.Minute, length%time.Minute/time.Second)
	case length < day:
		return fmt.Sprintf("%dh %02dm", length/time.Hour, length%time.Hour/time.Minute)
	default:
		return fmt.Sprintf("%dd %02dh", length/day, length%day/time.Hour)
	}
}

// Time returns a time of the user's time zone, without the date if it is today.
func Time(at, now time.Time) string {
	at, now = at.Local(), now.Local() //nolint:gosmopolitan // The user reads it.

	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format(time.TimeOnly)
	}

	return at.Format(time.DateTime)
}

// ShellWord returns a text as a word of a shell's command line.
func ShellWord(word string) string {
	isPlain := word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("-_./:~@%+=", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if isPlain && word[0] != '~' {
		return word
	}

	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// oneLine returns a text in one line.
func oneLine(of string) string { return harmless(strings.Join(strings.Fields(of), " ")) }

// harmless returns a text that does not control the terminal, whatever a job has put into it.
func harmless(of string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}

		return r
	}, of)
}

// cut returns a text that has at most that many columns.
func cut(of string, width int) string {
	of = harmless(of)

	if text.StringWidthWithoutEscSequences(of) <= width {
		return of
	}

	return text.Trim(of, max(width-1, 0)) + "…"
}

// wrapped returns a text as lines of at most that many columns, broken between words and where the text has line breaks.
func wrapped(of string, width int) []string {
	var lines []string

	for line := range strings.SplitSeq(harmless(strings.ReplaceAll(of, "\t", "    ")), "\n") {
		margin := line[:len(line)-len(strings.TrimLeft(line, " "))]
		margin = margin[:min(len(margin), width/2)] //nolint:mnd // Half of the width remains for the text.

		for part := range strings.SplitSeq(text.WrapSoft(strings.TrimSpace(line), width-len(margin)), "\n") {
			lines = append(lines, strings.TrimRight(margin+part, " "))
		}
	}

	return lines
}
