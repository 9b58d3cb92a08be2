package csv

import "strings"

// simpleLine is the rest of a line whose fields can be found by searching for a byte, because they contain neither quotes
// nor line breaks.
type simpleLine struct {
	text      string
	separator byte
	quote     byte
	hasQuotes bool // Whether there are quotes at all.
	ended     bool // Whether the last field was returned.
}

// next returns the next field, and whether it is quoted. It reports false if there is no field, or the line is not simple.
func (l *simpleLine) next() (field string, quoted, ok bool) {
	if l.ended {
		return "", false, false
	}

	if l.hasQuotes && l.text != "" && l.text[0] == l.quote {
		field, ok = l.nextQuoted()

		return field, true, ok
	}

	end := strings.IndexByte(l.text, l.separator)
	if end < 0 {
		field, l.ended = l.text, true
	} else {
		field, l.text = l.text[:end], l.text[end+1:]
	}

	return field, false, !l.hasQuotes || strings.IndexByte(field, l.quote) < 0
}

// nextQuoted returns the quoted field at the beginning of the line, without its quotes.
func (l *simpleLine) nextQuoted() (field string, ok bool) {
	inner := l.text[1:]

	end := strings.IndexByte(inner, l.quote)
	if end < 0 {
		return "", false
	}

	field, rest := inner[:end], inner[end+1:]

	if rest == "" {
		l.ended = true

		return field, true
	}

	l.text = rest[1:]

	return field, rest[0] == l.separator
}
