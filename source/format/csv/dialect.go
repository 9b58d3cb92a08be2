package csv

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// dialect describes how fields are written.
type dialect struct {
	separator string
	quote     string // Empty if fields are never quoted.
	header    bool
	null      string // Empty if a field without any text is NULL.
}

// newDialect returns the dialect of a format, with the defaults of RFC 4180.
func newDialect(f source.Format) (dialect, error) {
	d := dialect{
		separator: cmp.Or(f.Separator, ","), quote: cmp.Or(f.Quote, `"`), header: f.Header == nil || *f.Header, null: f.Null,
	}
	if d.separator == "tab" {
		d.separator = "\t"
	}

	if d.quote == "none" {
		d.quote = ""
	}

	return d, d.check()
}

// check refuses ambiguous dialects.
func (d dialect) check() error {
	switch {
	case !source.IsCharacter(d.separator):
		return content.Unsupported(fmt.Sprintf("the separator %q is not one character", d.separator),
			`use one character, or "tab"`)
	case d.quote != "" && !source.IsCharacter(d.quote):
		return content.Unsupported(fmt.Sprintf("the quote %q is not one character", d.quote), `use one character, or "none"`)
	case d.separator == d.quote:
		return content.Unsupported(fmt.Sprintf("%q is both the separator and the quote", d.quote), "use different characters")
	case !utf8.ValidString(d.null), d.mustQuote(d.null):
		return content.Unsupported(fmt.Sprintf("the text %q for NULL contains a separator, a quote or a line break", d.null),
			"use a text without them")
	}

	return nil
}

// checkSeparator refuses the name of the only column of a file if it contains another usual separator, which was probably
// forgotten: every record would be one text.
func checkSeparator(name, separator string) error {
	for _, other := range []string{";", "\t", "|", ","} {
		if other == separator || !strings.Contains(name, other) {
			continue
		}

		if other == "\t" {
			other = "tab"
		}

		return content.Invalid(fmt.Sprintf("line 1: with the separator %q, the file has the single column %q", separator,
			content.Shorten(name, 100)),
			fmt.Sprintf("set the format's separator: %q; if the column has this name, put it in quotes", other))
	}

	return nil
}

// mustQuote reports whether a field with this text would be read differently without quotes.
func (d dialect) mustQuote(text string) bool {
	return strings.ContainsAny(text, "\r\n") || strings.Contains(text, d.separator) ||
		(d.quote != "" && strings.Contains(text, d.quote)) || strings.HasPrefix(text, byteOrderMark)
}

// byteOrderMark is not part of the text of a file if it is at its beginning.
const byteOrderMark = "\ufeff"
