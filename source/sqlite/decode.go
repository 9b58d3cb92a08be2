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
	"unsafe"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/source"
)

// typeOf returns the standard type of a value of a column whose declared type says nothing.
func typeOf(value *stored) source.Type {
	switch value.kind {
	case storedInteger:
		return source.Integer
	case storedFloat:
		return source.Float
	case storedBinary:
		return source.Binary
	case storedText, storedNull:
	}

	return source.Text
}

// decode turns a value that SQLite holds into the form that a record holds for a standard type. SQLite lets any column
// hold any value, so one that is not of its column's type is an error and never changed in silence.
func decode(of source.Standard, value *stored) (any, error) {
	switch value.kind {
	case storedNull:
		return nil, nil //nolint:nilnil // NULL is a value, and nil is how a record holds it.
	case storedText:
		return decodeText(of, value)
	case storedInteger:
		return decodeInteger(of, value)
	case storedFloat:
		return decodeFloat(of, value)
	case storedBinary:
		return decodeBinary(of, value)
	}

	return nil, typeError(of, value)
}

func decodeInteger(of source.Standard, value *stored) (any, error) {
	switch of.Type { //nolint:exhaustive // The others are no numbers.
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
	case source.JSON: // SQLite makes a number of a JSON text that is one, unless the column keeps text.
		return json.RawMessage(strconv.FormatInt(value.integer, 10)), nil
	}

	return nil, typeError(of, value)
}

// isExact reports whether the float of an integer is that integer, and no other integer has the same.
func isExact(value int64) bool {
	const most = 1 << 53

	return -most <= value && value <= most
}

func decodeFloat(of source.Standard, value *stored) (any, error) {
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

// decodeNumber reads a number of a column of decimals, which keeps no zeros at the end: the column's scale tells them.
func decodeNumber(of source.Standard, value *stored, digits string) (any, error) {
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

func decodeBinary(of source.Standard, value *stored) (any, error) {
	switch {
	case of.Type == source.Binary:
		return append([]byte{}, value.bytes...), nil
	case of.Type == source.UUID && len(value.bytes) == len(uuid.UUID{}):
		return uuid.UUID(value.bytes), nil
	}

	return nil, typeError(of, value)
}

func decodeText(of source.Standard, value *stored) (any, error) {
	// Most texts are no more than read, and not kept: a copy for each would be what takes the most time.
	text := unsafe.String(unsafe.SliceData(value.bytes), len(value.bytes)) //nolint:gosec // Those that are kept are copied.

	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%s is not UTF-8", excerpt(text))
	}

	switch of.Type {
	case source.Text:
		return strings.Clone(text), nil
	case source.Integer, source.Float, source.Boolean, source.Binary: // Such a column would hold no text.
		return nil, typeError(of, value)
	case source.Date:
		return decodeDate(of, text)
	case source.Datetime:
		return decodeTime(of, text, datetimeLayouts)
	case source.Timestamp:
		return decodeTime(of, text, timestampLayouts)
	case source.Decimal, source.Time, source.JSON, source.UUID, source.Array: // These have the forms that all sources share.
	}

	if text == "" { // Which is NULL in text files, but a database has both.
		return nil, typeError(of, value)
	}

	return source.ParseText(of, strings.Clone(text))
}

// The forms of times, that in which this driver writes it first: those of SQLite's own date functions, which are in UTC
// (https://www.sqlite.org/lang_datefunc.html), and those of RFC 3339.
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

	return nil, fmt.Errorf("%s is not a value of type %s", excerpt(text), of)
}

// decodeDate reads a date. Others store one with the time of midnight.
func decodeDate(of source.Standard, text string) (any, error) {
	parsed, err := decodeTime(of, text, dateLayouts)
	if err != nil {
		return nil, err
	}

	date := parsed.(time.Time).UTC() //nolint:forcetypeassert // It is one.
	if !date.Equal(date.Truncate(24 * time.Hour)) {
		return nil, fmt.Errorf("%s is not a value of type %s", excerpt(text), of)
	}

	return date, nil
}

func typeError(of source.Standard, value *stored) error {
	shown := ""

	switch value.kind {
	case storedInteger:
		shown = strconv.FormatInt(value.integer, 10)
	case storedFloat:
		shown = strconv.FormatFloat(value.float, 'g', -1, 64)
	case storedText:
		shown = excerpt(string(value.bytes))
	case storedBinary:
		shown = "the binary " + excerpt(base64.StdEncoding.EncodeToString(value.bytes))
	case storedNull:
		shown = "NULL"
	}

	return fmt.Errorf("%s is not a value of type %s, which the column has", shown, of)
}

// excerpt is as much of a text as a message shows, in quotes.
func excerpt(text string) string {
	const longest = 100

	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}

	return strconv.Quote(text)
}
