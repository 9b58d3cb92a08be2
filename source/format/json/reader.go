package json

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// Rows are the records of a file.
type Rows struct {
	records records
	ahead   []sampled // Records of the sample that were not returned yet.
	reject  func(source.Reject) error
	types   map[string]source.Standard // The types of [source.Read].

	columns []column
	places  map[string]int // The index of each column, by its name.
	schema  source.Schema
	record  source.Record

	parser parser
	count  int64 // The number of records that were read, including rejected ones.
	at     place // The place of the last record.
	end    error // The error that ended reading.
}

var (
	_ source.Rows    = (*Rows)(nil)
	_ source.Locator = (*Rows)(nil)
)

// records are the texts of the records of a file.
type records interface {
	// next returns the text and the place of the next record. The text is valid until the next call. The error is io.EOF after
	// the last record, a fault, or the error of the file.
	next() ([]byte, place, error)
}

// NewReader infers the columns of a file from its first records, and returns all records. It uses the type, which is ndjson or
// json, and the records of the format; the encoding for messages only, because r is UTF-8. Columns whose type is named by read
// are JSON, which accepts every value.
//
// Invalid records are passed to read's Reject. Without Reject, an invalid record ends reading with a [*source.Error]. A syntax
// error outside of a record ends reading in any case. Errors about the content name neither source nor table. Errors of r are
// returned as they are.
func NewReader(r io.Reader, read source.Read) (*Rows, error) {
	f := read.Format
	rows := &Rows{
		reject: read.Reject, types: read.Types, places: map[string]int{},
		parser: parser{encoding: cmp.Or(f.Encoding, "UTF-8")},
	}

	if f.Type == TypeNDJSON {
		if f.Records != "" {
			return nil, noPath(f.Records)
		}

		rows.records = &lines{newStream(r)}
	} else {
		tree, err := newTree(newStream(r), f.Records)
		if err != nil {
			return nil, located(place{line: tree.stream.line}, err)
		}

		rows.records = tree
	}

	if err := rows.sample(); err != nil {
		return nil, err
	}

	return rows, nil
}

// TypeNDJSON is the type of a [source.Format] with one object per line. Every other type is JSON.
const TypeNDJSON = "ndjson"

func noPath(records string) error {
	return content.Unsupported(fmt.Sprintf("a file of type ndjson has no path to its records, but the format names %q", records),
		"remove records from the format, because each line is a record")
}

// located returns the error for a fault at a place. Other errors are returned as they are.
func located(at place, err error) error {
	if wrong := new(fault); errors.As(err, &wrong) {
		return invalid(at, wrong)
	}

	return err
}

// Schema returns the columns of the file, in the order in which its first records have them.
func (r *Rows) Schema() source.Schema { return r.schema }

// Location returns the line on which the last record begins, and its number in an array.
func (r *Rows) Location() string { return r.at.String() }

// Close does nothing: the caller closes the file.
func (r *Rows) Close() error { return nil }

// Next returns the next record. The record is reused by the next call, its values are not.
func (r *Rows) Next(ctx context.Context) (source.Record, error) {
	for r.end == nil {
		var found bool
		if found, r.end = r.read(); found {
			return r.record, nil
		}

		if r.end == nil {
			r.end = ctx.Err() // No caller checks it between rejected records.
		}
	}

	return nil, r.end
}

// read reads the next record, and reports whether it is valid. It may also be rejected.
func (r *Rows) read() (found bool, err error) {
	text, err := r.next()
	if err != nil {
		return false, located(r.at, err)
	}

	if err = r.parse(text); err != nil {
		return false, r.refuse(text, err)
	}

	return true, nil
}

// next returns the text of the next record.
func (r *Rows) next() (string, error) {
	if len(r.ahead) > 0 {
		first := r.ahead[0]
		r.ahead, r.at = r.ahead[1:], first.at

		return first.text, nil
	}

	text, at, err := r.records.next()
	r.at = at

	return string(text), err
}

// parse parses a record.
func (r *Rows) parse(text string) error {
	r.count++

	if err := r.parser.begin(text); err != nil {
		return err
	}

	next := 0 // Most records have their columns in the same order.

	for name := r.parser.next(); name != ""; name = r.parser.next() {
		if next >= len(r.columns) || r.columns[next].quoted != name {
			var found bool
			if next, found = r.places[unquote(name)]; !found {
				return &fault{message: fmt.Sprintf("the first records have no column %q", unquote(name)), hint: hintSample}
			}
		}

		column := &r.columns[next]
		column.last = r.count

		var err error
		if r.record[next], err = column.convert(r.parser.value(), r.record[next]); err != nil {
			return err
		}

		next++
	}

	for i := range r.columns {
		if r.columns[i].last != r.count {
			r.record[i] = nil
		}
	}

	return nil
}

// refuse passes an invalid record to Reject, or returns its error.
func (r *Rows) refuse(text string, err error) error {
	wrong := new(fault)
	if r.reject == nil || !errors.As(err, &wrong) {
		return located(r.at, err)
	}

	const size = 4 << 10
	excerpt := strings.ToValidUTF8(content.Prefix(text, size), "\ufffd")

	return r.reject(source.Reject{Location: r.Location(), Message: wrong.Error(), Text: excerpt})
}
