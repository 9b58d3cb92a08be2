package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Params are the parameters of an operation or of a scenario: names with values. A value is nil, a bool, an int64, a
// float64, a string, a []any or a map[string]any of values, exactly as it was written: an integer never passes through
// a float.
type Params map[string]any

// MarshalJSON writes a JSON object in which a float is told from an integer, so that [DecodeJSON] reads back what it was.
func (p Params) MarshalJSON() ([]byte, error) { return json.Marshal(wire(map[string]any(p))) }

// UnmarshalJSON reads a JSON object with [DecodeJSON].
func (p *Params) UnmarshalJSON(data []byte) error {
	value, err := DecodeJSON(data)
	if err != nil {
		return err
	}

	object, ok := value.(map[string]any)
	if !ok && value != nil {
		return fmt.Errorf("want a JSON object, have %s", describe(value))
	}

	*p = object

	return nil
}

// Value is a single value of the kinds that [Params] holds, which goes through JSON exactly.
type Value struct{ Any any }

// MarshalJSON writes the value so that [DecodeJSON] reads back what it was.
func (v Value) MarshalJSON() ([]byte, error) { return json.Marshal(wire(v.Any)) }

// UnmarshalJSON reads a value with [DecodeJSON].
func (v *Value) UnmarshalJSON(data []byte) error {
	value, err := DecodeJSON(data)
	v.Any = value

	return err
}

// MarshalJSON writes a parameter, with a default that [DecodeJSON] reads back as what it was.
func (p Parameter) MarshalJSON() ([]byte, error) {
	type plain Parameter

	p.Default = wire(p.Default)

	return json.Marshal(plain(p))
}

// UnmarshalJSON reads what [Parameter.MarshalJSON] writes.
func (p *Parameter) UnmarshalJSON(data []byte) error {
	type plain Parameter

	read := struct {
		*plain

		Default json.RawMessage `json:"default"`
	}{plain: (*plain)(p)}
	if err := json.Unmarshal(data, &read); err != nil || read.Default == nil {
		return err
	}

	value, err := DecodeJSON(read.Default)
	p.Default = value

	return err
}

// wire replaces the floats in value by numbers that have a fraction or an exponent.
func wire(value any) any {
	switch v := value.(type) {
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}

		return json.Number(text)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = wire(v[i])
		}

		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			object[name] = wire(v[name])
		}

		return object
	case Params:
		return wire(map[string]any(v))
	}

	return value
}

// DecodeJSON reads one JSON value as the Go types that [Params] holds. A number without fraction and exponent is an
// int64 or an error, never a float that is nearly it.
func DecodeJSON(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()

	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}

	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the JSON value's end")
	}

	return exact(value)
}

// exact replaces every json.Number in value.
func exact(value any) (any, error) {
	var err error

	switch v := value.(type) {
	case json.Number:
		return number(v.String())
	case []any:
		for i := range v {
			if v[i], err = exact(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if v[name], err = exact(v[name]); err != nil {
				return nil, err
			}
		}
	}

	return value, nil
}

func number(text string) (any, error) {
	if strings.ContainsAny(text, ".eE") {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("the number %s is out of range", text)
		}

		return value, nil
	}

	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the number %s does not fit into 64 bits", text)
	}

	return value, nil
}

// describe says what a value is, for people.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case bool:
		return fmt.Sprintf("the boolean %t", v)
	case int64:
		return fmt.Sprintf("the integer %d", v)
	case float64:
		return fmt.Sprintf("the number %g", v)
	case string:
		const longest = 40
		if runes := []rune(v); len(runes) > longest {
			v = string(runes[:longest]) + "…"
		}

		return fmt.Sprintf("the text %q", v)
	case []any:
		return "a list"
	case map[string]any, Params:
		return "an object"
	}

	return fmt.Sprintf("a %T", value)
}
