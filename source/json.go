package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends value in the JSON form of its type, which results use: a number for integer, decimal and float, true or
// false for boolean, null for NULL, the value itself for json, a list for an array, and the text of [AppendText] for the other
// types. JSON has no numbers for NaN and the infinities, so they are text too, as in the JSON of Protocol Buffers
// (https://protobuf.dev/programming-guides/json).
func AppendJSON(dst []byte, of Standard, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return AppendJSONText(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case Number:
		return append(dst, v...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case json.RawMessage:
		return append(dst, v...), nil
	case float64:
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			return appendFloat(dst, v), nil
		}
	case []any:
		return AppendArray(dst, of, v, AppendJSON)
	}

	// The text forms of the other types are ASCII without quotes and backslashes.
	dst, err := AppendText(append(dst, '"'), of, value)
	if err != nil {
		return nil, err
	}

	return append(dst, '"'), nil
}

// AppendArray appends an array as JSON, with the elements that appendElement appends.
func AppendArray(
	dst []byte, of Standard, values []any, appendElement func(dst []byte, of Standard, value any) ([]byte, error),
) ([]byte, error) {
	dst = append(dst, '[')

	for i, value := range values {
		if i > 0 {
			dst = append(dst, ',')
		}

		var err error
		if dst, err = appendElement(dst, of.ElementOf(value), value); err != nil {
			return nil, fmt.Errorf("element %d: %w", i+1, err)
		}
	}

	return append(dst, ']'), nil
}

// AppendJSONText appends text as a JSON string. Text that is not UTF-8 is an error.
func AppendJSONText(dst []byte, text string) ([]byte, error) {
	plain := true

	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			plain = false

			break
		}
	}

	if plain { // Most texts are, and this is many times as fast as an encoder.
		return append(append(append(dst, '"'), text...), '"'), nil
	}

	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("the text %q is not UTF-8", text)
	}

	var buffer bytes.Buffer

	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)

	if err := encoder.Encode(text); err != nil {
		return nil, err
	}

	return append(dst, bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))...), nil
}

// FromJSON parses a JSON value as a value of that type, in the forms of [AppendJSON], and of [ParseText] in a JSON string. The
// JSON value null is NULL, also for json.
func FromJSON(of Standard, raw json.RawMessage) (any, error) { return fromJSON(of, raw, nil) }

// fromJSON is [FromJSON] with JSON strings in the notation of a parser.
func fromJSON(of Standard, raw json.RawMessage, parser *Parser) (any, error) {
	raw = bytes.TrimSpace(raw)

	switch {
	case len(raw) == 0 || bytes.Equal(raw, []byte("null")):
		return nil, nil //nolint:nilnil // nil is a record's NULL.
	case of.Type == JSON:
		return json.RawMessage(bytes.Clone(raw)), nil
	case raw[0] == '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}

		if text = parser.Trim(text); text == "" && of.Type != Text && of.Type != Binary {
			return nil, fmt.Errorf("empty text is not a value of type %s", of)
		}

		return parser.Parse(of, text)
	case raw[0] == '[' && of.Type == Array:
		return arrayFromJSON(of, raw)
	case of.Type == Text: // A number, a boolean, a list or an object.
		return string(raw), nil
	case raw[0] == '{' || raw[0] == '[' || of.Type == Array:
		return nil, fmt.Errorf("%s is not a value of type %s", Quote(string(raw)), of)
	}

	return ParseText(of, string(raw))
}

func arrayFromJSON(of Standard, raw json.RawMessage) (any, error) {
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		return nil, err
	}

	values := make([]any, len(elements))

	for i, element := range elements {
		inner := Standard{Type: of.Element}
		if trimmed := bytes.TrimSpace(element); len(trimmed) > 0 && trimmed[0] == '[' && of.Element != JSON {
			inner = of
		}

		var err error
		if values[i], err = FromJSON(inner, element); err != nil {
			return nil, fmt.Errorf("element %d: %w", i+1, err)
		}
	}

	return values, nil
}
