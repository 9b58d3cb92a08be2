package spool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// Converter converts records to values of scenarios. Integers, floats, decimals, texts, Booleans and NULL correspond to each
// other. Dates, times, UUIDs and binary
// data become the text that results use. JSON becomes the value that it contains, and an array becomes a list.
type Converter struct {
	encoder *encoder
	line    []byte
}

// NewConverter returns a converter of records of that schema. The error is [result.ErrInvalid] if an object can't have those
// columns.
func NewConverter(schema source.Schema) (*Converter, error) {
	encoder, err := newEncoder(schema)

	return &Converter{encoder: encoder}, err
}

// Convert returns the record as an object. The error is [result.ErrInvalid] if a scenario has no such values.
func (c *Converter) Convert(record source.Record) (jsonvalue.Object, error) {
	var err error
	if c.line, err = c.encoder.appendRecord(c.line[:0], record); err != nil {
		return nil, err
	}

	return decodeRecord(c.line)
}

func decodeRecord(line []byte) (jsonvalue.Object, error) {
	var record jsonvalue.Object
	if err := record.UnmarshalJSON(line); err != nil {
		return nil, fmt.Errorf("a record can't be decoded: %w", err)
	}

	return record, nil
}

// encoder encodes records as JSON that a scenario decodes: it distinguishes integers, floats and decimals.
type encoder struct {
	records *result.Encoder
	escaped bytes.Buffer
}

func newEncoder(schema source.Schema) (*encoder, error) {
	records, err := result.NewEncoder(schema, appendValue)

	return &encoder{records: records}, err
}

// appendRecord appends a record as JSON, in the exact form and length that it has in the JSON of a job.
func (e *encoder) appendRecord(line []byte, record source.Record) ([]byte, error) {
	begin := len(line)

	line, err := e.records.AppendRecord(line, record)
	if err != nil || !bytes.ContainsAny(line[begin:], "<>&") {
		return line, err
	}

	e.escaped.Reset()
	json.HTMLEscape(&e.escaped, line[begin:])

	return append(line[:begin], e.escaped.Bytes()...), nil
}

// appendValue appends a value in the JSON of scenarios.
func appendValue(line []byte, of source.Standard, value any) ([]byte, error) {
	switch v := value.(type) {
	case float64:
		return appendFloat(line, of, v)
	case source.Number:
		return jsonvalue.AppendDecimal(line, string(v)), nil
	case json.RawMessage:
		return appendJSON(line, v)
	case []any:
		return source.AppendArray(line, of, v, appendValue)
	}

	return source.AppendJSON(line, of, value)
}

// appendFloat appends a float with a point or an exponent. NaN and the infinities are text.
func appendFloat(line []byte, of source.Standard, value float64) ([]byte, error) {
	begin := len(line)

	line, err := source.AppendJSON(line, of, value)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) || bytes.ContainsAny(line[begin:], ".e") {
		return line, err
	}

	return append(line, ".0"...), nil
}

// appendJSON appends JSON in the form in which a job stores it.
func appendJSON(line []byte, text json.RawMessage) ([]byte, error) {
	value, err := jsonvalue.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("the JSON in the source is no value of a scenario: %w", err)
	}

	exact, err := jsonvalue.Value{Any: value}.MarshalJSON()

	return append(line, exact...), err
}
