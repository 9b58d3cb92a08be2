package csv

import "strings"

// simpleLine is what is left of a line whose fields can be told by looking for a byte: none of them has a quote or a line
// break in it.
type simpleLine struct {
	text      string
	separator byte
	quote     byte
	hasQuotes bool // Whether there are quotes at all.
	ended     bool // Whether the last field was returned.
}

// next returns the next field, and whether it stood in quotes; or it reports that there is none, or that the line is not
// that simple.
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

// nextQuoted returns the field that the line begins with, without its quotes.
func (l *simpleLine) nextQuoted() (field string, ok bool) {
	inner := l.text[1:]

	end := strings.IndexByte(inner, l.quote)
	if end < 0 {
		return "", false
	}

	field, behind := inner[:end], inner[end+1:]

	if behind == "" {
		l.ended = true

		return field, true
	}

	l.text = behind[1:]

	return field, behind[0] == l.separator
}
