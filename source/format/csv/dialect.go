package csv

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
)

// dialect is how a file marks its fields.
type dialect struct {
	separator string
	quote     string // Empty where fields have no quotes.
	header    bool
	null      string // Empty where nothing at all is NULL.
}

// newDialect returns what a format says, or what most files have.
func newDialect(f source.Format) (dialect, error) {
	d := dialect{separator: f.Separator, quote: f.Quote, header: f.Header == nil || *f.Header, null: f.Null}

	switch d.separator {
	case "":
		d.separator = ","
	case "tab":
		d.separator = "\t"
	}

	switch d.quote {
	case "":
		d.quote = `"`
	case "none":
		d.quote = ""
	}

	return d, d.check()
}

// check finds what could not be told apart in a file.
func (d dialect) check() error {
	switch {
	case !isCharacter(d.separator):
		return unsupported(fmt.Sprintf("the separator %q is not one character", d.separator), `give one character, or "tab"`)
	case d.quote != "" && !isCharacter(d.quote):
		return unsupported(fmt.Sprintf("the quote %q is not one character", d.quote), `give one character, or "none"`)
	case d.separator == d.quote:
		return unsupported(fmt.Sprintf("%q is both the separator and the quote", d.quote), "give two characters")
	case !utf8.ValidString(d.null), d.mustQuote(d.null):
		return unsupported(fmt.Sprintf("the text %q for NULL holds what has a meaning of its own", d.null),
			"give a text without separators, quotes and line breaks")
	}

	return nil
}

// isCharacter reports whether text is one character that does not end lines.
func isCharacter(text string) bool {
	r, size := utf8.DecodeRuneInString(text)

	return size == len(text) && r != utf8.RuneError && r != '\n' && r != '\r'
}

// mustQuote reports whether a field of that text would be read as something else without quotes.
func (d dialect) mustQuote(text string) bool {
	return strings.ContainsAny(text, "\r\n") || strings.Contains(text, d.separator) ||
		(d.quote != "" && strings.Contains(text, d.quote)) || strings.HasPrefix(text, byteOrderMark)
}

// byteOrderMark at the beginning of a file is none of its text, whatever was meant by it.
const byteOrderMark = "\ufeff"
