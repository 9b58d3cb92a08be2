package sqlite

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/source"
)

// typeOf returns the standard type of a value, for a column whose declaration implies none.
func typeOf(value *columnValue) source.Type {
	switch value.class {
	case classInteger:
		return source.Integer
	case classFloat:
		return source.Float
	case classBinary:
		return source.Binary
	case classText, classNull:
	}

	return source.Text
}

// decode converts a column's value to the Go type that records use for a standard type. SQLite allows values of any type in
// any column; a value that is not of its column's type is an error, so decode never changes a value silently.
func decode(of source.Standard, value *columnValue) (any, error) {
	switch value.class {
	case classNull:
		return nil, nil //nolint:nilnil // nil is a record's NULL.
	case classText:
		return decodeText(of, value)
	case classInteger:
		return decodeInteger(of, value)
	case classFloat:
		return decodeFloat(of, value)
	case classBinary:
		return decodeBinary(of, value)
	}

	return nil, typeError(of, value)
}

func decodeInteger(of source.Standard, value *columnValue) (any, error) {
	switch of.Type { //nolint:exhaustive // The other types do not accept an integer.
	case source.Integer:
		return value.integer, nil
	case source.Float:
		if isExact(value.integer) {
			return float64(value.integer), nil
		}
	case source.Boolean:
		if value.integer == 0 || value.integer == 1 {
			return value.integer == 1, nil
		}
	case source.Decimal:
		return decodeNumber(of, value, strconv.FormatInt(value.integer, 10))
	case source.JSON: // SQLite converts JSON text that is a number, unless the column has TEXT affinity.
		return json.RawMessage(strconv.FormatInt(value.integer, 10)), nil
	}

	return nil, typeError(of, value)
}

// isExact reports whether a float represents the integer and no other integer.
func isExact(value int64) bool {
	const limit = 1 << 53

	return -limit <= value && value <= limit
}

func decodeFloat(of source.Standard, value *columnValue) (any, error) {
	finite := !math.IsInf(value.float, 0)

	switch {
	case of.Type == source.Float:
		return value.float, nil
	case of.Type == source.Decimal && finite:
		return decodeNumber(of, value, strconv.FormatFloat(value.float, 'f', -1, 64))
	case of.Type == source.JSON && finite:
		return json.RawMessage(strconv.FormatFloat(value.float, 'g', -1, 64)), nil
	}

	return nil, typeError(of, value)
}

// decodeNumber decodes a number of a decimal column. SQLite does not store the zeros at its end; the column's scale
// restores them.
func decodeNumber(of source.Standard, value *columnValue, digits string) (any, error) {
	number := source.Number(digits)
	if !number.Fits(of.Precision, of.Scale) {
		return nil, typeError(of, value)
	}

	_, fraction := number.Digits()
	if of.Precision == 0 || fraction >= of.Scale {
		return number, nil
	}

	if fraction == 0 {
		digits += "."
	}

	return source.Number(digits + strings.Repeat("0", of.Scale-fraction)), nil
}

func decodeBinary(of source.Standard, value *columnValue) (any, error) {
	switch {
	case of.Type == source.Binary:
		return append([]byte{}, value.bytes...), nil
	case of.Type == source.UUID && len(value.bytes) == len(uuid.UUID{}):
		return uuid.UUID(value.bytes), nil
	}

	return nil, typeError(of, value)
}

func decodeText(of source.Standard, value *columnValue) (any, error) {
	text := viewText(value.bytes) // Most types only parse the text, and copying it would take most of the time.

	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%s is not UTF-8", source.Quote(text))
	}

	switch of.Type {
	case source.Text:
		return strings.Clone(text), nil
	case source.Integer, source.Float, source.Boolean, source.Binary:
		return nil, typeError(of, value)
	case source.Date:
		return decodeDate(of, text)
	case source.Datetime:
		return decodeTime(of, text, datetimeLayouts)
	case source.Timestamp:
		return decodeTime(of, text, timestampLayouts)
	case source.Decimal, source.Time, source.JSON, source.UUID, source.Array: // All sources share their text forms.
	}

	if text == "" { // ParseText returns NULL, as for text files, but a database distinguishes the two.
		return nil, typeError(of, value)
	}

	return source.ParseText(of, strings.Clone(text))
}

// The accepted layouts of times: those of SQLite's date functions, in UTC (https://www.sqlite.org/lang_datefunc.html), and
// those of RFC 3339. The layout that this driver writes is first.
var (
	datetimeLayouts  = []string{datetimeLayout, "2006-01-02T15:04:05.999999999", time.DateOnly}
	timestampLayouts = []string{
		time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", datetimeLayout, "2006-01-02T15:04:05.999999999", time.DateOnly,
	}
	dateLayouts = []string{
		time.DateOnly, datetimeLayout, "2006-01-02T15:04:05.999999999", time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00",
	}
)

func decodeTime(of source.Standard, text string, layouts []string) (any, error) {
	for _, layout := range layouts {
		if parsed, err := time.Parse(layout, text); err == nil {
			return parsed, nil
		}
	}

	return nil, fmt.Errorf("%s is not a value of type %s", source.Quote(text), of)
}

// decodeDate decodes a date. Other programs store dates with the time of midnight.
func decodeDate(of source.Standard, text string) (any, error) {
	parsed, err := decodeTime(of, text, dateLayouts)
	if err != nil {
		return nil, err
	}

	date := parsed.(time.Time).UTC() //nolint:forcetypeassert // decodeTime returns a time.Time.
	if !date.Equal(date.Truncate(24 * time.Hour)) {
		return nil, fmt.Errorf("%s is not a value of type %s", source.Quote(text), of)
	}

	return date, nil
}

func typeError(of source.Standard, value *columnValue) error {
	shown := ""

	switch value.class {
	case classInteger:
		shown = strconv.FormatInt(value.integer, 10)
	case classFloat:
		shown = strconv.FormatFloat(value.float, 'g', -1, 64)
	case classText:
		shown = source.Quote(string(value.bytes))
	case classBinary:
		shown = "the binary " + source.Quote(base64.StdEncoding.EncodeToString(value.bytes))
	case classNull:
		shown = "NULL"
	}

	return fmt.Errorf("%s is not a value of the column's type %s", shown, of)
}
