package mysql

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// errNoEncoder is the error for a column that can't store values of the written type.
var errNoEncoder = errors.New("the column can't store values of this type")

// isBytes reports whether the type stores bytes. LOAD DATA's text contains them as hexadecimal digits.
func (n native) isBytes() bool {
	standard, known := n.standard()

	return known && standard.Type == source.Binary || n.name == "BIT"
}

// isText reports whether the type stores text.
func (n native) isText() bool {
	standard, known := n.standard()

	return known && (standard.Type == source.Text || standard.Type == source.JSON)
}

// encoderFor returns the encoder of values of a standard type for a column of a native type, or errNoEncoder.
func encoderFor(from source.Standard, to native) (database.Encoder, error) {
	switch {
	case to.name == "ENUM" || to.name == "SET":
		return encodeMembers(from, to)
	case from.Type == source.Text && (to.name == "JSON" || !to.isText()):
		return encodeParsed(to)
	case to.isText():
		return encodeText(from, to)
	case to.isBytes():
		return encodeBinary(from, to)
	}

	switch to.name {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR":
		return encodeInteger(from, to)
	case "DECIMAL":
		return encodeDecimal(from, to)
	case "FLOAT", "DOUBLE":
		return encodeFloat(from, to)
	case "DATE", "DATETIME", "TIMESTAMP":
		return encodeTime(from, to)
	case "TIME":
		if from.Type == source.Time {
			return database.Encode(func(dst []byte, v time.Duration) ([]byte, error) { return appendClock(dst, v, to) }), nil
		}
	case "UUID":
		if from.Type == source.UUID {
			return database.Encode(func(dst []byte, v uuid.UUID) ([]byte, error) { return append(dst, v.String()...), nil }), nil
		}
	}

	return nil, errNoEncoder
}

// encodeParsed returns the encoder of text for a column of another type. It parses the text with [source.ParseExactly].
func encodeParsed(to native) (database.Encoder, error) {
	of, known := to.standard()
	if !known {
		return nil, errNoEncoder
	}

	typed, err := encoderFor(of, to)
	if err != nil {
		return nil, err
	}

	integer := typed
	if to.isBoolean() {
		if integer, err = encodeInteger(source.Standard{Type: source.Integer}, to); err != nil {
			return nil, err
		}
	}

	return database.Encode(func(dst []byte, text string) ([]byte, error) {
		// A TINYINT(1) may store any small integer.
		if number, err := strconv.ParseInt(text, 10, 64); err == nil && to.isBoolean() {
			return integer(dst, number)
		}

		value, err := source.ParseExactly(of, text)
		if err != nil {
			return nil, err
		}

		return typed(dst, value)
	}), nil
}

// encodeText returns the encoder for a text column. All standard types except binary have a text form.
func encodeText(from source.Standard, to native) (database.Encoder, error) {
	check := checkText(to)

	switch {
	case from.Type == source.Binary:
		return nil, errNoEncoder
	case from.Type == source.Text:
		return database.Encode(func(dst []byte, text string) ([]byte, error) {
			if err := check(text); err != nil {
				return nil, err
			}

			return append(dst, text...), nil
		}), nil
	case to.name == "JSON":
		return func(dst []byte, value any) ([]byte, error) {
			written, err := source.AppendJSON(dst, from, value)
			if err == nil && to.isParsed {
				err = checkNumbers(written[len(dst):])
			}

			return written, err
		}, nil
	}

	return func(dst []byte, value any) ([]byte, error) {
		written, err := source.AppendText(dst, from, value)
		if err == nil {
			err = check(string(written[len(dst):]))
		}

		return written, err
	}, nil
}

