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
)

// encoder appends a value as the server reads it for a column, as text or, where the column is binary, as bytes. A value
// that the column would hold otherwise than it is, is an error: for some of them the server has no word, not even a
// warning.
type encoder func(dst []byte, value any) ([]byte, error)

// errNoEncoder is for a column that holds no values of the type that is written.
var errNoEncoder = errors.New("no such values")

// encode makes an encoder of a function for one of the types that a record's values have.
func encode[T any](appendTo func(dst []byte, value T) ([]byte, error)) encoder {
	return func(dst []byte, value any) ([]byte, error) {
		typed, ok := value.(T)
		if !ok {
			return nil, fmt.Errorf("a %T is not the Go type of the column's values", value)
		}

		return appendTo(dst, typed)
	}
}

// isBytes reports whether a column takes bytes, which are written in hexadecimal digits where text is expected.
func (n native) isBytes() bool {
	standard, known := n.standard()

	return known && standard.Type == source.Binary || n.name == "BIT"
}

func (n native) isText() bool {
	standard, known := n.standard()

	return known && (standard.Type == source.Text || standard.Type == source.JSON)
}

// encoderFor returns the encoder of values of a standard type for a column.
func encoderFor(from source.Standard, to native) (encoder, error) {
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
		return encodeWhole(from, to)
	case "DECIMAL":
		return encodeDecimal(from, to)
	case "FLOAT", "DOUBLE":
		return encodeFloat(from, to)
	case "DATE", "DATETIME", "TIMESTAMP":
		return encodeTime(from, to)
	case "TIME":
		if from.Type == source.Time {
			return encode(func(dst []byte, v time.Duration) ([]byte, error) { return appendClock(dst, v, to) }), nil
		}
	case "UUID":
		if from.Type == source.UUID {
			return encode(func(dst []byte, v uuid.UUID) ([]byte, error) { return append(dst, v.String()...), nil }), nil
		}
	}

	return nil, errNoEncoder
}

// encodeParsed is for text in a column of another type: it is read by [source.ParseExactly].
func encodeParsed(to native) (encoder, error) {
	of, known := to.standard()
	if !known {
		return nil, errNoEncoder
	}

	typed, err := encoderFor(of, to)
	if err != nil {
		return nil, err
	}

	integer := typed
	if to.isFlag() {
		if integer, err = encodeWhole(source.Standard{Type: source.Integer}, to); err != nil {
			return nil, err
		}
	}

	return encode(func(dst []byte, text string) ([]byte, error) {
		// What looks like a boolean may hold any small number.
		if number, err := strconv.ParseInt(text, 10, 64); err == nil && to.isFlag() {
			return integer(dst, number)
		}

		value, err := source.ParseExactly(of, text)
		if err != nil {
			return nil, err
		}

		return typed(dst, value)
	}), nil
}

