package mysql

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/source"
)

// decoder converts a value that the MySQL library has read to a record's value. The library returns an int64, a uint64, a
// float32 or a float64, and for all other types bytes that it reuses for the next record.
type decoder func(value any) (any, error)

// decoderOf returns the decoder of a standard type.
func decoderOf(of source.Type) decoder {
	switch of {
	case source.Integer:
		return decodeInteger
	case source.Decimal:
		return decodeDecimal
	case source.Float:
		return decodeFloat
	case source.Boolean:
		return decodeBoolean
	case source.Date, source.Datetime, source.Timestamp:
		return decodeBytes(decodeTime)
	case source.Time:
		return decodeBytes(decodeClock)
	case source.Binary:
		return decodeBytes(func(data []byte) (any, error) { return bytes.Clone(data), nil })
	case source.JSON:
		return decodeBytes(decodeJSON)
	case source.UUID:
		return decodeBytes(func(data []byte) (any, error) { return uuid.ParseBytes(data) })
	case source.Text, source.Array: // MySQL has no arrays.
	}

	return decodeText
}

// decodeBytes returns the decoder of a type that the library reads as bytes.
func decodeBytes(decode func(data []byte) (any, error)) decoder {
	return func(value any) (any, error) {
		data, ok := value.([]byte)
		if !ok {
			return nil, fmt.Errorf("the server returned an unexpected value: %v", value)
		}

		return decode(data)
	}
}

func decodeInteger(value any) (any, error) {
	switch v := value.(type) {
	case int64:
		return v, nil
	case []byte:
		return strconv.ParseInt(string(v), 10, 64)
	}

	return nil, fmt.Errorf("%v is not an integer", value)
}

var minus = []byte("-")

func decodeDecimal(value any) (any, error) {
	switch v := value.(type) {
	case int64:
		return source.Number(strconv.FormatInt(v, 10)), nil
	case uint64:
		return source.Number(strconv.FormatUint(v, 10)), nil
	case []byte:
		if first := bytes.TrimPrefix(v, minus); len(first) > 0 && first[0] >= '1' && first[0] <= '9' { // No leading zeros.
			return source.Number(v), nil
		}

		return source.ParseNumber(string(v))
	}

	return nil, fmt.Errorf("%v is not a decimal", value)
}

func decodeFloat(value any) (any, error) {
	switch v := value.(type) {
	case float64:
		return v, nil
	case float32:
		return source.Widen(v), nil
	}

	return nil, fmt.Errorf("%v is not a float", value)
}

func decodeBoolean(value any) (any, error) {
	switch v := value.(type) {
	case int64:
		if v == 0 || v == 1 {
			return v == 1, nil
		}

		return nil, fmt.Errorf("%d is not a boolean, but the column's type is TINYINT(1); a query reads the column as integer", v)
	case []byte: // BIT(1)
		if len(v) == 1 && v[0] <= 1 {
			return v[0] == 1, nil
		}
	}

	return nil, fmt.Errorf("%v is not a boolean", value)
}

func decodeText(value any) (any, error) {
	data, ok := value.([]byte)
	if !ok {
		return fmt.Sprint(value), nil
	}

	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%q is not UTF-8", data)
	}

	return string(data), nil
}

func decodeJSON(data []byte) (any, error) {
	if !json.Valid(data) {
		return nil, fmt.Errorf("%s is not valid JSON", source.Quote(data))
	}

	return json.RawMessage(bytes.Clone(data)), nil
}

// errTimeFormat is the error for a text that is not in the format of MySQL's times.
var errTimeFormat = errors.New("it is not in MySQL's format of times")

// decodeTime decodes 2006-01-02, or 2006-01-02 15:04:05 with or without a fraction.
func decodeTime(data []byte) (any, error) {
	const (
		dateLength = len("2006-01-02")
		timeLength = len("2006-01-02 15:04:05")
	)

	if len(data) < dateLength {
		return nil, fmt.Errorf("%q: %w", data, errTimeFormat)
	}

	year, month, day := digits(data[0:4]), digits(data[5:7]), digits(data[8:10])
	if month == 0 || day == 0 {
		return nil, fmt.Errorf("%s is not a date: MySQL uses zeros for unknown years, months and days", data)
	}

	var hour, minute, second, nanosecond int

	if len(data) >= timeLength {
		hour, minute, second = digits(data[11:13]), digits(data[14:16]), digits(data[17:19])
		nanosecond = fraction(data[timeLength:])
	}

	if min(year, month, day, hour, minute, second, nanosecond) < 0 {
		return nil, fmt.Errorf("%q: %w", data, errTimeFormat)
	}

	return time.Date(year, time.Month(month), day, hour, minute, second, nanosecond, time.UTC), nil
}

// decodeClock decodes 15:04:05 with or without a fraction. MySQL's TIME is a duration, from -838:59:59 to 838:59:59.
func decodeClock(data []byte) (any, error) {
	colon := bytes.IndexByte(data, ':')
	if colon < 0 || len(data) < colon+len(":04:05") {
		return nil, fmt.Errorf("%q: %w", data, errTimeFormat)
	}

	if data[0] == '-' {
		return nil, fmt.Errorf("%s is a negative duration, not a time of day", data)
	}

	hour, minute, second := digits(data[:colon]), digits(data[colon+1:colon+3]), digits(data[colon+4:colon+6])

	nanosecond := fraction(data[colon+6:])
	if min(hour, minute, second, nanosecond) < 0 {
		return nil, fmt.Errorf("%q: %w", data, errTimeFormat)
	}

	clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second +
		time.Duration(nanosecond)
	if clock > 24*time.Hour {
		return nil, fmt.Errorf("%s is a duration of more than 24 hours, not a time of day", data)
	}

	return clock, nil
}

// digits parses an unsigned integer. It returns -1 if data contains other characters than digits.
func digits(data []byte) int {
	value := 0

	for _, c := range data {
		if c < '0' || c > '9' {
			return -1
		}

		value = 10*value + int(c-'0')
	}

	return value
}

// fraction returns the nanoseconds of a fraction of a second such as .5 or .123456, or -1 if data is not a fraction.
func fraction(data []byte) int {
	if len(data) == 0 {
		return 0
	}

	value := digits(data[1:])
	if value < 0 || len(data) > 10 || data[0] != '.' {
		return -1
	}

	for range 10 - len(data) {
		value *= 10
	}

	return value
}
