package postgres

import (
	"encoding/binary"
	"errors"

	"github.com/jobwright/jobwright/source/database"
)

// PostgreSQL's arrays are rectangular.
var errNotRectangular = errors.New("in PostgreSQL, all lists in a list must have the same length, and none may be empty or NULL")

// encodeArray returns the encoder of arrays. oid is the type of the elements.
func encodeArray(oid uint32, element database.Encoder) database.Encoder {
	return database.Encode(func(dst []byte, list []any) ([]byte, error) {
		lengths := lengthsOf(list)

		dst = binary.BigEndian.AppendUint32(dst, uint32(len(lengths))) //nolint:gosec // The depth of a value.
		dst = append(dst, 0, 0, 0, 0)                                  // The flag for NULL, which the server ignores.
		dst = binary.BigEndian.AppendUint32(dst, oid)

		for _, length := range lengths {
			dst = binary.BigEndian.AppendUint32(dst, uint32(length)) //nolint:gosec // The server rejects too long arrays.
			dst = binary.BigEndian.AppendUint32(dst, 1)              // The subscript of the first element.
		}

		return appendElements(dst, list, lengths, func(dst []byte, value any) ([]byte, error) {
			return encodeField(dst, value, element)
		})
	})
}

// lengthsOf returns the lengths of a list, of the first list in it, and so on; nil for an empty list.
func lengthsOf(list []any) []int {
	var lengths []int

	for len(list) > 0 {
		lengths = append(lengths, len(list))
		list, _ = list[0].([]any)
	}

	return lengths
}

// appendElements appends the elements of a list in order. All lists of the same depth must have the same length.
func appendElements(dst []byte, list []any, lengths []int, element database.Encoder) ([]byte, error) {
	if len(lengths) == 0 {
		return dst, nil
	}

	if len(list) != lengths[0] {
		return nil, errNotRectangular
	}

	for _, value := range list {
		inner, nested := value.([]any)
		if nested != (len(lengths) > 1) {
			return nil, errNotRectangular
		}

		var err error
		if nested {
			dst, err = appendElements(dst, inner, lengths[1:], element)
		} else {
			dst, err = element(dst, value)
		}

		if err != nil {
			return nil, err
		}
	}

	return dst, nil
}
