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

// converter makes of a value of one standard type the same value of another one, or says that there is none.
type converter func(value any) (any, error)

// converterOf returns how values of one standard type become values of another one, nil where they are the same, and an
// error where some could only get lost.
func converterOf(from, to source.Standard) (converter, error) {
	if from.Type == to.Type && (from.Type != source.Array || from.Element == to.Element) {
		return nil, nil //nolint:nilnil // There is nothing to convert.
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

	return nil, fmt.Errorf("values of type %s can't be held as %s", from, to)
}

// conversions are those between two types that are neither text nor json. Each returns the same value, or an error.
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

// fromText reads text. Unlike elsewhere, empty text is not NULL: the records say which they mean.
func fromText(to source.Standard, value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return nil, strange(value)
	}

	parsed, err := source.ParseExactly(source.Standard{Type: to.Type, Element: to.Element}, text)

	switch {
	case err == nil || text == "":
		return parsed, err
	case to.Type == source.Float:
		return nil, errors.New("it is no number of which a float holds all digits")
	}

	return nil, fmt.Errorf("it is not a value of type %s", to) // The value is told beside it.
}

func convertElements(value any, element converter) (any, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, strange(value)
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

var errNotWhole = errors.New("it is not a whole number between -9223372036854775808 and 9223372036854775807")

func integerToDecimal(value any) (any, error) {
	number, ok := value.(int64)
	if !ok {
		return nil, strange(value)
	}

	return source.Number(strconv.FormatInt(number, 10)), nil
}

func integerToFloat(value any) (any, error) {
	number, ok := value.(int64)
	if !ok {
		return nil, strange(value)
	}

	// The float nearest to the greatest integers is one more than all of them.
	if wide := float64(number); wide < math.MaxInt64 && int64(wide) == number {
		return wide, nil
	}

	return nil, errors.New("a float does not hold all of its digits")
}

func decimalToInteger(value any) (any, error) {
	number, ok := value.(source.Number)
	if !ok {
		return nil, strange(value)
	}

	whole, fraction := cutPoint(number)

	parsed, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || fraction != "" {
		return nil, errNotWhole
	}

	return parsed, nil
}

func decimalToFloat(value any) (any, error) {
	number, ok := value.(source.Number)
	if !ok {
		return nil, strange(value)
	}

	parsed, err := strconv.ParseFloat(string(number), 64)
	if err == nil && sameNumber(parsed, number) {
		return parsed, nil
	}

	return nil, errors.New("a float does not hold all of its digits")
}

// sameNumber reports whether a float is shown as that number.
func sameNumber(float float64, number source.Number) bool {
	shown, err := source.ParseNumber(strconv.FormatFloat(float, 'f', -1, 64))
	if err != nil {
		return false
	}

	shownWhole, shownFraction := cutPoint(shown)
	whole, fraction := cutPoint(number)

	return shownWhole == whole && shownFraction == fraction
}

func floatToInteger(value any) (any, error) {
	number, ok := value.(float64)
	if !ok {
		return nil, strange(value)
	}

	if number != math.Trunc(number) || number < math.MinInt64 || number >= math.MaxInt64 {
		return nil, errNotWhole
	}

	return int64(number), nil
}

func floatToDecimal(value any) (any, error) {
	number, ok := value.(float64)
	if !ok {
		return nil, strange(value)
	}

	if math.IsNaN(number) || math.IsInf(number, 0) {
		return nil, errors.New("it is no decimal number")
	}

	return source.ParseNumber(strconv.FormatFloat(number, 'f', -1, 64))
}

func datetimeToDate(value any) (any, error) {
	moment, ok := value.(time.Time)
	if !ok {
		return nil, strange(value)
	}

	if hour, minute, second := moment.Clock(); hour != 0 || minute != 0 || second != 0 || moment.Nanosecond() != 0 {
		return nil, errors.New("it has a time of day, which a date does not hold")
	}

	return value, nil
}
