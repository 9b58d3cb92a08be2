package expression

import (
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// toExpr converts a value of the language to the types that expr computes with: an integer is an int.
func toExpr(value any) any {
	switch v := value.(type) {
	case int64:
		return int(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = toExpr(v[i])
		}

		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name := range v {
			object[name] = toExpr(v[name])
		}

		return object
	case jsonvalue.Object:
		return toExpr(map[string]any(v))
	}

	return value
}

// fromExpr converts the result of an expression to a value of the language.
func fromExpr(value any) (any, error) { return new(size).fromExpr(value) }

func (s *size) fromExpr(value any) (any, error) {
	text, _ := value.(string)
	if err := s.add(text); err != nil {
		return nil, err
	}

	switch v := value.(type) {
	case nil, bool, string:
		return v, nil
	case jsonvalue.Decimal:
		return v, s.add(v.String())
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("the result is not a number")
		}

		return v, nil
	}

	reflected := reflect.ValueOf(value)

	switch reflected.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return reflected.Int(), nil
	case reflect.Slice, reflect.Array:
		return s.listFromExpr(reflected)
	case reflect.Map:
		return s.objectFromExpr(reflected)
	default:
		return nil, errors.New("the result has a type that no parameter can hold")
	}
}

func (s *size) listFromExpr(reflected reflect.Value) (any, error) {
	list := make([]any, reflected.Len())

	for i := range list {
		var err error
		if list[i], err = s.fromExpr(reflected.Index(i).Interface()); err != nil {
			return nil, err
		}
	}

	return list, nil
}

func (s *size) objectFromExpr(reflected reflect.Value) (any, error) {
	entries := make(map[string]any, reflected.Len())

	for entry := reflected.MapRange(); entry.Next(); {
		name, ok := reflect.TypeAssert[string](entry.Key())
		if !ok {
			return nil, errors.New("a key must be text")
		}

		entries[name] = entry.Value().Interface()
	}

	// In the order of the keys, so that the same error is returned every time.
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		value, err := s.fromExpr(entries[name])
		if err != nil {
			return nil, err
		}

		entries[name] = value
	}

	return entries, nil
}

// Text returns a value as it is inserted into text: a number as its digits, a list or an object as JSON. The text of nil is an
// error.
func Text(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", errors.New("it gives nothing; say what to write instead, as in ${x ?? \"none\"}")
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return formatFloat(v), nil
	case jsonvalue.Decimal:
		return v.String(), nil
	}

	return encode(value)
}

// formatFloat formats a float as encoding/json does: without an exponent, unless it is very large or very small.
func formatFloat(value float64) string {
	const smallest, largest = 1e-6, 1e21

	if magnitude := math.Abs(value); magnitude != 0 && (magnitude < smallest || magnitude >= largest) {
		return strconv.FormatFloat(value, 'e', -1, 64)
	}

	return strconv.FormatFloat(value, 'f', -1, 64)
}