// checkText returns a function that returns an error for a text that the column would change.
func checkText(to native) func(text string) error {
	isBytes := strings.HasSuffix(to.name, "TEXT") // The lengths of TEXT types are in bytes.

	return func(text string) error {
		if length := int64(len(text)); to.length > 0 && length > to.length {
			if isBytes {
				return fmt.Errorf("it has %d bytes, but %s stores at most %d: %s", length, to, to.length, source.Quote(text))
			}

			if count := int64(utf8.RuneCountInString(text)); count > to.length {
				return fmt.Errorf("it has %d characters, which is too long for %s: %s", count, to, source.Quote(text))
			}
		}

		if to.name == "CHAR" && strings.HasSuffix(text, " ") {
			return fmt.Errorf("CHAR removes the spaces at the end of %s", source.Quote(text))
		}

		return nil
	}
}

// encodeMembers returns the encoder for ENUM and SET. It accepts only the exact members: the server would also accept another
// case, and the number of a member.
func encodeMembers(from source.Standard, to native) (database.Encoder, error) {
	if from.Type != source.Text {
		return nil, errNoEncoder
	}

	members := to.members()

	return database.Encode(func(dst []byte, text string) ([]byte, error) {
		chosen := []string{text}
		if to.name == "SET" {
			chosen = strings.Split(text, ",")
		}

		if text == "" && to.name == "SET" {
			chosen = nil
		}

		last := -1

		for _, member := range chosen {
			at := slices.Index(members, member)
			if at <= last {
				return nil, fmt.Errorf("%s is not a value of %s, or its members are not in the order of the type",
					source.Quote(text), to)
			}

			last = at
		}

		return append(dst, text...), nil
	}), nil
}

// encodeBinary returns the encoder for a binary column.
func encodeBinary(from source.Standard, to native) (database.Encoder, error) {
	switch {
	case from.Type == source.Boolean && to.name == "BIT":
		return database.Encode(func(dst []byte, v bool) ([]byte, error) {
			if v {
				return append(dst, 1), nil
			}

			return append(dst, 0), nil
		}), nil
	case from.Type != source.Binary || to.name == "BIT" && to.length == 1:
		return nil, errNoEncoder
	}

	length := to.length
	if to.name == "BIT" {
		length = (length + 7) / 8 //nolint:mnd // Bits of a byte.
	}

	return database.Encode(func(dst []byte, v []byte) ([]byte, error) {
		if count := int64(len(v)); length > 0 && count > length {
			return nil, fmt.Errorf("it has %d bytes, but %s stores at most %d", count, to, length)
		}

		if (to.name == "BINARY" || to.name == "BIT") && int64(len(v)) < length {
			return nil, fmt.Errorf("it has %d bytes, but %s would pad it to %d", len(v), to, length)
		}

		return append(dst, v...), nil
	}), nil
}

// bounds returns the range of an integer type.
func (n native) bounds() (minimum int64, maximum uint64) {
	bits := map[string]int{"TINYINT": 8, "SMALLINT": 16, "MEDIUMINT": 24, "INT": 32, "BIGINT": 64}[n.name]

	switch {
	case n.name == "YEAR":
		return 1901, 2155 // Also 0, see encodeInteger. The server interprets 1 to 99 as years from 1970 to 2069.
	case n.unsigned():
		return 0, math.MaxUint64 >> (64 - bits)
	}

	return math.MinInt64 >> (64 - bits), math.MaxInt64 >> (64 - bits)
}

// encodeInteger returns the encoder for a column of an integer type.
func encodeInteger(from source.Standard, to native) (database.Encoder, error) {
	minimum, maximum := to.bounds()
	outOfRange := func(value any) error { return fmt.Errorf("%v is out of the range of %s", value, to) }

	switch from.Type { //nolint:exhaustive // The other types are not integers.
	case source.Integer:
		return database.Encode(func(dst []byte, v int64) ([]byte, error) {
			if v == 0 && to.name == "YEAR" {
				return append(dst, "0000"...), nil // The server interprets a single 0 as 2000.
			}

			if v < minimum || v > 0 && uint64(v) > maximum {
				return nil, outOfRange(v)
			}

			return strconv.AppendInt(dst, v, 10), nil
		}), nil
	case source.Boolean:
		if to.name == "YEAR" {
			return nil, errNoEncoder
		}

		return database.Encode(func(dst []byte, v bool) ([]byte, error) {
			if v {
				return append(dst, '1'), nil
			}

			return append(dst, '0'), nil
		}), nil
	case source.Decimal:
		return database.Encode(func(dst []byte, v source.Number) ([]byte, error) {
			whole, fraction, _ := strings.Cut(string(v), ".")
			if strings.Trim(fraction, "0") != "" {
				return nil, fmt.Errorf("%s is not an integer, but the column's type is %s", v, to)
			}

			if signed, err := strconv.ParseInt(whole, 10, 64); err == nil {
				if signed < minimum || signed > 0 && uint64(signed) > maximum {
					return nil, outOfRange(v)
				}
			} else if unsigned, err := strconv.ParseUint(whole, 10, 64); err != nil || unsigned > maximum {
				return nil, outOfRange(v)
			}

			return append(dst, whole...), nil
		}), nil
	default:
		return nil, errNoEncoder
	}
}

