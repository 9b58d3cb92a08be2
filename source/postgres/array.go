package postgres

import (
	"encoding/binary"
	"errors"
)

// PostgreSQL's arrays are rectangular: all lists in a list have the same length, and none of them is NULL or empty.
var errNotRectangular = errors.New("the lists in a list of PostgreSQL's have the same length, and none is empty or NULL")

// encodeArray encodes arrays of what element encodes, a type of that number.
func encodeArray(oid uint32, element encoder) encoder {
	return func(dst []byte, value any) ([]byte, error) {
		list, ok := value.([]any)
		if !ok {
			return nil, strange(value)
		}

		lengths := lengthsOf(list)

		dst = binary.BigEndian.AppendUint32(dst, uint32(len(lengths))) //nolint:gosec // It is a small number.
		dst = append(dst, 0, 0, 0, 0)                                  // Whether there is a NULL; the server looks for itself.
		dst = binary.BigEndian.AppendUint32(dst, oid)

		for _, length := range lengths {
			dst = binary.BigEndian.AppendUint32(dst, uint32(length)) //nolint:gosec // The server refuses more than it can hold.
			dst = binary.BigEndian.AppendUint32(dst, 1)              // The subscript of the first element.
		}

		return appendElements(dst, list, lengths, func(dst []byte, value any) ([]byte, error) {
			return encodeField(dst, value, element)
		})
	}
}

// lengthsOf returns the length of a list, of the first list in it, and so on. An empty list has none.
func lengthsOf(list []any) []int {
	var lengths []int

	for len(list) > 0 {
		lengths = append(lengths, len(list))
		list, _ = list[0].([]any)
	}

	return lengths
}

// appendElements appends the elements of a list in order. Each list must have the length that the first of its depth has.
func appendElements(dst []byte, list []any, lengths []int, element encoder) ([]byte, error) {
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
