package xml

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"

	"github.com/jobwright/jobwright/source"
)

// Rows are the records of a file.
type Rows struct {
	records *records
	ahead   []found // Records of the sample that were not returned yet.
	element element // The last record after the sample.
	reject  func(source.Reject) error

	columns []column
	places  map[key]int // The index of each column.
	schema  source.Schema
	record  source.Record

	count int64 // The number of records that were read, including rejected ones.
	line  int   // The line on which the last record begins.
	end   error // The error that ended reading.
}

var (
	_ source.Rows    = (*Rows)(nil)
	_ source.Locator = (*Rows)(nil)
)

// NewReader infers the columns of a file from its first records, and returns all records. It uses the records of the format.
//
// Invalid records are passed to read's Reject. Without Reject, an invalid record ends reading with a [*source.Error].
// Text that is not well-formed ends reading in any case. Errors about the content name neither source nor table. Errors
// of r are returned as they are.
func NewReader(r io.Reader, read source.Read) (*Rows, error) {
	records, err := newRecords(r, read.Format.Records)
	if err != nil {
		return nil, err
	}

	rows := &Rows{records: records, reject: read.Reject, places: map[key]int{}}
	if err := rows.sample(); err != nil {
		return nil, err
	}

	return rows, nil
}

// Schema returns the columns of the file, in the order in which its first records have them.
func (r *Rows) Schema() source.Schema { return r.schema }

// Location returns the line on which the last record begins.
func (r *Rows) Location() string { return location(r.line) }

// Close does nothing: the caller closes the file.
func (r *Rows) Close() error { return nil }

// Next returns the next record. The record is reused by the next call, its values are not.
func (r *Rows) Next(ctx context.Context) (source.Record, error) {
	for r.end == nil {
		record, err := r.next()
		if err != nil {
			r.end = err

			break
		}

		wrong := record.wrong
		if wrong == nil {
			wrong = r.read(record.element)
		}

		if wrong == nil {
			return r.record, nil
		}

		if r.end = r.refuse(record, wrong); r.end == nil {
			r.end = ctx.Err() // No caller checks it between rejected records.
		}
	}

	return nil, r.end
}

// next returns the next record of the file.
func (r *Rows) next() (found, error) {
	if len(r.ahead) > 0 {
		first := r.ahead[0]
		r.ahead[0] = found{} // Release its memory.
		r.ahead, r.line = r.ahead[1:], first.line

		return first, nil
	}

	wrong, err := r.records.next(&r.element)
	r.line = r.records.line

	return found{element: &r.element, line: r.line, wrong: wrong}, err
}

// read converts a record.
func (r *Rows) read(e *element) *fault {
	r.count++

	next := 0 // Most records have their columns in the same order.

	for _, a := range e.attributes {
		at, known := r.place(next, key{attribute, a.Name})
		if !known {
			return unknown(key{attribute, a.Name})
		}

		r.columns[at].last = r.count
		r.record[at] = reuseText(a.Value, r.record[at])
		next = at + 1
	}

	for i := range e.children {
		at, known := r.place(next, key{child, e.children[i].name})
		if !known {
			return unknown(key{child, e.children[i].name})
		}

		if wrong := r.put(at, &e.children[i]); wrong != nil {
			return wrong
		}

		next = at + 1
	}

	return r.finish(e)
}

func unknown(k key) *fault {
	return &fault{message: fmt.Sprintf("the record has the %s, but the first records do not", k), hint: hintSample}
}

// place returns the index of a column, which usually is first.
func (r *Rows) place(first int, k key) (int, bool) {
	if first < len(r.columns) && r.columns[first].key == k {
		return first, true
	}

	at, known := r.places[k]

	return at, known
}

// put sets the value of a column to a child of the record.
func (r *Rows) put(at int, e *element) (wrong *fault) {
	c := &r.columns[at]
	again := c.last == r.count
	c.last = r.count

	switch {
	case c.isList && !again:
		c.elements, wrong = appendJSON(c.elements[:0], e)
	case c.isList:
		c.elements, wrong = appendJSON(append(c.elements, ','), e)
	case again:
		return &fault{
			message: fmt.Sprintf("column %q: the record has several elements, but the first records have only one", c.title),
			hint:    hintSample,
		}
	default:
		r.record[at], wrong = c.convert(e, r.record[at])
	}

	return wrong
}

// finish sets the text of the record, and sets missing columns to NULL.
func (r *Rows) finish(e *element) *fault {
	own := key{part: ownText, name: xml.Name{Local: textName}}

	switch at, known := r.places[own]; {
	case len(e.children) > 0: // Only white space is between them.
	case known:
		r.columns[at].last = r.count
		r.record[at] = reuseText(e.text, r.record[at])
	case !isSpace(e.text):
		return unknown(own)
	}

	for i := range r.columns {
		switch c := &r.columns[i]; {
		case c.last != r.count:
			r.record[i] = nil
		case c.isList:
			r.record[i] = c.list()
		}
	}

	return nil
}

// refuse passes an invalid record to Reject, or returns its error.
func (r *Rows) refuse(record found, wrong *fault) error {
	if r.reject == nil {
		return wrong.on(r.line)
	}

	text := record.text
	if text == "" {
		text = r.records.in.text()
	}

	return r.reject(source.Reject{Location: r.Location(), Message: wrong.Error(), Text: text})
}
