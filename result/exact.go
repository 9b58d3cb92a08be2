package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// exactEncoder writes records that are read back as values of scenarios, which tell a float from an integer, and have no
// exact decimals: those are text.
type exactEncoder struct {
	encoder

	escaped bytes.Buffer
}

func newExactEncoder(schema source.Schema) (*exactEncoder, error) {
	e, err := newEncoder(schema)
	if err != nil {
		return nil, err
	}

	e.appendValue = appendExact

	return &exactEncoder{encoder: *e}, nil
}

// appendRecord appends a record as JSON, at the length that it has in the JSON of a job.
func (e *exactEncoder) appendRecord(line []byte, record source.Record) ([]byte, error) {
	begin := len(line)

	line, err := e.encoder.appendRecord(line, record)
	if err != nil || !bytes.ContainsAny(line[begin:], "<>&") {
		return line, err
	}

	e.escaped.Reset()
	json.HTMLEscape(&e.escaped, line[begin:])

	return append(line[:begin], e.escaped.Bytes()...), nil
}

// appendExact appends a value as scenarios know it.
func appendExact(line []byte, of source.Standard, value any) ([]byte, error) {
	switch v := value.(type) {
	case float64:
		return appendExactFloat(line, of, v)
	case source.Number:
		return append(append(append(line, '"'), v...), '"'), nil
	case json.RawMessage:
		return appendExactJSON(line, v)
	case []any:
		return appendExactList(line, of, v)
	}

	return source.AppendJSON(line, of, value)
}

// appendExactFloat appends a float with a point or an exponent. NaN and the infinities are text.
func appendExactFloat(line []byte, of source.Standard, value float64) ([]byte, error) {
	begin := len(line)

	line, err := source.AppendJSON(line, of, value)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) || bytes.ContainsAny(line[begin:], ".e") {
		return line, err
	}

	return append(line, ".0"...), nil
}

// appendExactJSON appends JSON in the form in which a job holds it.
func appendExactJSON(line []byte, text json.RawMessage) ([]byte, error) {
	value, err := scenario.DecodeJSON(text)
	if err != nil {
		return nil, fmt.Errorf("what the source holds there as JSON is no value of a scenario: %w", err)
	}

	exact, err := scenario.Value{Any: value}.MarshalJSON()

	return append(line, exact...), err
}

func appendExactList(line []byte, of source.Standard, values []any) ([]byte, error) {
	line = append(line, '[')

	for i, value := range values {
		if i > 0 {
			line = append(line, ',')
		}

		inner := source.Standard{Type: of.Element}
		if _, isList := value.([]any); isList {
			inner = of
		}

		var err error
		if line, err = appendExact(line, inner, value); err != nil {
			return nil, fmt.Errorf("element %d: %w", i+1, err)
		}
	}

	return append(line, ']'), nil
}
