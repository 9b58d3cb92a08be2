package csv

import (
	"bytes"
	"strings"

	"github.com/jobwright/jobwright/source/format/internal/content"
)

// fault is a problem of a record.
type fault struct {
	field   string // The field with the problem, "field 3" for example, if there is one.
	message string
	hint    string

	// inQuotes means that quotes are wrong, so that the end of the record is unknown. Only its first line is rejected,
	// and reading continues with the next line.
	inQuotes bool
}

func (f *fault) String() string {
	if f.field == "" {
		return f.message
	}

	return f.field + ": " + f.message
}

// in returns the error for a fault at a location.
func (f *fault) in(location string) error {
	if f.field != "" {
		return content.Invalid(location+", "+f.String(), f.hint)
	}

	return content.Invalid(location+": "+f.String(), f.hint)
}

// excerpt returns the beginning of a record as valid text, for a [source.Reject].
func excerpt(record []byte) string {
	const size = 4 << 10

	text, more := bytes.TrimRight(record, "\r\n"), ""
	if len(text) > size {
		text, more = text[:size], "…"
	}

	return strings.ToValidUTF8(string(text), "\ufffd") + more
}

// aroundInvalid returns an excerpt of a text around its first invalid byte, for a message.
func aroundInvalid(text string) string {
	const before, after = 50, 20

	at := content.IndexInvalid(text)

	return text[max(0, at-before):min(len(text), at+after)]
}