// encodeText is for columns of text, to which every type but binary has a form.
func encodeText(from source.Standard, to native) (encoder, error) {
	check := checkText(to)

	switch {
	case from.Type == source.Binary:
		return nil, errNoEncoder
	case from.Type == source.Text:
		return encode(func(dst []byte, text string) ([]byte, error) {
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

// checkText returns what checks whether a column keeps a text as it is.
func checkText(to native) func(text string) error {
	isBytes := strings.HasSuffix(to.name, "TEXT") // Their length is in bytes.

	return func(text string) error {
		if length := int64(len(text)); to.length > 0 && length > to.length {
			if isBytes {
				return fmt.Errorf("it has %d bytes, and %s holds %d: %s", length, to, to.length, source.Quote(text))
			}

			if count := int64(utf8.RuneCountInString(text)); count > to.length {
				return fmt.Errorf("it has %d characters, which is too long for %s: %s", count, to, source.Quote(text))
			}
		}

		if to.name == "CHAR" && strings.HasSuffix(text, " ") {
			return fmt.Errorf("CHAR loses the spaces at the end of %s", source.Quote(text))
		}

		return nil
	}
}

// encodeMembers is for ENUM and SET. To the server, A may be another word for a, and 2 is one for the second member.
func encodeMembers(from source.Standard, to native) (encoder, error) {
	if from.Type != source.Text {
		return nil, errNoEncoder
	}

	members := to.members()

	return encode(func(dst []byte, text string) ([]byte, error) {
		chosen := []string{text}
		if to.name == "SET" {
			chosen = strings.Split(text, ",")
		}

		if text == "" && to.name == "SET" {
			chosen = nil
		}

		last := -1

		for _, one := range chosen {
			at := slices.Index(members, one)
			if at <= last {
				return nil, fmt.Errorf("%s is none of the values of %s, or not in their order", source.Quote(text), to)
			}

			last = at
		}

		return append(dst, text...), nil
	}), nil
}

func encodeBinary(from source.Standard, to native) (encoder, error) {
	switch {
	case from.Type == source.Boolean && to.name == "BIT":
		return encode(func(dst []byte, v bool) ([]byte, error) {
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

	return encode(func(dst []byte, v []byte) ([]byte, error) {
		if count := int64(len(v)); length > 0 && count > length {
			return nil, fmt.Errorf("it has %d bytes, and %s holds %d", count, to, length)
		}

		if (to.name == "BINARY" || to.name == "BIT") && int64(len(v)) < length {
			return nil, fmt.Errorf("it has %d bytes, and %s would fill it up to %d", len(v), to, length)
		}

		return append(dst, v...), nil
	}), nil
}

// bounds of the types of whole numbers.
func (n native) bounds() (least int64, most uint64) {
	bits := map[string]int{"TINYINT": 8, "SMALLINT": 16, "MEDIUMINT": 24, "INT": 32, "BIGINT": 64}[n.name]

	switch {
	case n.name == "YEAR":
		return 1901, 2155 // And 0, see below; from 1 to 99, a number stands for another year.
	case n.unsigned():
		return 0, math.MaxUint64 >> (64 - bits)
	}

	return math.MinInt64 >> (64 - bits), math.MaxInt64 >> (64 - bits)
}

func encodeWhole(from source.Standard, to native) (encoder, error) {
	least, most := to.bounds()
	tooFar := func(value any) error { return fmt.Errorf("%v is beyond what %s holds", value, to) }

	switch from.Type { //nolint:exhaustive // The others are no whole numbers.
	case source.Integer:
		return encode(func(dst []byte, v int64) ([]byte, error) {
			if v == 0 && to.name == "YEAR" {
				return append(dst, "0000"...), nil // A single 0 is 2000.
			}

			if v < least || v > 0 && uint64(v) > most {
				return nil, tooFar(v)
			}

			return strconv.AppendInt(dst, v, 10), nil
		}), nil
	case source.Boolean:
		if to.name == "YEAR" {
			return nil, errNoEncoder
		}

		return encode(func(dst []byte, v bool) ([]byte, error) {
			if v {
				return append(dst, '1'), nil
			}

			return append(dst, '0'), nil
		}), nil
	case source.Decimal:
		return encode(func(dst []byte, v source.Number) ([]byte, error) {
			whole, fraction, _ := strings.Cut(string(v), ".")
			if strings.Trim(fraction, "0") != "" {
				return nil, fmt.Errorf("%s is no whole number, and %s holds only those", v, to)
			}

			if signed, err := strconv.ParseInt(whole, 10, 64); err == nil {
				if signed < least || signed > 0 && uint64(signed) > most {
					return nil, tooFar(v)
				}
			} else if unsigned, err := strconv.ParseUint(whole, 10, 64); err != nil || unsigned > most {
				return nil, tooFar(v)
			}

			return append(dst, whole...), nil
		}), nil
	default:
		return nil, errNoEncoder
	}
}

func encodeDecimal(from source.Standard, to native) (encoder, error) {
	fit := func(dst []byte, v source.Number) ([]byte, error) {
		if !v.Fits(to.precision, to.scale) {
			return nil, fmt.Errorf("%s has more digits than %s holds", v, to)
		}

		if v[0] == '-' && to.unsigned() {
			return nil, fmt.Errorf("%s is below zero, which %s does not hold", v, to)
		}

		if point := strings.IndexByte(string(v), '.'); point >= 0 && len(v) > point+1+to.scale { // Only zeros, as it fits.
			v = v[:point+1+to.scale]
		}

		return append(dst, v...), nil
	}

	switch from.Type { //nolint:exhaustive // The others are no numbers.
	case source.Decimal:
		return encode(fit), nil
	case source.Integer:
		return encode(func(dst []byte, v int64) ([]byte, error) {
			return fit(dst, source.Number(strconv.FormatInt(v, 10)))
		}), nil
	case source.Float:
		return encode(func(dst []byte, v float64) ([]byte, error) {
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

func checkFinite(v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%v is a float that MySQL does not have", v)
	}

	return nil
}

func encodeFloat(from source.Standard, to native) (encoder, error) {
	write := func(dst []byte, v float64) ([]byte, error) {
		if err := checkFinite(v); err != nil {
			return nil, err
		}

		if to.name == "FLOAT" && widen(float32(v)) != v {
			return nil, fmt.Errorf("%v has more digits than FLOAT holds", v)
		}

		if to.scale >= 0 {
			if rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', to.scale, 64), 64); err != nil || rounded != v {
				return nil, fmt.Errorf("%v has more digits than %s holds", v, to)
			}
		}

		return strconv.AppendFloat(dst, v, 'g', -1, 64), nil
	}

	switch from.Type { //nolint:exhaustive // The others are no numbers.
	case source.Float:
		return encode(write), nil
	case source.Integer:
		return encode(func(dst []byte, v int64) ([]byte, error) {
			if wide := float64(v); wide >= -math.MinInt64 || int64(wide) != v {
				return nil, fmt.Errorf("%d has more digits than %s holds", v, to)
			}

			return write(dst, float64(v))
		}), nil
	case source.Decimal:
		return encode(func(dst []byte, v source.Number) ([]byte, error) {
			wide, err := strconv.ParseFloat(string(v), 64)
			if err != nil || !sameNumber(v, strconv.FormatFloat(wide, 'f', -1, 64)) {
				return nil, fmt.Errorf("%s has more digits than %s holds", v, to)
			}

			return write(dst, wide)
		}), nil
	default:
		return nil, errNoEncoder
	}
}

// sameNumber reports whether text writes the number, but for zeros at its end.
func sameNumber(number source.Number, text string) bool {
	short := string(number)
	if strings.Contains(short, ".") {
		short = strings.TrimRight(strings.TrimRight(short, "0"), ".")
	}

	return short == text
}

// encodeTime is for columns with a date. A TIMESTAMP is a moment and a DATETIME shows a clock; each is taken for the other
// as a clock in UTC shows it, which is how a created column holds a moment.
func encodeTime(from source.Standard, to native) (encoder, error) {
	switch from.Type { //nolint:exhaustive // The others have no date.
	case source.Date:
		if to.name == "TIMESTAMP" {
			return nil, errNoEncoder
		}
	case source.Datetime, source.Timestamp:
		if to.name == "DATE" {
			return nil, errNoEncoder
		}
	default:
		return nil, errNoEncoder
	}

	return encode(func(dst []byte, v time.Time) ([]byte, error) {
		v = v.UTC()
		if year := v.Year(); year < 0 || year > 9999 {
			return nil, fmt.Errorf("the year %d is beyond what %s holds, which is 0 to 9999", year, to)
		}

		dst = appendDate(dst, v)
		if to.name == "DATE" {
			return dst, nil
		}

		hour, minute, second := v.Clock()
		dst = appendTwo(append(dst, ' '), hour)
		dst = appendTwo(append(dst, ':'), minute)
		dst = appendTwo(append(dst, ':'), second)

		if dst, err := appendFraction(dst, v.Nanosecond(), to); err == nil {
			return dst, nil
		}

		return nil, fmt.Errorf("%s is finer than %s holds", v.Format(time.RFC3339Nano), to)
	}), nil
}

func appendDate(dst []byte, v time.Time) []byte {
	year, month, day := v.Date()
	dst = appendTwo(dst, year/100)
	dst = appendTwo(dst, year%100)
	dst = appendTwo(append(dst, '-'), int(month))

	return appendTwo(append(dst, '-'), day)
}

func appendClock(dst []byte, v time.Duration, to native) ([]byte, error) {
	if v < 0 || v > 24*time.Hour {
		return nil, fmt.Errorf("%s is no time of day", v)
	}

	seconds := int(v / time.Second)
	dst = appendTwo(dst, seconds/3600)
	dst = appendTwo(append(dst, ':'), seconds/60%60)
	dst = appendTwo(append(dst, ':'), seconds%60)

	if dst, err := appendFraction(dst, int(v%time.Second), to); err == nil {
		return dst, nil
	}

	return nil, fmt.Errorf("%s since midnight is finer than %s holds", v, to)
}

// appendTwo appends a number below 100 with two digits.
func appendTwo(dst []byte, v int) []byte { return append(dst, "0123456789"[v/10], "0123456789"[v%10]) }

// errTooFine is for a fraction of which a column holds a part only.
var errTooFine = errors.New("too fine")

// appendFraction appends what is finer than a second, if the column holds all of it.
func appendFraction(dst []byte, nanosecond int, to native) ([]byte, error) {
	if nanosecond == 0 {
		return dst, nil
	}

	all := strconv.Itoa(int(time.Second) + nanosecond)[1:]

	short := strings.TrimRight(all, "0")
	if len(short) > to.fraction {
		return nil, errTooFine
	}

	return append(append(dst, '.'), short...), nil
}