// encodeDecimal returns the encoder for a DECIMAL column.
func encodeDecimal(from source.Standard, to native) (database.Encoder, error) {
	fit := func(dst []byte, v source.Number) ([]byte, error) {
		if !v.Fits(to.precision, to.scale) {
			return nil, fmt.Errorf("%s has more digits than %s", v, to)
		}

		if v[0] == '-' && to.unsigned() {
			return nil, fmt.Errorf("%s is negative, but the column's type is %s", v, to)
		}

		if point := strings.IndexByte(string(v), '.'); point >= 0 && len(v) > point+1+to.scale { // The rest are zeros.
			v = v[:point+1+to.scale]
		}

		return append(dst, v...), nil
	}

	switch from.Type { //nolint:exhaustive // The others are no numbers.
	case source.Decimal:
		return database.Encode(fit), nil
	case source.Integer:
		return database.Encode(func(dst []byte, v int64) ([]byte, error) {
			return fit(dst, source.Number(strconv.FormatInt(v, 10)))
		}), nil
	case source.Float:
		return database.Encode(func(dst []byte, v float64) ([]byte, error) {
			if err := checkFinite(v); err != nil {
				return nil, err
			}

			number, err := source.ParseNumber(strconv.FormatFloat(v, 'f', -1, 64))
			if err != nil {
				return nil, err
			}

			return fit(dst, number)
		}), nil
	default:
		return nil, errNoEncoder
	}
}

// checkFinite returns an error for NaN and the infinities.
func checkFinite(v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("MySQL has no float %v", v)
	}

	return nil
}

// encodeFloat returns the encoder for a FLOAT or DOUBLE column.
func encodeFloat(from source.Standard, to native) (database.Encoder, error) {
	write := func(dst []byte, v float64) ([]byte, error) {
		if err := checkFinite(v); err != nil {
			return nil, err
		}

		if to.name == "FLOAT" && source.Widen(float32(v)) != v {
			return nil, fmt.Errorf("%v has more digits than FLOAT", v)
		}

		if to.scale >= 0 {
			if rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', to.scale, 64), 64); err != nil || rounded != v {
				return nil, fmt.Errorf("%v has more digits than %s", v, to)
			}
		}

		return strconv.AppendFloat(dst, v, 'g', -1, 64), nil
	}

	switch from.Type { //nolint:exhaustive // The others are no numbers.
	case source.Float:
		return database.Encode(write), nil
	case source.Integer:
		return database.Encode(func(dst []byte, v int64) ([]byte, error) {
			if wide := float64(v); wide >= -math.MinInt64 || int64(wide) != v {
				return nil, fmt.Errorf("%d has more digits than %s", v, to)
			}

			return write(dst, float64(v))
		}), nil
	case source.Decimal:
		return database.Encode(func(dst []byte, v source.Number) ([]byte, error) {
			wide, err := strconv.ParseFloat(string(v), 64)
			if err != nil || !v.IsShortestOf(wide) {
				return nil, fmt.Errorf("%s has more digits than %s", v, to)
			}

			return write(dst, wide)
		}), nil
	default:
		return nil, errNoEncoder
	}
}
