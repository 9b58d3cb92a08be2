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

// decoder makes a record's value of one that the library read: an int64, a float32, a float64, or the bytes of every other
// type, which are only lent.
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

// decodeBytes is for the types of which the library reads bytes.
func decodeBytes(decode func(data []byte) (any, error)) decoder {
	return func(value any) (any, error) {
		data, ok := value.([]byte)
		if !ok {
			return nil, fmt.Errorf("%v is not what MySQL sends for this type", value)
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

	return nil, fmt.Errorf("%v is no integer", value)
}

var minus = []byte("-")

func decodeDecimal(value any) (any, error) {
	switch v := value.(type) {
	case int64:
		return source.Number(strconv.FormatInt(v, 10)), nil
	case uint64:
		return source.Number(strconv.FormatUint(v, 10)), nil
	case []byte:
		if first := bytes.TrimPrefix(v, minus); len(first) > 0 && first[0] >= '1' && first[0] <= '9' { // Nothing is superfluous.
			return source.Number(v), nil
		}

		return source.ParseNumber(string(v))
	}

	return nil, fmt.Errorf("%v is no decimal", value)
}

func decodeFloat(value any) (any, error) {
	switch v := value.(type) {
	case float64:
		return v, nil
	case float32:
		return widen(v), nil
	}

	return nil, fmt.Errorf("%v is no float", value)
}

// widen returns the float that is written like v: 0.1 for the FLOAT 0.1, and not 0.10000000149011612.
func widen(v float32) float64 {
	text := strconv.AppendFloat(make([]byte, 0, 24), float64(v), 'g', -1, 32)
	wide, _ := strconv.ParseFloat(string(text), 64) // It was just written.

	return wide
}

func decodeBoolean(value any) (any, error) {
	switch v := value.(type) {
	case int64:
		if v == 0 || v == 1 {
			return v == 1, nil
		}

		return nil, fmt.Errorf("%d is no boolean, which TINYINT(1) is taken for; in a query, it is an integer", v)
	case []byte: // BIT(1)
		if len(v) == 1 && v[0] <= 1 {
			return v[0] == 1, nil
		}
	}

	return nil, fmt.Errorf("%v is no boolean", value)
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
		return nil, fmt.Errorf("%s is no JSON", source.Quote(data))
	}

	return json.RawMessage(bytes.Clone(data)), nil
}

// errNotDigits is for text that does not look like a time at all.
var errNotDigits = errors.New("it is not what MySQL sends for a time")

// decodeTime reads 2006-01-02, or 2006-01-02 15:04:05 with or without a fraction.
func decodeTime(data []byte) (any, error) {
	const (
		dateLength = len("2006-01-02")
		timeLength = len("2006-01-02 15:04:05")
	)

	if len(data) < dateLength {
		return nil, fmt.Errorf("%q: %w", data, errNotDigits)
	}

	year, month, day := digits(data[0:4]), digits(data[5:7]), digits(data[8:10])
	if month == 0 || day == 0 {
		return nil, fmt.Errorf("%s is no date: MySQL writes zeros for one that is not known", data)
	}

	var hour, minute, second, nanosecond int

	if len(data) >= timeLength {
		hour, minute, second = digits(data[11:13]), digits(data[14:16]), digits(data[17:19])
		nanosecond = fraction(data[timeLength:])
	}

	if min(year, month, day, hour, minute, second, nanosecond) < 0 {
		return nil, fmt.Errorf("%q: %w", data, errNotDigits)
	}

	return time.Date(year, time.Month(month), day, hour, minute, second, nanosecond, time.UTC), nil
}

// decodeClock reads 15:04:05 with or without a fraction. MySQL's TIME is a duration, from -838:59:59 to 838:59:59.
func decodeClock(data []byte) (any, error) {
	colon := bytes.IndexByte(data, ':')
	if colon < 0 || len(data) < colon+len(":04:05") {
		return nil, fmt.Errorf("%q: %w", data, errNotDigits)
	}

	if data[0] == '-' {
		return nil, fmt.Errorf("%s is no time of day but a negative duration", data)
	}

	hour, minute, second := digits(data[:colon]), digits(data[colon+1:colon+3]), digits(data[colon+4:colon+6])

	nanosecond := fraction(data[colon+6:])
	if min(hour, minute, second, nanosecond) < 0 {
		return nil, fmt.Errorf("%q: %w", data, errNotDigits)
	}

	clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second +
		time.Duration(nanosecond)
	if clock > 24*time.Hour {
		return nil, fmt.Errorf("%s is no time of day but a duration beyond 24 hours", data)
	}

	return clock, nil
}

// digits is the number that data writes, or -1 where it writes none.
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

// fraction is the number of nanoseconds that .5 or .123456 stands for, or -1 where it is none.
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
