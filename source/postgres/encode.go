package postgres

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/source/database"
)

func encodeText(dst []byte, text string) ([]byte, error) { return append(dst, text...), nil }

func encodeBool(dst []byte, is bool) ([]byte, error) {
	if is {
		return append(dst, 1), nil
	}

	return append(dst, 0), nil
}

func encodeInt2(dst []byte, number int64) ([]byte, error) {
	//nolint:gosec // between checks the range.
	return binary.BigEndian.AppendUint16(dst, uint16(number)), between(number, math.MinInt16, math.MaxInt16)
}

func encodeInt4(dst []byte, number int64) ([]byte, error) {
	//nolint:gosec // between checks the range.
	return binary.BigEndian.AppendUint32(dst, uint32(number)), between(number, math.MinInt32, math.MaxInt32)
}

func encodeInt8(dst []byte, number int64) ([]byte, error) {
	return binary.BigEndian.AppendUint64(dst, uint64(number)), nil //nolint:gosec // The same bits are sent.
}

func encodeOID(dst []byte, number int64) ([]byte, error) {
	//nolint:gosec // between checks the range.
	return binary.BigEndian.AppendUint32(dst, uint32(number)), between(number, 0, math.MaxUint32)
}

func between(number, minimum, maximum int64) error {
	if number < minimum || number > maximum {
		return fmt.Errorf("the number is not between %d and %d", minimum, maximum)
	}

	return nil
}

func encodeFloat4(dst []byte, number float64) ([]byte, error) {
	return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(number))), nil
}

func encodeFloat8(dst []byte, number float64) ([]byte, error) {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(number)), nil
}

func encodeDate(dst []byte, day time.Time) ([]byte, error) {
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

func encodeTime(dst []byte, clock time.Duration) ([]byte, error) {
	return binary.BigEndian.AppendUint64(dst, uint64(clock/time.Microsecond)), nil //nolint:gosec // It is not negative.
}

func encodeTimestamp(dst []byte, moment time.Time) ([]byte, error) {
	seconds := moment.Unix() - epoch
	if seconds <= math.MinInt64/second || seconds >= math.MaxInt64/second {
		return nil, errors.New("the timestamp is out of PostgreSQL's range")
	}

	micros := seconds*second + int64(moment.Nanosecond())/microsecond

	return binary.BigEndian.AppendUint64(dst, uint64(micros)), nil //nolint:gosec // The same bits are sent.
}

func encodeBytes(dst, data []byte) ([]byte, error) { return append(dst, data...), nil }

func encodeJSON(dst []byte, text json.RawMessage) ([]byte, error) { return append(dst, text...), nil }

// encodeJSONB appends the version of the form, 1, and the text.
func encodeJSONB(dst []byte, text json.RawMessage) ([]byte, error) {
	return append(append(dst, 1), text...), nil
}

func encodeUUID(dst []byte, id uuid.UUID) ([]byte, error) { return append(dst, id[:]...), nil }

// encodeField appends the length of a value and the value. The length of NULL is -1.
func encodeField(dst []byte, value any, encode database.Encoder) ([]byte, error) {
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
