package csv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
)

// Rows are the records of a file, of which every column is text.
type Rows struct {
	dialect

	encoding string // That of the file, for messages.
	input    *input
	fields   fields
	schema   source.Schema
	record   source.Record
	parsed   []parsed // For each column: the value above, where it is to be read as another type than text.
	begin    int      // The line in which the last record begins.
	reject   func(source.Reject) error
	end      error // What ended the reading.
}

var (
	_ source.Rows    = (*Rows)(nil)
	_ source.Locator = (*Rows)(nil)
)

// parsed is a text, and the value that it is.
type parsed struct {
	text  string
	value any
}

// NewReader reads the names of the columns and returns the records that follow. Of the format it takes separator, quote,
// header and null; the encoding only for messages, since r is UTF-8. Columns are of the types that read gives them, in the
// forms of [source.ParseText], the others text.
//
// A line that can't be a record goes to read's Reject. Without it, such a line ends the reading with a [*source.Error],
// without names of a source and a table as all errors about the content are. Errors of r are returned as they are. A
// completely empty line is no record, unless the table has a single column.
func NewReader(r io.Reader, read source.Read) (*Rows, error) {
	d, err := newDialect(read.Format)
	if err != nil {
		return nil, err
	}

	rows := &Rows{dialect: d, encoding: read.Format.Encoding, input: newInput(r, d), begin: 1, reject: read.Reject}
	if rows.encoding == "" {
		rows.encoding = "UTF-8"
	}

	if err := rows.readHeader(); err != nil {
		return nil, err
	}

	for i := range rows.schema {
		if of, isNamed := read.Types[rows.schema[i].Name]; isNamed {
			rows.schema[i].Standard = of
		}
	}

	rows.record = make(source.Record, len(rows.schema))
	rows.parsed = make([]parsed, len(rows.schema))

	return rows, nil
}

// readHeader learns the columns from the first line: their names, or how many there are.
func (r *Rows) readHeader() error {
	const hint = "give each column a name of its own; if the first line is a record already, give the format header: false"

	wrong, err := r.fields.parse(r.input, r.dialect)
	if err != nil {
		return err
	}

	record := r.input.rest()[:r.fields.size]

	switch {
	case wrong == nil && len(record) == 0:
		return invalid("the file is empty", "its first line has to tell which columns there are")
	case wrong == nil && !utf8.Valid(record):
		wrong = r.notText()
	}

	if wrong != nil {
		return wrong.in(r.Location())
	}

	seen := map[string]bool{}

	for i, name := range r.fields.split() {
		switch {
		case !r.header:
			name = fmt.Sprintf("column%d", i+1)
		case name == "":
			return invalid(fmt.Sprintf("line 1: column %d has no name", i+1), hint)
		case seen[name]:
			return invalid(fmt.Sprintf("line 1: column %d is named %q, as one before it is", i+1, name), hint)
		}

		seen[name] = true

		r.schema = append(r.schema, source.Column{
			Name:     name,
			Native:   source.NativeType{Name: "text", TypeStr: "text", Precision: -1},
			Standard: source.Standard{Type: source.Text},
		})
	}

	if r.header {
		r.input.use(r.fields.size, countLineBreaks(record))
	}

	return nil
}

// Schema returns the columns of the file.
func (r *Rows) Schema() source.Schema { return r.schema }

// Location returns the line in which the last record begins.
func (r *Rows) Location() string { return "line " + strconv.Itoa(r.begin) }

// Close does nothing: who opened the file closes it.
func (r *Rows) Close() error { return nil }

// Next returns the next record. Its values stay as they are when the record is used again for the next one.
func (r *Rows) Next(context.Context) (source.Record, error) {
	for r.end == nil {
		var found bool
		if found, r.end = r.next(); found {
			return r.record, nil
		}
	}

	return nil, r.end
}

