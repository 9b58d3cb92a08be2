package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
)

// ErrInvalid is the error for records that can't be encoded. It is permanent.
var ErrInvalid = errors.New("the result can't be encoded as JSON")

// AppendValue appends a value of a standard type as JSON.
type AppendValue func(line []byte, of source.Standard, value any) ([]byte, error)

// Encoder encodes records as JSON objects, whose fields have the order of the schema.
type Encoder struct {
	schema      source.Schema
	names       [][]byte // Each column's name as a JSON string, followed by a colon.
	appendValue AppendValue
}

// NewEncoder returns an encoder of records of that schema. The error is [ErrInvalid] if an object can't have those columns.
func NewEncoder(schema source.Schema, appendValue AppendValue) (*Encoder, error) {
	e := &Encoder{schema: schema, appendValue: appendValue}
	seen := make(map[string]bool, len(schema))

	for _, column := range schema {
		if seen[column.Name] {
			return nil, fmt.Errorf("%w: two columns are named %q; rename one of them", ErrInvalid, column.Name)
		}

		seen[column.Name] = true

		name, err := source.AppendJSONText(nil, column.Name)
		if err != nil {
			return nil, fmt.Errorf("%w: the name of a column: %w", ErrInvalid, err)
		}

		e.names = append(e.names, append(name, ':'))
	}

	return e, nil
}

// AppendRecord appends a record as JSON without a line break. The error is [ErrInvalid] if that is impossible.
func (e *Encoder) AppendRecord(line []byte, record source.Record) ([]byte, error) {
	if len(record) != len(e.schema) {
		return nil, fmt.Errorf("%w: the record has %d values for %d columns", ErrInvalid, len(record), len(e.schema))
	}

	line = append(line, '{')

	for i, value := range record {
		if i > 0 {
			line = append(line, ',')
		}

		line = append(line, e.names[i]...)

		var err error
		if line, err = e.appendValue(line, e.schema[i].Standard, value); err != nil {
			return nil, fmt.Errorf("column %q: %w: %w", e.schema[i].Name, ErrInvalid, err)
		}
	}

	return append(line, '}'), nil
}

// appendAPIValue appends a value in the form of docs/api.md.
func appendAPIValue(line []byte, of source.Standard, value any) ([]byte, error) {
	begin := len(line)

	line, err := source.AppendJSON(line, of, value)
	if err != nil || (of.Type != source.JSON && of.Element != source.JSON) {
		return line, err
	}

	return line, normalizeJSON(line[begin:])
}

// normalizeJSON verifies JSON of a source, and replaces its line breaks: in JSON, they occur only between tokens, where a
// space is equivalent.
func normalizeJSON(text []byte) error {
	if !utf8.Valid(text) || !json.Valid(text) {
		return errors.New("the value in the source is not JSON")
	}

	for i, c := range text {
		if c == '\n' || c == '\r' {
			text[i] = ' '
		}
	}

	return nil
}
