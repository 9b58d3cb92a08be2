package json

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
)

// unsupported is the error for a format that can't be.
func unsupported(message, hint string) error {
	return &source.Error{Code: source.CodeOperationUnsupported, Message: message, Hint: hint}
}

// invalid is the error for content that can't be.
func invalid(at place, wrong *fault) error {
	at.line += wrong.below

	return &source.Error{Code: source.CodeRecordInvalid, Message: at.String() + ": " + wrong.Error(), Hint: wrong.hint}
}

// fault is what is wrong with a record, or with what stands around the records.
type fault struct {
	message string
	hint    string
	below   int // How many lines below the first one of its record.
}

// Error is the message, as far as anybody reads it: it may show names of any length.
func (f *fault) Error() string { return shortened(f.message, 500) }

const (
	hintSyntax  = "correct the file; each name and each text stands in double quotes, and commas stand between, not behind"
	hintSample  = "the columns and their types are those of the first 1,000 records, or of the first MiB"
	hintRecords = "name the path to the list of records in the format's records, data.items for example"
)

// place is where a record stands.
type place struct {
	line   int
	number int64 // Of a list: which of its records that is, from 1, since all may stand on one line.
}

func (p place) String() string {
	if p.number == 0 {
		return fmt.Sprintf("line %d", p.line)
	}

	return fmt.Sprintf("line %d, record %d", p.line, p.number)
}

// shownLine is as much of a text's first line as a message shows.
func shownLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")

	return shown(strings.TrimRight(line, "\r"))
}

// shown is as much of a text as a message shows.
func shown(text string) string {
	return strconv.Quote(shortened(text, 60))
}

// shortened is a text that is not much longer than that many bytes.
func shortened(text string, longest int) string {
	if len(text) <= longest {
		return text
	}

	return prefix(text, longest) + "…"
}

// prefix is the beginning of a text, of whole characters.
func prefix(text string, longest int) string {
	if len(text) <= longest {
		return text
	}

	for longest > 0 && !utf8.RuneStart(text[longest]) {
		longest--
	}

	return text[:longest]
}
