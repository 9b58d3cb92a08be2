package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// pattern is a pattern of dates or times in the letters of Unicode CLDR, as in Java's DateTimeFormatter: dd.MM.yyyy HH:mm:ss.
// It has the letters whose meaning does not depend on a language.
type pattern struct {
	text  string
	parts []patternPart
}

// patternPart is a run of a letter, or a literal text.
type patternPart struct {
	letter  byte // 0 for a literal.
	count   int  // The number of letters.
	literal string
}

// patternLetters are the letters of patterns, with the numbers of letters that are possible, and the layouts of package time for
// one letter, two letters and so on.
var patternLetters = map[byte]struct {
	counts  string
	layouts []string
}{
	'y': {"yyyy or yy", []string{"", "06", "", "2006"}},
	'M': {"MM or M", []string{"1", "01"}},
	'd': {"dd or d", []string{"2", "02"}},
	'H': {"HH or H", []string{"15", "15"}}, // Package time always writes two digits.
	'h': {"hh or h", []string{"3", "03"}},
	'a': {"a", []string{"PM"}},
	'm': {"mm or m", []string{"4", "04"}},
	's': {"ss or s", []string{"5", "05"}},
	'S': {"S to SSSSSSSSS", slices.Repeat([]string{"S"}, 9)}, // Package time has no layout without a point.
	'X': {"X, XX or XXX", []string{"Z07", "Z0700", "Z07:00"}},
}

// layout returns the layout of package time for a run of letters, or "".
func (p patternPart) layout() string {
	if layouts := patternLetters[p.letter].layouts; p.count <= len(layouts) {
		return layouts[p.count-1]
	}

	return ""
}

const patternHint = "its letters are yyyy, MM, dd, HH, mm, ss, SSS and XXX, for example dd.MM.yyyy HH:mm:ss; " +
	"other letters stand in single quotes"

// parsePattern parses a pattern.
func parsePattern(text string) (*pattern, error) {
	p := &pattern{text: text}

	for rest := text; rest != ""; {
		switch c := rest[0]; {
		case c == '\'':
			literal, after, err := cutQuoted(rest[1:])
			if err != nil {
				return nil, fmt.Errorf("%s has a quote that is not closed", Quote(text))
			}

			p.literal(literal)

			rest = after
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			part := patternPart{letter: c, count: len(rest) - len(strings.TrimLeft(rest, string(c)))}

			switch known, found := patternLetters[c]; {
			case !found:
				return nil, fmt.Errorf("%s has the letter %c; %s", Quote(text), c, patternHint)
			case part.layout() == "":
				return nil, fmt.Errorf("%s has %s; use %s", Quote(text), Quote(rest[:part.count]), known.counts)
			}

			p.parts = append(p.parts, part)
			rest = rest[part.count:]
		default:
			_, size := utf8.DecodeRuneInString(rest)
			p.literal(rest[:size])

			rest = rest[size:]
		}
	}

	return p, p.checkDigits()
}

// cutQuoted returns a quoted literal after its first quote, and the text after the literal. Two quotes are a quote.
func cutQuoted(text string) (literal, rest string, err error) {
	if strings.HasPrefix(text, "'") {
		return "'", text[1:], nil
	}

	for {
		before, after, found := strings.Cut(text, "'")
		if !found {
			return "", "", errors.New("the quote is not closed")
		}

		literal += before

		if !strings.HasPrefix(after, "'") {
			return literal, after, nil
		}

		literal, text = literal+"'", after[1:]
	}
}

func (p *pattern) literal(text string) { p.parts = append(p.parts, patternPart{literal: text}) }

// checkDigits refuses letters that occur twice, and a number of one or two digits that more digits follow.
func (p *pattern) checkDigits() error {
	seen := map[byte]bool{}

	for i, part := range p.parts {
		if part.letter == 0 {
			continue
		}

		if seen[part.letter] {
			return fmt.Errorf("%s has the letter %c twice", Quote(p.text), part.letter)
		}

		seen[part.letter] = true

		if !part.isVariable() || i+1 == len(p.parts) {
			continue
		}

		if next := p.parts[i+1]; next.isNumber() || next.literal != "" && areDigits(next.literal[:1]) {
			return fmt.Errorf("%s has digits after %c, which has one digit or two; write %c%c", Quote(p.text), part.letter,
				part.letter, part.letter)
		}
	}

	if seen['h'] != seen['a'] || seen['h'] && seen['H'] {
		return fmt.Errorf("%s needs HH, or hh and a", Quote(p.text))
	}

	return nil
}

