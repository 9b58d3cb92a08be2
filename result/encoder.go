package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
)

// ErrInvalid is the error for a result set that the API can't answer, however often it is tried.
var ErrInvalid = errors.New("the result can't be answered")

// encoder writes records as JSON objects, in the forms that docs/api.md gives for each standard type.
type encoder struct {
	schema source.Schema
	names  [][]byte // Each column's name as a JSON string with the colon.

	// appendValue appends a value as JSON.
	appendValue func(line []byte, of source.Standard, value any) ([]byte, error)
}

func newEncoder(schema source.Schema) (*encoder, error) {
	e := &encoder{schema: schema, appendValue: appendAnswer}
	seen := make(map[string]bool, len(schema))

	for _, column := range schema {
		if seen[column.Name] {
			return nil, fmt.Errorf("%w: two columns are named %q; give one of them another name", ErrInvalid, column.Name)
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

// appendRecord appends a record as JSON without a line break.
func (e *encoder) appendRecord(line []byte, record source.Record) ([]byte, error) {
	if len(record) != len(e.schema) {
		return nil, fmt.Errorf("%w: it has %d values for %d columns", ErrInvalid, len(record), len(e.schema))
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

// appendAnswer appends a value as the API answers it.
func appendAnswer(line []byte, of source.Standard, value any) ([]byte, error) {
	begin := len(line)

	line, err := source.AppendJSON(line, of, value)
	if err != nil || (of.Type != source.JSON && of.Element != source.JSON) {
		return line, err
	}

	return line, tidyJSON(line[begin:])
}

// tidyJSON makes sure that what a source holds as JSON does not spoil the JSON around it, and takes it to one line: in
// JSON, a line break stands only between tokens, where a space means the same.
func tidyJSON(text []byte) error {
	if !utf8.Valid(text) || !json.Valid(text) {
		return errors.New("what the source holds there is not JSON")
	}

	for i, c := range text {
		if c == '\n' || c == '\r' {
			text[i] = ' '
		}
	}

	return nil
}
