package result

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
)

// ErrInvalid is the error for a result set that the API can't answer, however often it is tried.
var ErrInvalid = errors.New("the result can't be answered")

// encoder writes records as JSON objects, in the forms that docs/api.md gives for each standard type.
type encoder struct {
	schema source.Schema
	names  [][]byte // Each column's name as a JSON string with the colon.
	text   bytes.Buffer
	json   *json.Encoder
	exact  bool // Whether a float is told from an integer.
}

func newEncoder(schema source.Schema) (*encoder, error) {
	e := &encoder{schema: schema}
	e.json = json.NewEncoder(&e.text)
	e.json.SetEscapeHTML(false)

	seen := make(map[string]bool, len(schema))

	for _, column := range schema {
		if seen[column.Name] {
			return nil, fmt.Errorf("%w: two columns are named %q; give one of them another name", ErrInvalid, column.Name)
		}

		seen[column.Name] = true

		name, err := e.appendText(nil, column.Name)
		if err != nil {
			return nil, err
		}

		e.names = append(e.names, append(name, ':'))
	}

	return e, nil
}

// newExactEncoder returns an encoder whose records are values of scenarios, which tell a float from an integer. It writes
// text at the same length as they have in the JSON of a job.
func newExactEncoder(schema source.Schema) (*encoder, error) {
	e, err := newEncoder(schema)
	if err != nil {
		return nil, err
	}

	e.exact = true
	e.json.SetEscapeHTML(true)

	return e, nil
}

func (e *encoder) appendRecord(line []byte, record source.Record) ([]byte, error) {
	line = append(line, '{')

	for i, value := range record {
		if i > 0 {
			line = append(line, ',')
		}

		line = append(line, e.names[i]...)

		var err error
		if line, err = e.appendValue(line, e.schema[i].Type, value); err != nil {
			return nil, fmt.Errorf("column %q: %w", e.schema[i].Name, err)
		}
	}

	return append(line, '}'), nil
}

func (e *encoder) appendValue(line []byte, t source.Type, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(line, "null"...), nil
	case string:
		return e.appendText(line, v)
	case int64:
		return strconv.AppendInt(line, v, 10), nil
	case float64:
		return e.appendFloat(line, v), nil
	case bool:
		return strconv.AppendBool(line, v), nil
	case time.Time:
		layout := time.RFC3339Nano
		if t == source.Date {
			layout = time.DateOnly
		}

		return append(v.AppendFormat(append(line, '"'), layout), '"'), nil
	case []byte:
		return append(base64.StdEncoding.AppendEncode(append(line, '"'), v), '"'), nil
	}

	return nil, fmt.Errorf("%w: a %T is no value of type %s", ErrInvalid, value, t)
}

// appendFloat writes a float; what JSON has no number for is a string, as in Protocol Buffers' JSON
// (https://protobuf.dev/programming-guides/json).
func (e *encoder) appendFloat(line []byte, value float64) []byte {
	switch {
	case math.IsNaN(value):
		return append(line, `"NaN"`...)
	case math.IsInf(value, 1):
		return append(line, `"Infinity"`...)
	case math.IsInf(value, -1):
		return append(line, `"-Infinity"`...)
	}

	begin := len(line)

	line = strconv.AppendFloat(line, value, 'g', -1, 64)
	if e.exact && !bytes.ContainsAny(line[begin:], ".e") {
		line = append(line, ".0"...)
	}

	return line
}

func (e *encoder) appendText(line []byte, text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%w: the text %q is not UTF-8", ErrInvalid, text)
	}

	e.text.Reset()

	if err := e.json.Encode(text); err != nil {
		return nil, err
	}

	return append(line, bytes.TrimSuffix(e.text.Bytes(), []byte("\n"))...), nil
}