func (p patternPart) isNumber() bool { return p.letter != 0 && p.letter != 'a' && p.letter != 'X' }

// isVariable reports whether the part has one digit or two.
func (p patternPart) isVariable() bool { return p.count == 1 && p.isNumber() && p.letter != 'S' }

// has reports whether the pattern has all letters.
func (p *pattern) has(letters string) bool {
	for _, letter := range []byte(letters) {
		found := false
		for _, part := range p.parts {
			found = found || part.letter == letter
		}

		if !found {
			return false
		}
	}

	return true
}

// isDate reports whether the pattern is that of a date.
func (p *pattern) isDate() bool { return p.has("yMd") && !p.hasClock() && !p.has("X") }

// isMoment reports whether the pattern is that of a date and a time.
func (p *pattern) isMoment() bool { return p.has("yMd") && (p.has("H") || p.has("h")) }

func (p *pattern) hasClock() bool {
	return p.has("H") || p.has("h") || p.has("m") || p.has("s") || p.has("S")
}

// errPattern is returned for a text that a pattern does not match.
var errPattern = errors.New("the text does not match the pattern")

// moment contains the numbers of a date and time, by their letters.
type moment struct {
	number      [128]int
	isAfternoon bool
	zone        *time.Location
}

// parse parses a text. A pattern without an offset returns a time in UTC.
func (p *pattern) parse(text string) (time.Time, error) {
	read := moment{zone: time.UTC}

	for _, part := range p.parts {
		var ok bool
		if text, ok = part.parse(text, &read); !ok {
			return time.Time{}, errPattern
		}
	}

	month, day, hour, minute, second := read.number['M'], read.number['d'], read.number['H'], read.number['m'], read.number['s']

	if p.has("h") {
		half := read.number['h']
		if half < 1 || half > 12 {
			return time.Time{}, errPattern
		}

		if hour = half % 12; read.isAfternoon {
			hour += 12
		}
	}

	parsed := time.Date(read.number['y'], time.Month(month), day, hour, minute, second, read.number['S'], read.zone)

	// time.Date converts the 31st of April to the 1st of May.
	if text != "" || parsed.Month() != time.Month(month) || parsed.Day() != day || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, errPattern
	}

	return parsed, nil
}

// parse parses the beginning of a text, and returns the rest.
func (p patternPart) parse(text string, into *moment) (rest string, ok bool) {
	switch p.letter {
	case 0:
		return strings.CutPrefix(text, p.literal)
	case 'a':
		if len(text) < 2 {
			return text, false
		}

		half := strings.ToUpper(text[:2])
		into.isAfternoon = half == "PM"

		return text[2:], half == "AM" || half == "PM"
	case 'X':
		return p.parseOffset(text, into)
	}

	size := p.count
	if p.isVariable() && len(text) > 1 && areDigits(text[:2]) {
		size = 2
	}

	if len(text) < size || !areDigits(text[:size]) {
		return text, false
	}

	value := 0
	for _, digit := range []byte(text[:size]) {
		value = 10*value + int(digit-'0')
	}

	switch {
	case p.letter == 'y' && p.count == 2 && value < 69: // As in POSIX: 69 to 99 are years of the 20th century.
		value += 2000
	case p.letter == 'y' && p.count == 2:
		value += 1900
	case p.letter == 'S':
		for range 9 - p.count {
			value *= 10
		}
	}

	into.number[p.letter] = value

	return text[size:], true
}

// parseOffset parses Z, +01, +0100 or +01:00.
func (p patternPart) parseOffset(text string, into *moment) (rest string, ok bool) {
	if rest, isUTC := strings.CutPrefix(text, "Z"); isUTC {
		return rest, true
	}

	layout := strings.Replace(p.layout(), "Z", "-", 1)
	if len(text) < len(layout) {
		return text, false
	}

	offset, err := time.Parse(layout, text[:len(layout)])
	if err != nil {
		return text, false
	}

	into.zone = offset.Location()

	return text[len(layout):], true
}

// append appends a time.
func (p *pattern) append(to []byte, value time.Time) []byte {
	for _, part := range p.parts {
		to = part.append(to, value)
	}

	return to
}

func (p patternPart) append(to []byte, value time.Time) []byte {
	switch p.letter {
	case 0:
		return append(to, p.literal...)
	case 'S':
		return append(to, fmt.Sprintf("%09d", value.Nanosecond())[:p.count]...)
	case 'H':
		return fmt.Appendf(to, "%0*d", p.count, value.Hour())
	}

	return value.AppendFormat(to, p.layout())
}
