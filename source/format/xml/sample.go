package xml

import (
	"encoding/xml"
	"io"

	"github.com/jobwright/jobwright/source"
)

// The sample, which decides on the columns, ends with the first of these limits.
const (
	sampleRecords = 1_000
	sampleBytes   = 1 << 20
)

// found is a record of the file.
type found struct {
	element *element
	line    int
	wrong   *fault // The problem of an invalid record, regardless of columns.
	text    string // The beginning of a record of the sample, in case that it is rejected.
}

// sample reads the first records ahead, and infers the columns from them.
func (r *Rows) sample() error {
	for size := int64(0); len(r.ahead) < sampleRecords && size < sampleBytes; {
		e := new(element)

		wrong, err := r.records.next(e)
		if err == io.EOF {
			break
		}

		if err != nil {
			return err
		}

		record := found{element: e, line: r.records.line, wrong: wrong}
		if r.reject != nil {
			record.text = r.records.in.text()
		}

		r.ahead = append(r.ahead, record)
		size += r.records.size()

		if wrong == nil {
			r.learn(e)
		}

		if len(r.columns) > source.MaxColumns {
			return source.TooManyColumns()
		}
	}

	if wrong := name(r.columns, r.records.prefixes); wrong != nil {
		return wrong.on(r.records.line)
	}

	r.records.prefixes = nil // Later records do not change the names.
	r.record = make(source.Record, len(r.columns))

	for i := range r.columns {
		r.schema = append(r.schema, r.columns[i].describe())
	}

	return nil
}

// learn adds the columns of a record.
func (r *Rows) learn(e *element) {
	r.count++

	for _, a := range e.attributes {
		r.column(key{attribute, a.Name})
	}

	for i := range e.children {
		c := r.column(key{child, e.children[i].name})
		c.isJSON = c.isJSON || !e.children[i].isText()
		c.isList = c.isList || c.last == r.count
		c.last = r.count
	}

	if len(e.children) == 0 && !isSpace(e.text) {
		r.column(key{ownText, xml.Name{Local: textName}})
	}
}

// column returns the column of a key, and adds it if it is new.
func (r *Rows) column(k key) *column {
	at, known := r.places[k]
	if !known {
		at = len(r.columns)
		r.places[k] = at
		r.columns = append(r.columns, column{key: k})
	}

	return &r.columns[at]
}
