package result

import (
	"bytes"
	"encoding/json"

	"github.com/jobwright/jobwright/source"
)

// This file converts the JSON of stored records to CSV. It does not use a JSON decoder, because it converts every byte of a
// download: records were written by [Encoder], so that it suffices to find the end of each value, and only strings with escapes
// are decoded. A version on jsontext (github.com/go-json-experiment/json v1.27.2) converted records without escapes at less than
// half of the speed (about 200 and 95 MB/s). Quoting is not shared with source/format/csv, whose dialects are configurable and
// which apiserver must not link.

// appendCSVNames appends the names of the columns as a line of CSV.
func appendCSVNames(line []byte, schema source.Schema) []byte {
	for i, column := range schema {
		if i > 0 {
			line = append(line, ',')
		}

		line = appendCSVText(line, []byte(column.Name))
	}

	return append(line, "\r\n"...)
}

// appendCSVRecord appends a JSON record as a line of CSV. The encoder has written the fields in the order of the schema, so
// that it suffices to find the end of each value.
func appendCSVRecord(line []byte, schema source.Schema, record []byte) ([]byte, error) {
	rest, opening := record, byte('{')

	for i, column := range schema {
		if i > 0 {
			line = append(line, ',')
			opening = ','
		}

		value, behind, ok := cutField(rest, opening)
		if !ok {
			return nil, errDamaged
		}

		rest = behind

		var err error
		if line, err = appendCSVValue(line, column.Type, value); err != nil {
			return nil, err
		}
	}

	if len(schema) > 0 && string(rest) != "}" {
		return nil, errDamaged
	}

	return append(line, "\r\n"...), nil
}

// cutField returns the value of the field that follows an opening character at the beginning of a text, and the rest.
func cutField(text []byte, opening byte) (value, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != opening {
		return nil, nil, false
	}

	text = text[1:]

	name := valueLength(text)
	if name == 0 || name >= len(text) || text[name] != ':' {
		return nil, nil, false
	}

	text = text[name+1:]
	length := valueLength(text)

	return text[:length], text[length:], length > 0
}

// valueLength returns the length of the JSON value at the beginning of a text, or 0 if it has no end.
func valueLength(text []byte) int {
	depth := 0

	for at := 0; at < len(text); at++ {
		switch text[at] {
		case '"':
			length := stringLength(text[at:])
			if length == 0 || depth == 0 {
				return length
			}

			at += length - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return at
			}

			depth--
			if depth == 0 {
				return at + 1
			}
		case ',':
			if depth == 0 {
				return at
			}
		}
	}

	return 0
}

// stringLength returns the length of the JSON string at the beginning of a text, or 0 if it has no end.
func stringLength(text []byte) int {
	for at := 1; at < len(text); at++ {
		switch text[at] {
		case '"':
			return at + 1
		case '\\':
			at++
		}
	}

	return 0
}

// appendCSVValue appends a JSON value as a field of CSV: a string as its text, except in a column of type json, and any other
// value as JSON.
func appendCSVValue(line []byte, of source.Type, value []byte) ([]byte, error) {
	switch {
	case string(value) == "null":
		return line, nil
	case value[0] != '"' || of == source.JSON:
		return appendCSVText(line, value), nil
	}

	if text := value[1 : len(value)-1]; bytes.IndexByte(text, '\\') < 0 {
		return appendCSVText(line, text), nil
	}

	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return nil, errDamaged
	}

	return appendCSVText(line, []byte(text)), nil
}

// appendCSVText appends a field, with quotes if necessary. Empty text has quotes, which distinguish it from NULL.
func appendCSVText(line, text []byte) []byte {
	if len(text) > 0 && isPlain(text) {
		return append(line, text...)
	}

	line = append(line, '"')

	for {
		at := bytes.IndexByte(text, '"')
		if at < 0 {
			return append(append(line, text...), '"')
		}

		line = append(append(line, text[:at+1]...), '"')
		text = text[at+1:]
	}
}

// isPlain reports whether a field needs no quotes. For short fields, a loop is faster than bytes.IndexAny.
func isPlain(text []byte) bool {
	for _, c := range text {
		if c == '"' || c == ',' || c == '\r' || c == '\n' {
			return false
		}
	}

	return true
}
