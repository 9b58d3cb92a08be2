package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jobwright/jobwright/source"
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
		return func(value any) (any, error) { return fromText(to, value) }, nil
	case to.Type == source.JSON:
		return func(value any) (any, error) {
			text, err := source.AppendJSON(nil, from, value)

			return json.RawMessage(text), err
		}, nil
	case from.Type == source.Array && to.Type == source.Array:
		element, err := converterOf(source.Standard{Type: from.Element}, source.Standard{Type: to.Element})

		return func(value any) (any, error) { return convertElements(value, element) }, err
	}

	if convert, found := conversions[[2]source.Type{from.Type, to.Type}]; found {
		return convert, nil
	}

	return nil, fmt.Errorf("values of type %s can't be converted to %s", from, to)
}

// conversions are the converters between types other than text, json and array.
var conversions = map[[2]source.Type]converter{
	{source.Integer, source.Decimal}: integerToDecimal,
	{source.Integer, source.Float}:   integerToFloat,
	{source.Decimal, source.Integer}: decimalToInteger,
	{source.Decimal, source.Float}:   decimalToFloat,
	{source.Float, source.Integer}:   floatToInteger,
	{source.Float, source.Decimal}:   floatToDecimal,
	{source.Date, source.Datetime}:   func(value any) (any, error) { return value, nil },
	{source.Datetime, source.Date}:   datetimeToDate,
}

// fromText parses text. Empty text is not NULL, because records distinguish the two.
func fromText(to source.Standard, value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return nil, wrongType(value)
	}

	parsed, err := source.ParseExactly(source.Standard{Type: to.Type, Element: to.Element}, text)

	switch {
	case err == nil || text == "":
		return parsed, err
	case to.Type == source.Float:
		return nil, errors.New("the text is not a number that a float represents exactly")
	}

	return nil, fmt.Errorf("the text is not a value of type %s", to) // The caller adds the text.
}

func convertElements(value any, element converter) (any, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, wrongType(value)
	}

	converted := make([]any, len(list))

	for i, value := range list {
		var err error

		switch value.(type) {
		case nil:
		case []any:
			converted[i], err = convertElements(value, element)
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

func integerToDecimal(value any) (any, error) {
	number, ok := value.(int64)
	if !ok {
		return nil, wrongType(value)
	}

	return source.Number(strconv.FormatInt(number, 10)), nil
}

func integerToFloat(value any) (any, error) {
	number, ok := value.(int64)
	if !ok {
		return nil, wrongType(value)
	}

	// float64(math.MaxInt64) is 2^63, which does not fit into an int64.
	if wide := float64(number); wide < math.MaxInt64 && int64(wide) == number {
		return wide, nil
	}

	return nil, errInexact
}

func decimalToInteger(value any) (any, error) {
	number, ok := value.(source.Number)
	if !ok {
		return nil, wrongType(value)
	}

	whole, fraction := cutPoint(number)

	parsed, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || fraction != "" {
		return nil, errNotInteger
	}

	return parsed, nil
}

func decimalToFloat(value any) (any, error) {
	number, ok := value.(source.Number)
	if !ok {
		return nil, wrongType(value)
	}

	parsed, err := strconv.ParseFloat(string(number), 64)
	if err == nil && sameNumber(parsed, number) {
		return parsed, nil
	}

	return nil, errInexact
}

// sameNumber reports whether the shortest decimal form of a float is equal to number.
func sameNumber(float float64, number source.Number) bool {
	formatted, err := source.ParseNumber(strconv.FormatFloat(float, 'f', -1, 64))
	if err != nil {
		return false
	}

	formattedWhole, formattedFraction := cutPoint(formatted)
	whole, fraction := cutPoint(number)

	return formattedWhole == whole && formattedFraction == fraction
}

func floatToInteger(value any) (any, error) {
	number, ok := value.(float64)
	if !ok {
		return nil, wrongType(value)
	}

	if number != math.Trunc(number) || number < math.MinInt64 || number >= math.MaxInt64 {
		return nil, errNotInteger
	}

	return int64(number), nil
}

func floatToDecimal(value any) (any, error) {
	number, ok := value.(float64)
	if !ok {
		return nil, wrongType(value)
	}

	if math.IsNaN(number) || math.IsInf(number, 0) {
		return nil, errors.New("a decimal can't be infinite or NaN")
	}

	return source.ParseNumber(strconv.FormatFloat(number, 'f', -1, 64))
}

func datetimeToDate(value any) (any, error) {
	moment, ok := value.(time.Time)
	if !ok {
		return nil, wrongType(value)
	}

	if hour, minute, second := moment.Clock(); hour != 0 || minute != 0 || second != 0 || moment.Nanosecond() != 0 {
		return nil, errors.New("the datetime has a time of day, which a date can't store")
	}

	return value, nil
}
