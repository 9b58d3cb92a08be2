package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// converter converts a value to another standard type without loss, or returns an error.
type converter func(value any) (any, error)

// converterOf returns the converter between two standard types, nil if no conversion is necessary, or an error if the types
// have no lossless conversion.
func converterOf(from, to source.Standard) (converter, error) {
	if from.Type == to.Type && (from.Type != source.Array || from.Element == to.Element) {
		return nil, nil //nolint:nilnil // No conversion is necessary.
	}

	switch {
	case to.Type == source.Text:
		return func(value any) (any, error) {
			text, err := source.AppendText(nil, from, value)

			return string(text), err
		}, nil
	case from.Type == source.Text:
		return exactly(func(text string) (any, error) { return fromText(to, text) }), nil
	case to.Type == source.JSON:
		return func(value any) (any, error) {
			text, err := source.AppendJSON(nil, from, value)

			return json.RawMessage(text), err
		}, nil
	case from.Type == source.Array && to.Type == source.Array:
		element, err := converterOf(source.Standard{Type: from.Element}, source.Standard{Type: to.Element})

		return exactly(func(list []any) (any, error) { return convertElements(list, element) }), err
	}

	if convert, found := conversions[[2]source.Type{from.Type, to.Type}]; found {
		return convert, nil
	}

	return nil, fmt.Errorf("values of type %s can't be converted to %s", from, to)
}

// conversions are the converters between types other than text, json and array.
var conversions = map[[2]source.Type]converter{
	{source.Integer, source.Decimal}: exactly(integerToDecimal),
	{source.Integer, source.Float}:   exactly(integerToFloat),
	{source.Decimal, source.Integer}: exactly(decimalToInteger),
	{source.Decimal, source.Float}:   exactly(decimalToFloat),
	{source.Float, source.Integer}:   exactly(floatToInteger),
	{source.Float, source.Decimal}:   exactly(floatToDecimal),
	{source.Date, source.Datetime}:   func(value any) (any, error) { return value, nil },
	{source.Datetime, source.Date}:   exactly(datetimeToDate),
}

// fromText parses text. Empty text is not NULL, because records distinguish the two.
func fromText(to source.Standard, text string) (any, error) {
	parsed, err := source.ParseExactly(source.Standard{Type: to.Type, Element: to.Element}, text)

	switch {
	case err == nil || text == "":
		return parsed, err
	case to.Type == source.Float:
		return nil, errors.New("the text is not a number that a float represents exactly")
	}

	return nil, fmt.Errorf("the text is not a value of type %s", to) // The caller adds the text.
}

func convertElements(list []any, element converter) (any, error) {
	converted := make([]any, len(list))

	for i, value := range list {
		var err error

		switch v := value.(type) {
		case nil:
		case []any:
			converted[i], err = convertElements(v, element)
		default:
			converted[i], err = element(value)
		}

		if err != nil {
			return nil, err
		}
	}

	return converted, nil
}

var (
	errNotInteger = errors.New("the number is not an integer between -9223372036854775808 and 9223372036854775807")
	errInexact    = errors.New("a float can't represent all digits")
)

// exactly returns the converter of values of the Go type T.
func exactly[T any](convert func(value T) (any, error)) converter {
	return func(value any) (any, error) {
		typed, ok := value.(T)
		if !ok {
			return nil, database.WrongType(value)
		}

		return convert(typed)
	}
}

func integerToDecimal(number int64) (any, error) {
	return source.Number(strconv.FormatInt(number, 10)), nil
}

func integerToFloat(number int64) (any, error) {
	// float64(math.MaxInt64) is 2^63, which does not fit into an int64.
	if wide := float64(number); wide < math.MaxInt64 && int64(wide) == number {
		return wide, nil
	}

	return nil, errInexact
}

func decimalToInteger(number source.Number) (any, error) {
	parsed, err := strconv.ParseInt(number.WithoutZeros(), 10, 64)
	if err != nil {
		return nil, errNotInteger
	}

	return parsed, nil
}

func decimalToFloat(number source.Number) (any, error) {
	parsed, err := strconv.ParseFloat(string(number), 64)
	if err != nil || !number.IsShortestOf(parsed) {
		return nil, errInexact
	}

	return parsed, nil
}

func floatToInteger(number float64) (any, error) {
	if number != math.Trunc(number) || number < math.MinInt64 || number >= math.MaxInt64 {
		return nil, errNotInteger
	}

	return int64(number), nil
}

func floatToDecimal(number float64) (any, error) {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return nil, errors.New("a decimal can't be infinite or NaN")
	}

	return source.ParseNumber(strconv.FormatFloat(number, 'f', -1, 64))
}

func datetimeToDate(moment time.Time) (any, error) {
	if hour, minute, second := moment.Clock(); hour != 0 || minute != 0 || second != 0 || moment.Nanosecond() != 0 {
		return nil, errors.New("the datetime has a time of day, which a date can't store")
	}

	return moment, nil
}
