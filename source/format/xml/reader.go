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
	element element // The last record, behind the sample.
	reject  func(source.Reject) error

	columns []column
	places  map[key]int // The place of each column in columns.
	schema  source.Schema
	record  source.Record

	count int64 // How many records were read, and rejected ones among them.
	line  int   // On which the last of them begins.
	end   error // What ended the reading.
}

var (
	_ source.Rows    = (*Rows)(nil)
	_ source.Locator = (*Rows)(nil)
)

// NewReader learns the columns of a file from its first records, and returns all of them. Of the format it takes the path to
// the records.
//
// A record that can't be read goes to read's Reject. Without it, it ends the reading with a [*source.Error] without names of a
// source and a table, as all errors about the content are. What is not well-formed ends the reading too. Errors of r are
// returned as they are.
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

// Close does nothing: who opened the file closes it.
func (r *Rows) Close() error { return nil }

// Next returns the next record. Its values stay as they are when the record is used again for the next one.
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
			r.end = ctx.Err() // Nobody else would look at it where no record can be read.
		}
	}

	return nil, r.end
}

// next returns the next record as it stands in the file.
func (r *Rows) next() (found, error) {
	if len(r.ahead) > 0 {
		first := r.ahead[0]
		r.ahead[0] = found{} // What it holds is not needed when it was read.
		r.ahead, r.line = r.ahead[1:], first.line

		return first, nil
	}

	wrong, err := r.records.next(&r.element)
	r.line = r.records.line

	return found{element: &r.element, line: r.line, wrong: wrong}, err
}

// read reads a record. The error is a fault.
func (r *Rows) read(e *element) *fault {
	r.count++

	next := 0 // Records have their columns in one order, mostly.

	for _, a := range e.attributes {
		at, known := r.place(next, key{attribute, a.Name})
		if !known {
			return unknown(key{attribute, a.Name})
		}

		r.columns[at].last = r.count
		r.record[at] = holdText(a.Value, r.record[at])
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
	return &fault{message: fmt.Sprintf("the record has the %s, and the first records have none", k), hint: hintSample}
}

// place returns the place of a column, which is mostly the one where it is looked for first.
func (r *Rows) place(first int, k key) (int, bool) {
	if first < len(r.columns) && r.columns[first].key == k {
		return first, true
	}

	at, known := r.places[k]

	return at, known
}

// put takes a child of the record as the value of a column.
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
			message: fmt.Sprintf("column %q: the record has several, and each of the first records has one", c.title),
			hint:    hintSample,
		}
	default:
		r.record[at], wrong = c.hold(e, r.record[at])
	}

	return wrong
}

// finish takes the text of the record, and gives NULL to the columns that it does not have.
func (r *Rows) finish(e *element) *fault {
	own := key{part: ownText, name: xml.Name{Local: textName}}

	switch at, known := r.places[own]; {
	case len(e.children) > 0: // Between them there is white space alone.
	case known:
		r.columns[at].last = r.count
		r.record[at] = holdText(e.text, r.record[at])
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

// refuse hands a record over that could not be read.
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
