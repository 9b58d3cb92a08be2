// Package jsonvalue defines the values of the scenario language and their exact JSON form. A value is nil, a bool, an int64,
// a float64, a [Decimal], a string, a []any or a map[string]any of values. Integers, floats and decimals remain distinct: an
// integer is never converted to a float.
package jsonvalue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Object maps names to values. Parameters, outcomes of steps and records are objects.
type Object map[string]any

// MarshalJSON writes a JSON object from which [Decode] restores the same values: floats have a fraction or an exponent.
func (p Object) MarshalJSON() ([]byte, error) { return json.Marshal(wire(map[string]any(p))) }

// UnmarshalJSON reads a JSON object with [Decode]; null becomes nil.
func (p *Object) UnmarshalJSON(data []byte) error {
	value, err := Decode(data)
	if err != nil {
		return err
	}

	object, ok := value.(map[string]any)
	if !ok && value != nil {
		return fmt.Errorf("must be a JSON object, but is %s", Describe(value))
	}

	*p = object

	return nil
}

// Value is a single value with an exact JSON form.
type Value struct{ Any any }

// MarshalJSON writes JSON from which [Decode] restores the same value.
func (v Value) MarshalJSON() ([]byte, error) { return json.Marshal(wire(v.Any)) }

// UnmarshalJSON reads a value with [Decode].
func (v *Value) UnmarshalJSON(data []byte) error {
	value, err := Decode(data)
	v.Any = value

	return err
}

// wire replaces the floats in value by numbers that have a fraction or an exponent, and decimals by numbers that [Decode]
// recognizes.
func wire(value any) any {
	return written(value, func(d Decimal) json.Number { return json.Number(d.text + exponentOfDecimals) })
}

// written replaces the floats in value by numbers that have a fraction or an exponent, and decimals by the given numbers.
func written(value any, decimal func(Decimal) json.Number) any {
	switch v := value.(type) {
	case Decimal:
		return decimal(v)
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}

		return json.Number(text)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = written(v[i], decimal)
		}

		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			object[name] = written(v[name], decimal)
		}

		return object
	case Object:
		return written(map[string]any(v), decimal)
	}

	return value
}

// Readable returns JSON as people write it: package json escapes <, > and &, in case that a browser takes the text for HTML.
func Readable(text []byte) string { return unescaped.Replace(string(text)) }

var unescaped = strings.NewReplacer(`\\`, `\\`, `\u003c`, "<", `\u003e`, ">", `\u0026`, "&")

// Decode reads one JSON value. A number without fraction and exponent becomes an int64; if it does not fit, the result is an
// error, never a rounded float.
func Decode(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()

	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}

	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("unexpected data after the JSON value")
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
	if digits, marked := strings.CutSuffix(text, exponentOfDecimals); marked {
		if decimal, ok := ParseDecimal(digits); ok {
			return decimal, nil
		}
	}

	if strings.ContainsAny(text, ".eE") {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("the number %s is out of range", short(text))
		}

		return value, nil
	}

	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the number %s does not fit into 64 bits", short(text))
	}

	return value, nil
}

// Describe returns a description of a value for messages.
func Describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case bool:
		return fmt.Sprintf("the boolean %t", v)
	case int64:
		return fmt.Sprintf("the integer %d", v)
	case float64:
		return fmt.Sprintf("the number %g", v)
	case Decimal:
		return "the decimal " + short(v.text)
	case string:
		return fmt.Sprintf("the text %q", short(v))
	case []any:
		return "a list"
	case map[string]any, Object:
		return "an object"
	}

	return "a value of an unknown kind"
}

// short returns the beginning of a long text, for messages.
func short(text string) string {
	const longest = 40
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}

	return text
}

// Copy returns a copy of a value that shares no list or object with it. ok is false if the value is not one that [Decode]
// returns: then its JSON does not restore it exactly.
func Copy(value any) (copied any, ok bool) {
	switch v := value.(type) {
	case nil, bool, int64, Decimal:
		return v, true
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case string:
		return v, utf8.ValidString(v)
	case []any:
		list := make([]any, len(v))
		ok = v != nil

		for i := 0; ok && i < len(v); i++ {
			list[i], ok = Copy(v[i])
		}

		return list, ok
	case Object:
		return Copy(map[string]any(v))
	case map[string]any:
		return copyObject(v)
	}

	return nil, false
}

func copyObject(object map[string]any) (copied any, ok bool) {
	entries := make(map[string]any, len(object))
	ok = object != nil

	for name, value := range object { //workflowcheck:ignore // The copy is the same in every order.
		entry, isExact := Copy(value)
		entries[name] = entry
		ok = ok && isExact && utf8.ValidString(name)
	}

	return entries, ok
}

// SizeOf estimates the size of a value as JSON, in bytes.
func SizeOf(value any) int {
	const scalar = 8

	size := scalar

	switch v := value.(type) {
	case string:
		size += len(v)
	case Decimal:
		size += len(v.text)
	case []any:
		for _, entry := range v {
			size += SizeOf(entry)
		}
	case map[string]any:
		for name, entry := range v { //workflowcheck:ignore // The sum is the same in every order.
			size += len(name) + SizeOf(entry)
		}
	}

	return size
}

// Texts returns the texts in a value with their paths, which begin with path, in the order of lists and of the names of fields.
func Texts(path string, value any) iter.Seq2[string, string] {
	return func(yield func(path, text string) bool) { yieldTexts(path, value, yield) }
}

func yieldTexts(path string, value any, yield func(path, text string) bool) bool {
	switch v := value.(type) {
	case string:
		return yield(path, v)
	case []any:
		for i := range v {
			if !yieldTexts(fmt.Sprintf("%s[%d]", path, i), v[i], yield) {
				return false
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if !yieldTexts(path+"."+name, v[name], yield) {
				return false
			}
		}
	case Object:
		return yieldTexts(path, map[string]any(v), yield)
	}

	return true
}
