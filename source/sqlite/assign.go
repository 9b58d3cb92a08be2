package sqlite

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/jobwright/jobwright/source"
)

// assign turns a value into one of the type that the column of a table has. What can't be held exactly is an error.
func assign(from, to source.Standard, value any) (any, error) {
	switch v := value.(type) {
	case float64:
		switch to.Type { //nolint:exhaustive // The others have no number.
		case source.Integer:
			return integerOf(v)
		case source.Decimal:
			return numberOf(v)
		}
	case int64:
		if to.Type == source.Float {
			if !isExact(v) {
				return nil, fmt.Errorf("%d has more digits than a float", v)
			}

			return float64(v), nil
		}
	case source.Number:
		switch to.Type { //nolint:exhaustive // The others have no number.
		case source.Integer:
			return source.ParseText(to, withoutZeros(v))
		case source.Float:
			return exactFloat(withoutZeros(v))
		}
	case string:
		if v == "" { // It would be NULL in a text file.
			return nil, fmt.Errorf("empty text is not a value of type %s", to)
		}
	}

	text, err := source.AppendText(nil, from, value)
	if err != nil {
		return nil, err
	}

	return source.ParseText(to, string(text))
}

func integerOf(value float64) (any, error) {
	if value != math.Trunc(value) || value < math.MinInt64 || value >= -math.MinInt64 {
		return nil, fmt.Errorf("%v is not a value of type integer", value)
	}

	return int64(value), nil
}

func numberOf(value float64) (any, error) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return nil, errors.New("a decimal can't be NaN or infinite")
	}

	return source.ParseNumber(strconv.FormatFloat(value, 'f', -1, 64))
}
