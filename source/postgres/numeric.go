package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// A numeric is sent as digits of base 10,000: how many there are, the power of 10,000 of the first one, the sign, how many
// decimal digits stand behind the point, and the digits. Zeros at both ends are left out.
const (
	numericHeader    = 8
	numericNegative  = 0x4000
	numericNaN       = 0xC000
	numericPositiveI = 0xD000
	numericNegativeI = 0xF000

	mostWholeDigits    = 131072
	mostFractionDigits = 16383
)

var errMalformed = errors.New("the server sent a value that is not in the form of its type")

// specialError is a value that PostgreSQL has and the standard type hasn't.
type specialError struct{ value string }

func (e *specialError) Error() string { return e.value + " has no place in the column's standard type" }

func decodeNumeric(data []byte) (any, error) {
	if len(data) < numericHeader || len(data)%2 != 0 {
		return nil, errMalformed
	}

	count := int(binary.BigEndian.Uint16(data))
	weight := int(int16(binary.BigEndian.Uint16(data[2:]))) //nolint:gosec // It is sent as a signed number.
	sign := binary.BigEndian.Uint16(data[4:])
	scale := int(binary.BigEndian.Uint16(data[6:]))

	switch sign {
	case numericNaN:
		return nil, &specialError{"NaN"}
	case numericPositiveI:
		return nil, &specialError{"Infinity"}
	case numericNegativeI:
		return nil, &specialError{"-Infinity"}
	}

	if len(data) != numericHeader+2*count {
		return nil, errMalformed
	}

	var buffer [64]byte

	text := buffer[:0]
	if sign == numericNegative {
		text = append(text, '-')
	}

	group := func(i int) uint16 {
		if i < 0 || i >= count {
			return 0
		}

		return binary.BigEndian.Uint16(data[numericHeader+2*i:])
	}

	text = appendWhole(text, weight, group)

	if scale > 0 {
		text = append(text, '.')
		end := len(text) + scale

		for i := weight + 1; len(text) < end; i++ {
			text = appendGroup(text, group(i))
		}

		text = text[:end]
	}

	return source.Number(text), nil
}

// appendWhole writes the digits before the point, without superfluous zeros.
func appendWhole(text []byte, weight int, group func(int) uint16) []byte {
	begin := len(text)

	for i := 0; i <= weight; i++ {
		text = appendGroup(text, group(i))
	}

	zeros := begin
	for zeros < len(text) && text[zeros] == '0' {
		zeros++
	}

	if zeros == len(text) {
		return append(text[:begin], '0')
	}

	return append(text[:begin], text[zeros:]...)
}

func appendGroup(text []byte, group uint16) []byte {
	return append(text, byte('0'+group/1000%10), byte('0'+group/100%10), byte('0'+group/10%10), byte('0'+group%10))
}

func encodeNumeric(dst []byte, value any) ([]byte, error) {
	number, ok := value.(source.Number)
	if !ok {
		return nil, strange(value)
	}

	digits, negative := strings.CutPrefix(string(number), "-")
	whole, fraction, _ := strings.Cut(digits, ".")

	if len(whole) > mostWholeDigits || len(fraction) > mostFractionDigits {
		return nil, fmt.Errorf("numeric has at most %d digits before the point and %d behind it",
			mostWholeDigits, mostFractionDigits)
	}

	begin := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)

	groups := (len(whole) + 3) / 4
	first, last := -1, -1 // The first and the last group that is not zero.

	for i := range groups + (len(fraction)+3)/4 {
		var digits uint16
		if i < groups {
			digits = groupAt(whole, len(whole)-4*(groups-i))
		} else {
			digits = groupAt(fraction, 4*(i-groups))
		}

		if digits != 0 {
			last = i

			if first < 0 {
				first = i
			}
		}

		if first >= 0 {
			dst = binary.BigEndian.AppendUint16(dst, digits)
		}
	}

	count, weight := 0, 0
	if first >= 0 {
		count, weight = last-first+1, groups-1-first
	}

	dst = dst[:begin+numericHeader+2*count]

	binary.BigEndian.PutUint16(dst[begin:], uint16(count))
	binary.BigEndian.PutUint16(dst[begin+2:], uint16(int16(weight)))
	binary.BigEndian.PutUint16(dst[begin+6:], uint16(len(fraction))) //nolint:gosec // It was checked above.

	if negative && count > 0 {
		binary.BigEndian.PutUint16(dst[begin+4:], numericNegative)
	}

	return dst, nil
}

// groupAt reads the four digits of text at that place. What lies outside of it is zero.
func groupAt(text string, at int) uint16 {
	group := uint16(0)

	for i := at; i < at+4; i++ {
		group *= 10
		if i >= 0 && i < len(text) {
			group += uint16(text[i] - '0')
		}
	}

	return group
}
