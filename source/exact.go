package source

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
)

// ConvertValue converts a value to another type without loss, for a target's column of that type. A value that the type can't
// represent with all its digits and its offset is an error.
func ConvertValue(from, to Standard, value any) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil //nolint:nilnil // nil is a record's NULL.
	case json.RawMessage:
		if to.Type == JSON || to.Type == Array {
			return FromJSON(to, v)
		}

		text, err := FromJSON(Standard{Type: Text}, v)
		if err != nil || text == nil {
			return nil, err
		}

		return ConvertValue(Standard{Type: Text}, to, text)
	case float64:
		if to.Type == Integer || to.Type == Decimal { // The text forms of these types have no exponent.
			return ParseText(to, strconv.FormatFloat(v, 'f', -1, 64))
		}
	case Number:
		if to.Type == Integer {
			return ParseText(to, v.WithoutZeros())
		}
	case time.Time:
		isDay := v.Equal(v.Truncate(24 * time.Hour))

		if from.Type == Date && to.Type == Datetime || from.Type == Datetime && to.Type == Date && isDay {
			return v, nil
		}
	case []any:
		if to.Type == Array {
			return convertElements(from, to, v)
		}
	}

	text, err := AppendText(nil, from, value)
	if err != nil {
		return nil, err
	}

	return ParseExactly(to, string(text))
}

// convertElements converts the elements of an array.
func convertElements(from, to Standard, values []any) (any, error) {
	converted := make([]any, len(values))

	for i, value := range values {
		var err error
		if converted[i], err = ConvertValue(from.ElementOf(value), to.ElementOf(value), value); err != nil {
			return nil, fmt.Errorf("element %d: %w", i+1, err)
		}
	}

	return converted, nil
}

// ParseExactly is like [ParseText], but returns an error for empty text, except for [Text] and [Binary], instead of NULL, and
// for a number with more digits than a float.
func ParseExactly(of Standard, text string) (any, error) {
	switch {
	case text == "" && of.Type != Text && of.Type != Binary:
		return nil, fmt.Errorf("empty text is not a value of type %s", of)
	case of.Type == Float:
		return parseExactFloat(of, text)
	}

	return ParseText(of, text)
}

// parseExactFloat parses a float, and returns an error for a number with more digits.
func parseExactFloat(of Standard, text string) (any, error) {
	value, err := ParseText(of, text)
	if err != nil {
		return nil, err
	}

	float, isFloat := value.(float64)
	if isFloat && (math.IsNaN(float) || math.IsInf(float, 0)) { // ParseText returns an error for numbers that are out of range.
		return value, nil
	}

	if number, err := ParseNumber(text); err == nil && isFloat && represents(float, number) {
		return value, nil
	}

	return nil, fmt.Errorf("%s has more digits than a float", Quote(text))
}

// represents reports whether number is the float's shortest decimal form or its exact value.
func represents(float float64, number Number) bool {
	if number.IsShortestOf(float) {
		return true
	}

	exact, ok := new(big.Rat).SetString(string(number))

	return ok && exact.Cmp(new(big.Rat).SetFloat64(float)) == 0
}
