package postgres

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/source"
)

// decoder decodes values that the server has sent.
type decoder struct {
	size   int                            // The length of each value; 0 if values have any length.
	decode func(data []byte) (any, error) // The result must not refer to data.
}

// value decodes a value.
func (d decoder) value(data []byte) (any, error) {
	if d.size > 0 && len(data) != d.size {
		return nil, errMalformed
	}

	return d.decode(data)
}

// epoch is the beginning of PostgreSQL's time, 2000-01-01, in seconds of Unix time.
const epoch = 946_684_800

const (
	microsecond   = int64(time.Microsecond)
	second        = int64(time.Second / time.Microsecond)
	secondsPerDay = 24 * 60 * 60
)

// decodeText also decodes values of every type that is read in text form.
func decodeText(data []byte) (any, error) { return string(data), nil }

func decodeBool(data []byte) (any, error) { return data[0] != 0, nil }

func decodeInt2(data []byte) (any, error) {
	return int64(int16(binary.BigEndian.Uint16(data))), nil //nolint:gosec // The server sends a signed number.
}

func decodeInt4(data []byte) (any, error) {
	return int64(int32(binary.BigEndian.Uint32(data))), nil //nolint:gosec // The server sends a signed number.
}

func decodeInt8(data []byte) (any, error) {
	return int64(binary.BigEndian.Uint64(data)), nil //nolint:gosec // The server sends a signed number.
}

func decodeOID(data []byte) (any, error) { return int64(binary.BigEndian.Uint32(data)), nil }

// decodeFloat4 returns the 64-bit float with the same shortest decimal form: 0.1, not 0.10000000149011612.
func decodeFloat4(data []byte) (any, error) {
	return source.Widen(math.Float32frombits(binary.BigEndian.Uint32(data))), nil
}

func decodeFloat8(data []byte) (any, error) {
	return math.Float64frombits(binary.BigEndian.Uint64(data)), nil
}

func decodeDate(data []byte) (any, error) {
	days := int32(binary.BigEndian.Uint32(data)) //nolint:gosec // The server sends a signed number.

	switch days {
	case math.MaxInt32:
		return nil, &specialError{"infinity"}
	case math.MinInt32:
		return nil, &specialError{"-infinity"}
	}

	return time.Unix(epoch+int64(days)*secondsPerDay, 0).UTC(), nil
}

func decodeTime(data []byte) (any, error) {
	return time.Duration(binary.BigEndian.Uint64(data)) * time.Microsecond, nil //nolint:gosec // At most 24 hours.
}

// decodeTimestamp decodes timestamps with and without time zone. The server stores no zone for either.
func decodeTimestamp(data []byte) (any, error) {
	micros := int64(binary.BigEndian.Uint64(data)) //nolint:gosec // The server sends a signed number.

	switch micros {
	case math.MaxInt64:
		return nil, &specialError{"infinity"}
	case math.MinInt64:
		return nil, &specialError{"-infinity"}
	}

	seconds, rest := micros/second, micros%second

	return time.Unix(epoch+seconds, rest*microsecond).UTC(), nil
}

func decodeBytes(data []byte) (any, error) { return append([]byte{}, data...), nil }

func decodeJSON(data []byte) (any, error) { return json.RawMessage(bytes.Clone(data)), nil }

// decodeJSONB removes the version of the form. In version 1, the text follows.
func decodeJSONB(data []byte) (any, error) {
	if len(data) == 0 || data[0] != 1 {
		return nil, errMalformed
	}

	return json.RawMessage(bytes.Clone(data[1:])), nil
}

func decodeUUID(data []byte) (any, error) { return uuid.UUID(data), nil }

// decodeArray returns the decoder of arrays. It discards the lower bounds of the subscripts, which a list does not have.
func decodeArray(element decoder) decoder {
	return decoder{decode: func(data []byte) (any, error) {
		if len(data) < 12 {
			return nil, errMalformed
		}

		dimensions := int(binary.BigEndian.Uint32(data))
		if dimensions == 0 {
			return []any{}, nil
		}

		data = data[12:] // The number of dimensions, a flag for NULL, and the OID of the elements' type.
		if dimensions > 6 || len(data) < 8*dimensions {
			return nil, errMalformed
		}

		lengths := make([]int, dimensions)
		for i := range lengths {
			lengths[i] = int(binary.BigEndian.Uint32(data[8*i:]))
		}

		array := elements{rest: data[8*dimensions:], decode: element}

		return array.list(lengths)
	}}
}

// elements decodes the elements of an array.
type elements struct {
	rest   []byte
	decode decoder
}

// list decodes an array with a length for each dimension.
func (e *elements) list(lengths []int) (any, error) {
	if lengths[0] < 0 || lengths[0] > len(e.rest) { // An element has at least four bytes.
		return nil, errMalformed
	}

	list := make([]any, lengths[0])

	for i := range list {
		var err error
		if len(lengths) > 1 {
			list[i], err = e.list(lengths[1:])
		} else {
			list[i], err = e.next()
		}

		if err != nil {
			return nil, err
		}
	}

	return list, nil
}

func (e *elements) next() (any, error) {
	if len(e.rest) < 4 {
		return nil, errMalformed
	}

	length := int(int32(binary.BigEndian.Uint32(e.rest))) //nolint:gosec // The server sends a signed number.
	e.rest = e.rest[4:]

	if length < 0 {
		return nil, nil //nolint:nilnil // NULL is a value.
	}

	if length > len(e.rest) {
		return nil, errMalformed
	}

	data := e.rest[:length]
	e.rest = e.rest[length:]

	return e.decode.value(data)
}

// specialValue returns the text of the value that could not be decoded, or "" if err is not a [specialError].
func specialValue(err error) string {
	if special := new(specialError); errors.As(err, &special) {
		return special.value
	}

	return ""
}
