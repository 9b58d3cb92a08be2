package csv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// Rows are the records of a file.
type Rows struct {
	dialect

	encoding string // The encoding of the file, for messages.
	input    *input
	fields   fields
	schema   source.Schema
	record   source.Record
	parsers  []*source.Parser // The parser of each column; nil if no column has a notation of its own.
	parsed   []parsed         // The previous value of each column.
	begin    int              // The line on which the last record begins.
	reject   func(source.Reject) error
	end      error // The error that ended reading.
}

var (
	_ source.Rows    = (*Rows)(nil)
	_ source.Locator = (*Rows)(nil)
)

// parsed is a text and its value.
type parsed struct {
	text  string
	value any
}

// NewReader reads the names of the columns, and returns the records that follow. It uses separator, quote, header, null and the
// notation of the format; the encoding for messages only, because r is UTF-8. Columns have the types of read, and are text
// otherwise.
//
// Invalid records are passed to read's Reject. Without Reject, an invalid record ends reading with a [*source.Error].
// Errors about the content name neither source nor table. Errors of r are returned as they are. Empty lines are skipped,
// unless the table has a single column.
func NewReader(r io.Reader, read source.Read) (*Rows, error) {
	d, err := newDialect(read.Format)
	if err != nil {
		return nil, err
	}

	rows := &Rows{dialect: d, encoding: read.Format.Encoding, input: newInput(r, d), begin: 1, reject: read.Reject}
	if rows.encoding == "" {
		rows.encoding = "UTF-8"
	}

	if err := rows.readHeader(read.Format); err != nil {
		return nil, err
	}

	if read.Format.HasNotation() {
		for _, column := range rows.schema {
			rows.parsers = append(rows.parsers, read.Format.Parser(column.Name))
		}
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

// readHeader reads the names of the columns, or their number, from the first line.
func (r *Rows) readHeader(f source.Format) error {
	const hint = "give each column a unique name; if the first line is a record, set the format's header to false"

	wrong, err := r.fields.parse(r.input, r.dialect)
	if err != nil {
		return err
	}

	record := r.input.rest()[:r.fields.size]

	switch {
	case wrong == nil && len(record) == 0:
		return content.Invalid("the file is empty", "write a first line with the names of the columns")
	case wrong == nil && !utf8.Valid(record):
		wrong = r.invalidText()
	}

	if wrong != nil {
		return wrong.in(r.Location())
	}

	if r.fields.count > source.MaxColumns {
		return source.TooManyColumns()
	}

	names := r.fields.split()
	if r.header && len(names) == 1 && !r.fields.quoted[0] {
		if err := checkSeparator(names[0], r.separator); err != nil {
			return err
		}
	}

	seen := map[string]bool{}

	for i, name := range names {
		if f.Trim {
			name = strings.TrimSpace(name)
		}

		switch {
		case !r.header:
			name = fmt.Sprintf("column%d", i+1)
		case name == "":
			return content.Invalid(fmt.Sprintf("line 1: column %d has no name", i+1), hint)
		case seen[name]:
			return content.Invalid(fmt.Sprintf("line 1: the name %q of column %d is not unique", name, i+1), hint)
		}

		seen[name] = true

		r.schema = append(r.schema, source.Column{
			Name:     name,
			Native:   source.NativeType{Name: "text", TypeStr: "text", Precision: -1},
			Standard: source.Standard{Type: source.Text},
		})
	}

	if r.header {
		r.input.consume(r.fields.size, countLineBreaks(record))
	}

	return nil
}

// Schema returns the columns of the file.
func (r *Rows) Schema() source.Schema { return r.schema }

// Location returns the line on which the last record begins.
func (r *Rows) Location() string { return "line " + strconv.Itoa(r.begin) }

// Close does nothing: the caller closes the file.
func (r *Rows) Close() error { return nil }

// Next returns the next record. The record is reused by the next call, its values are not.
func (r *Rows) Next(context.Context) (source.Record, error) {
	for r.end == nil {
		var found bool
		if found, r.end = r.next(); found {
			return r.record, nil
		}
	}

	return nil, r.end
}

// next reads the next record, and reports whether it is valid. The line may also be empty or rejected.
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
		in.consume(size, 1)

		return false, nil
	case r.isSimple() && r.readLine(in.rest()[:length]):
		in.consume(size, 1)

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
				hint: "correct the value, or set another type for the column in columnTypes",
			})
		}

		start = end
	}

	in.consume(r.fields.size, countLineBreaks(in.rest()[:r.fields.size]))

	return true, nil
}

// isSimple reports whether the separator and the quote are single bytes.
func (r *Rows) isSimple() bool { return len(r.separator) == 1 && len(r.quote) <= 1 }

// readLine reads a record from a simple line, or reports that the line is not simple or invalid. Most lines are simple. Each
// costs an allocation, and a small one for each value that differs from the previous value of its column.
func (r *Rows) readLine(text []byte) bool {
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
	var parser *source.Parser
	if r.parsers != nil {
		parser = r.parsers[i]
		field = parser.Trim(field)
	}

	if !quoted && field == r.null {
		r.record[i] = nil

		return nil
	}

	// Columns often repeat a value, and reusing it is cheaper than parsing it again.
	previous := &r.parsed[i]
	if previous.value == nil || previous.text != field {
		previous.text = field

		if previous.value, err = parser.Parse(r.schema[i].Standard, field); err != nil {
			return err
		}
	}

	r.record[i] = previous.value

	return nil
}

// check verifies the number of fields of a record, and its encoding.
func (r *Rows) check() *fault {
	if r.fields.count != len(r.schema) {
		return &fault{
			message: fmt.Sprintf("it has %s, and the table has %s",
				source.Count(int64(r.fields.count), "field"), source.Count(int64(len(r.schema)), "column")),
			hint: "give each record a field for each column, and put quotes around fields that contain the separator",
		}
	}

	if utf8.Valid(r.input.rest()[:r.fields.size]) {
		return nil
	}

	return r.invalidText()
}

// invalidText returns the fault of the field that is not UTF-8.
func (r *Rows) invalidText() *fault {
	fields := r.fields.split()
	i := max(0, slices.IndexFunc(fields, func(field string) bool { return !utf8.ValidString(field) }))

	field := fmt.Sprintf("field %d", i+1)
	if i < len(r.schema) {
		field = fmt.Sprintf("column %q", r.schema[i].Name)
	}

	return &fault{
		field:   field,
		message: fmt.Sprintf("%q is not text in %s", aroundInvalid(fields[i]), r.encoding),
		hint:    "set the format's encoding to that of the file, windows-1252 for example",
	}
}

// refuse passes the next record to Reject and skips it, or returns its error.
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

	r.input.consume(size, countLineBreaks(record))

	return nil
}
