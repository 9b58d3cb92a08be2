package json

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// Rows are the records of a file.
type Rows struct {
	records records
	ahead   []sampled // Records of the sample that were not returned yet.
	reject  func(source.Reject) error
	types   map[string]source.Standard // Those of [source.Read].

	columns []column
	places  map[string]int // The place of each column in columns, by its name.
	schema  source.Schema
	record  source.Record

	parser parser
	count  int64 // How many records were read, and rejected ones among them.
	at     place // Of the last of them.
	end    error // What ended the reading.
}

var (
	_ source.Rows    = (*Rows)(nil)
	_ source.Locator = (*Rows)(nil)
)

// records are the texts of the records of a file, one after the other.
type records interface {
	// next returns the text of the next record, and where it stands. The text is the caller's until the next call. The error
	// is io.EOF after the last record, a fault, or that of the file.
	next() ([]byte, place, error)
}

// NewReader learns the columns of a file from its first records, and returns all of them. Of the format it takes the type,
// which is ndjson or json, and the path to the records; the encoding only for messages, since r is UTF-8. The columns that
// read gives types to are JSON, which any value is.
//
// A record that can't be read goes to read's Reject. Without it, it ends the reading with a [*source.Error] without names of a
// source and a table, as all errors about the content are. What breaks the list of the records, and not just one of them,
// ends the reading too. Errors of r are returned as they are.
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

// TypeNDJSON is the type of a [source.Format] for one object per line; every other type is that of a whole file.
const TypeNDJSON = "ndjson"

func noPath(records string) error {
	return unsupported(fmt.Sprintf("a file of type ndjson has no path %q to its records", records),
		"leave the format's records away, since each line is one")
}

// located makes an error of a fault, with its place. Other errors are returned as they are.
func located(at place, err error) error {
	if wrong := new(fault); errors.As(err, &wrong) {
		return invalid(at, wrong)
	}

	return err
}

// Schema returns the columns of the file, in the order in which its first records have them.
func (r *Rows) Schema() source.Schema { return r.schema }

// Location returns where the last record begins: its line, and its number in the list that it is of.
func (r *Rows) Location() string { return r.at.String() }

// Close does nothing: who opened the file closes it.
func (r *Rows) Close() error { return nil }

// Next returns the next record. Its values stay as they are when the record is used again for the next one.
func (r *Rows) Next(ctx context.Context) (source.Record, error) {
	for r.end == nil {
		text, err := r.next()
		if err != nil {
			r.end = located(r.at, err)

			break
		}

		err = r.read(text)
		if err == nil {
			return r.record, nil
		}

		if r.end = r.refuse(text, err); r.end == nil {
			r.end = ctx.Err() // Nobody else would look at it where no record can be read.
		}
	}

	return nil, r.end
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

// read reads a record.
func (r *Rows) read(text string) error {
	r.count++

	if err := r.parser.begin(text); err != nil {
		return err
	}

	next := 0 // Records have their columns in one order, mostly.

	for first := true; ; first = false {
		name, found, err := r.parser.member(first)
		if err != nil {
			return err
		}

		if !found {
			break
		}

		if next >= len(r.columns) || r.columns[next].name != name {
			if next, found = r.places[name]; !found {
				return &fault{message: fmt.Sprintf("the first records have no column %q", name), hint: hintSample}
			}
		}

		if err := r.put(next); err != nil {
			return err
		}

		next++
	}

	for i := range r.columns {
		if r.columns[i].last != r.count {
			r.record[i] = nil
		}
	}

	return r.parser.finish()
}

// put reads the value of the column at that place.
func (r *Rows) put(at int) error {
	column := &r.columns[at]

	if column.last == r.count {
		return &fault{message: fmt.Sprintf("it has the column %q twice", column.name)} // The parser's check says it better.
	}

	column.last = r.count

	v, err := r.parser.value()
	if err != nil {
		return err
	}

	r.record[at], err = column.hold(v, r.record[at])

	return err
}

// refuse hands a record over that could not be read.
func (r *Rows) refuse(text string, err error) error {
	// What is wrong with its text comes first: it may be why it seems to have other columns.
	if wrong := r.parser.check(text); wrong != nil {
		err = wrong
	}

	wrong := new(fault)
	if r.reject == nil || !errors.As(err, &wrong) {
		return located(r.at, err)
	}

	// Who keeps it keeps text, and this may be none.
	const longest = 4 << 10
	shown := strings.ToValidUTF8(prefix(text, longest), "\ufffd")

	return r.reject(source.Reject{Location: r.Location(), Message: wrong.Error(), Text: shown})
}
