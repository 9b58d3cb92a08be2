package csv

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
)

// unsupported is the error for a format that can't be.
func unsupported(message, hint string) error {
	return &source.Error{Code: source.CodeOperationUnsupported, Message: message, Hint: hint}
}

// invalid is the error for content that can't be.
func invalid(message, hint string) *source.Error {
	return &source.Error{Code: source.CodeRecordInvalid, Message: message, Hint: hint}
}

// fault is what is wrong with a record.
type fault struct {
	field   string // Where in the record, "field 3" for example, if it is in one of them.
	message string
	hint    string

	// inQuotes tells that quotes are wrong, so that nobody knows where the record ends. What follows its first line is read
	// anew, since only that line surely belongs to it.
	inQuotes bool
}

func (f *fault) String() string {
	if f.field == "" {
		return f.message
	}

	return f.field + ": " + f.message
}

// in is the error for a fault at that place.
func (f *fault) in(location string) error {
	if f.field != "" {
		return invalid(location+", "+f.String(), f.hint)
	}

	return invalid(location+": "+f.String(), f.hint)
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}

	return fmt.Sprintf("%d %ss", n, thing)
}

// excerpt is as much of a record as a [source.Reject] holds, as text that is valid.
func excerpt(record []byte) string {
	const longest = 4 << 10

	text, more := bytes.TrimRight(record, "\r\n"), ""
	if len(text) > longest {
		text, more = text[:longest], "…"
	}

	return strings.ToValidUTF8(string(text), "\ufffd") + more
}

// aroundBroken is as much of a text as a message shows: the part around the first byte that is none of a character.
func aroundBroken(text string) string {
	const before, behind = 50, 20

	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}

		at += size
	}

	return text[max(0, at-before):min(len(text), at+behind)]
}

// shortened is as much of a valid text as a message shows.
func shortened(text string) string {
	const longest = 50

	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}

	return text
}
