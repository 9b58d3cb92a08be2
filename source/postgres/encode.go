package postgres

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
)

// encoder appends a value, which is not NULL, in a form of COPY.
type encoder func(dst []byte, value any) ([]byte, error)

// wrongType returns the error for a value whose Go type is not that of the column's standard type.
func wrongType(value any) error { return fmt.Errorf("a %T is not a value of the column's type", value) }

func encodeText(dst []byte, value any) ([]byte, error) {
	text, ok := value.(string)
	if !ok {
		return nil, wrongType(value)
	}

	return append(dst, text...), nil
}

func encodeBool(dst []byte, value any) ([]byte, error) {
	is, ok := value.(bool)
	if !ok {
		return nil, wrongType(value)
	}

	if is {
		return append(dst, 1), nil
	}

	return append(dst, 0), nil
}

func encodeInt2(dst []byte, value any) ([]byte, error) {
	number, err := integerBetween(value, math.MinInt16, math.MaxInt16)

	return binary.BigEndian.AppendUint16(dst, uint16(number)), err //nolint:gosec // integerBetween has checked the range.
}

func encodeInt4(dst []byte, value any) ([]byte, error) {
	number, err := integerBetween(value, math.MinInt32, math.MaxInt32)

	return binary.BigEndian.AppendUint32(dst, uint32(number)), err //nolint:gosec // integerBetween has checked the range.
}

func encodeInt8(dst []byte, value any) ([]byte, error) {
	number, err := integerBetween(value, math.MinInt64, math.MaxInt64)

	return binary.BigEndian.AppendUint64(dst, uint64(number)), err //nolint:gosec // The same bits are sent.
}

func encodeOID(dst []byte, value any) ([]byte, error) {
	number, err := integerBetween(value, 0, math.MaxUint32)

	return binary.BigEndian.AppendUint32(dst, uint32(number)), err //nolint:gosec // integerBetween has checked the range.
}

func integerBetween(value any, minimum, maximum int64) (int64, error) {
	number, ok := value.(int64)

	switch {
	case !ok:
		return 0, wrongType(value)
	case number < minimum || number > maximum:
		return 0, fmt.Errorf("the number is not between %d and %d", minimum, maximum)
	}

	return number, nil
}

func encodeFloat4(dst []byte, value any) ([]byte, error) {
	number, ok := value.(float64)
	if !ok {
		return nil, wrongType(value)
	}

	return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(number))), nil
}

func encodeFloat8(dst []byte, value any) ([]byte, error) {
	number, ok := value.(float64)
	if !ok {
		return nil, wrongType(value)
	}

	return binary.BigEndian.AppendUint64(dst, math.Float64bits(number)), nil
}

func encodeDate(dst []byte, value any) ([]byte, error) {
	day, ok := value.(time.Time)
	if !ok {
		return nil, wrongType(value)
	}

	seconds := day.Unix() - epoch

	switch days := seconds / secondsPerDay; {
	case seconds%secondsPerDay != 0 || day.Nanosecond() != 0:
		return nil, errors.New("the date has a time of day")
	case days <= math.MinInt32 || days >= math.MaxInt32:
		return nil, errors.New("the date is out of PostgreSQL's range")
	default:
		return binary.BigEndian.AppendUint32(dst, uint32(int32(days))), nil //nolint:gosec // The same bits are sent.
	}
}

func encodeTime(dst []byte, value any) ([]byte, error) {
	clock, ok := value.(time.Duration)
	if !ok {
		return nil, wrongType(value)
	}

	return binary.BigEndian.AppendUint64(dst, uint64(clock/time.Microsecond)), nil //nolint:gosec // It is not negative.
}

func encodeTimestamp(dst []byte, value any) ([]byte, error) {
	moment, ok := value.(time.Time)
	if !ok {
		return nil, wrongType(value)
	}

	seconds := moment.Unix() - epoch
	if seconds <= math.MinInt64/second || seconds >= math.MaxInt64/second {
		return nil, errors.New("the timestamp is out of PostgreSQL's range")
	}

	micros := seconds*second + int64(moment.Nanosecond())/microsecond

	return binary.BigEndian.AppendUint64(dst, uint64(micros)), nil //nolint:gosec // The same bits are sent.
}

func encodeBytes(dst []byte, value any) ([]byte, error) {
	data, ok := value.([]byte)
	if !ok {
		return nil, wrongType(value)
	}

	return append(dst, data...), nil
}

func encodeJSON(dst []byte, value any) ([]byte, error) {
	text, ok := value.(json.RawMessage)
	if !ok {
		return nil, wrongType(value)
	}

	return append(dst, text...), nil
}

// encodeJSONB appends the version of the form, 1, and the text.
func encodeJSONB(dst []byte, value any) ([]byte, error) { return encodeJSON(append(dst, 1), value) }

func encodeUUID(dst []byte, value any) ([]byte, error) {
	id, ok := value.(uuid.UUID)
	if !ok {
		return nil, wrongType(value)
	}

	return append(dst, id[:]...), nil
}

// encodeField appends the length of a value and the value. The length of NULL is -1.
func encodeField(dst []byte, value any, encode encoder) ([]byte, error) {
	begin := len(dst)
	if value == nil {
		return append(dst, 0xff, 0xff, 0xff, 0xff), nil
	}

	dst, err := encode(append(dst, 0, 0, 0, 0), value)
	if err != nil {
		return nil, err
	}

	length := len(dst) - begin - 4
	if length > math.MaxInt32 {
		return nil, errors.New("the value is longer than 2 GiB")
	}

	binary.BigEndian.PutUint32(dst[begin:], uint32(length)) //nolint:gosec // It is at most math.MaxInt32.

	return dst, nil
}