// next reads the next line, or the record of several lines that begins with it, and reports whether it was one.
func (r *Rows) next() (found bool, err error) {
	in := r.input
	r.begin = in.line

	length, size, err := in.lineEnd()

	switch {
	case errors.Is(err, errTooLong):
		return false, r.refuse(tooLong())
	case err != nil:
		return false, err
	case length == 0 && len(r.schema) > 1:
		in.use(size, 1)

		return false, nil
	case r.isSimple() && r.takeLine(in.rest()[:length]):
		in.use(size, 1)

		return true, nil
	}

	wrong, err := r.fields.parse(in, r.dialect)
	if err != nil {
		return false, err
	}

	if wrong == nil {
		wrong = r.check()
	}

	if wrong != nil {
		return false, r.refuse(wrong)
	}

	text, start := string(r.fields.text), 0
	for i, end := range r.fields.ends {
		if err := r.put(i, text[start:end], r.fields.quoted[i]); err != nil {
			return false, r.refuse(&fault{
				field: fmt.Sprintf("column %q", r.schema[i].Name), message: err.Error(),
				hint: "correct the value, or give the column another type in columnTypes",
			})
		}

		start = end
	}

	in.use(r.fields.size, countLineBreaks(in.rest()[:r.fields.size]))

	return true, nil
}

// isSimple reports whether a byte tells fields, and another one quotes.
func (r *Rows) isSimple() bool { return len(r.separator) == 1 && len(r.quote) <= 1 }

// takeLine makes a record of a line that is one, or reports that it would have to look closer. This is the way of most
// lines, and each of them costs one allocation, and a small one for each value that differs from the one above it.
func (r *Rows) takeLine(text []byte) bool {
	if !utf8.Valid(text) {
		return false
	}

	rest := simpleLine{text: string(text), separator: r.separator[0]}
	if r.quote != "" && r.input.next(&r.input.quote) < r.input.at+len(text) {
		rest.quote, rest.hasQuotes = r.quote[0], true
	}

	for i := range r.record {
		field, quoted, ok := rest.next()
		if !ok || r.put(i, field, quoted) != nil {
			return false
		}
	}

	return rest.ended
}

// put sets a value of the record.
func (r *Rows) put(i int, field string, quoted bool) (err error) {
	if !quoted && field == r.null {
		r.record[i] = nil

		return nil
	}

	// Columns often repeat a value, and to keep it is cheaper than to make it again.
	above := &r.parsed[i]
	if above.value == nil || above.text != field {
		above.text = field

		if above.value, err = source.ParseText(r.schema[i].Standard, field); err != nil {
			return err
		}
	}

	r.record[i] = above.value

	return nil
}

// check finds what is wrong with a record whose fields could be told.
func (r *Rows) check() *fault {
	if len(r.fields.ends) != len(r.schema) {
		return &fault{
			message: fmt.Sprintf("it has %s, and the table has %s",
				count(len(r.fields.ends), "field"), count(len(r.schema), "column")),
			hint: "give each record a field for each column, and put quotes around fields that hold the separator",
		}
	}

	if utf8.Valid(r.input.rest()[:r.fields.size]) {
		return nil
	}

	return r.notText()
}

// notText tells which field of a record is no text.
func (r *Rows) notText() *fault {
	fields := r.fields.split()
	i := max(0, slices.IndexFunc(fields, func(field string) bool { return !utf8.ValidString(field) }))

	field := fmt.Sprintf("field %d", i+1)
	if i < len(r.schema) {
		field = fmt.Sprintf("column %q", r.schema[i].Name)
	}

	return &fault{
		field:   field,
		message: fmt.Sprintf("%q is not text in %s", aroundBroken(fields[i]), r.encoding),
		hint:    "give the format the encoding that the file has, windows-1252 for example",
	}
}

// refuse hands over the record at which the input stands, and goes on behind it; or it ends the reading.
func (r *Rows) refuse(wrong *fault) error {
	if r.reject == nil {
		return wrong.in(r.Location())
	}

	size := r.fields.size

	if wrong.inQuotes {
		var err error
		if size, _, err = r.input.lineEnd(); err != nil { // The line is longer than a record may be.
			size = len(r.input.rest())
		}
	}

	record := r.input.rest()[:size]

	if err := r.reject(source.Reject{Location: r.Location(), Message: wrong.String(), Text: excerpt(record)}); err != nil {
		return err
	}

	if wrong.inQuotes {
		return r.input.skipLine()
	}

	r.input.use(size, countLineBreaks(record))

	return nil
}
