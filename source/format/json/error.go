package json

import (
	"fmt"
	"strings"

	"github.com/jobwright/jobwright/source/format/internal/content"
)

// invalid returns the error for invalid content.
func invalid(at place, wrong *fault) error {
	at.line += wrong.below

	return content.Invalid(at.String()+": "+wrong.Error(), wrong.hint)
}

// fault is a problem of a record, or of the text around the records.
type fault struct {
	message string
	hint    string
	below   int // The number of lines between the beginning of the record and the problem.
}

// Error returns the message, shortened because it may quote names of any length.
func (f *fault) Error() string { return content.Shorten(f.message, 500) }

const (
	hintSyntax = "correct the file; names and strings are in double quotes, numbers have no leading zeros or plus signs, " +
		"and no comma follows the last member"
	hintSample  = "the columns and their types are those of the first 1,000 records, or of the first MiB"
	hintRecords = "name the path to the list of records in the format's records, data.items for example"
)

// place is the place of a record.
type place struct {
	line   int
	number int64 // The number of the record in an array, from 1, because all records may be on one line; 0 in NDJSON.
}

func (p place) String() string {
	if p.number == 0 {
		return fmt.Sprintf("line %d", p.line)
	}

	return fmt.Sprintf("line %d, record %d", p.line, p.number)
}

// quoteLine returns the beginning of the first line of a text in quotes, for a message.
func quoteLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")

	return content.Quote(strings.TrimRight(line, "\r"))
}
