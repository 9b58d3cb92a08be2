package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// The binary form of a numeric has digits of base 10,000, here called groups. It consists of the number of groups, the weight
// of the first group as a power of 10,000, the sign, the scale, which is the number of decimal digits after the point, and the
// groups. Leading and trailing groups that are zero are left out.
const (
	numericHeader           = 8
	numericNegative         = 0x4000
	numericNaN              = 0xC000
	numericPositiveInfinity = 0xD000
	numericNegativeInfinity = 0xF000

	maxWholeDigits    = 131072
	maxFractionDigits = 16383
)

var errMalformed = errors.New("the server has sent a malformed value")

// specialError is the error for a value that the column's standard type does not have.
type specialError struct{ value string }

func (e *specialError) Error() string {
	return e.value + " is not a value of the column's standard type"
}

func decodeNumeric(data []byte) (any, error) {
	if len(data) < numericHeader || len(data)%2 != 0 {
		return nil, errMalformed
	}

	count := int(binary.BigEndian.Uint16(data))
	weight := int(int16(binary.BigEndian.Uint16(data[2:]))) //nolint:gosec // The server sends a signed number.
	sign := binary.BigEndian.Uint16(data[4:])
	scale := int(binary.BigEndian.Uint16(data[6:]))

	switch sign {
	case numericNaN:
		return nil, &specialError{"NaN"}
	case numericPositiveInfinity:
		return nil, &specialError{"Infinity"}
	case numericNegativeInfinity:
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

// appendWhole appends the digits before the point, without leading zeros.
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

func encodeNumeric(dst []byte, number source.Number) ([]byte, error) {
	digits, negative := strings.CutPrefix(string(number), "-")
	whole, fraction, _ := strings.Cut(digits, ".")

	if len(whole) > maxWholeDigits || len(fraction) > maxFractionDigits {
		return nil, fmt.Errorf("numeric has at most %d digits before the point and %d after it",
			maxWholeDigits, maxFractionDigits)
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
	binary.BigEndian.PutUint16(dst[begin+6:], uint16(len(fraction))) //nolint:gosec // At most maxFractionDigits.

	if negative && count > 0 {
		binary.BigEndian.PutUint16(dst[begin+4:], numericNegative)
	}

	return dst, nil
}

// groupAt returns the four digits of text from that index. Digits outside of text are zero.
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
