package xml

import (
	"encoding/xml"
	"errors"
	"io"

	"github.com/jobwright/jobwright/source"
)

// The sample that columns are learnt from ends with whichever of these comes first.
const (
	sampleRecords = 1_000
	sampleBytes   = 1 << 20
)

// found is a record as it stands in the file.
type found struct {
	element *element
	line    int
	wrong   *fault // What is wrong with it, whichever columns there are.
	text    string // Its beginning, where it is of the sample and can't be read, perhaps.
}

// sample reads the first records ahead, and learns the columns from them.
func (r *Rows) sample() error {
	for size := int64(0); len(r.ahead) < sampleRecords && size < sampleBytes; {
		e := new(element)

		wrong, err := r.records.next(e)
		if errors.Is(err, io.EOF) {
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
	}

	if wrong := name(r.columns, r.records.prefixes); wrong != nil {
		return wrong.on(r.records.line)
	}

	r.records.prefixes = nil // Nobody wants to know them anymore.
	r.record = make(source.Record, len(r.columns))

	for i := range r.columns {
		r.schema = append(r.schema, r.columns[i].describe())
	}

	return nil
}

// learn takes the columns of a record.
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

// column returns the column of that key, which is new where there is none.
func (r *Rows) column(k key) *column {
	at, known := r.places[k]
	if !known {
		at = len(r.columns)
		r.places[k] = at
		r.columns = append(r.columns, column{key: k})
	}

	return &r.columns[at]
}
