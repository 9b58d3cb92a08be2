package parquet

import (
	"errors"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"

	"github.com/jobwright/jobwright/source"
)

// many appends values of a page to a vector: the ones from the index "from" up to the one before the index "to", which are not
// NULL. It has the results of [reading.value].
type many func(into *source.Vector, data encoding.Values, from, to int) error

var errNotUTF8 = errors.New("the text is not UTF-8")

// manyOf returns the function of a leaf, or nil if its values are read one by one, because they are rare or take most of the time
// themselves.
func manyOf(leaf parquet.Type) many {
	if logical := leaf.LogicalType(); logical != nil {
		switch of := logical.Value.(type) {
		case *format.StringType, *format.EnumType:
			return onlyOf(leaf, parquet.ByteArray, manyTexts)
		case *format.DateType:
			return onlyOf(leaf, parquet.Int32, manyInt32s)
		case *format.TimeType:
			return manyTimes(leaf, int64(unitOf(of.Unit)))
		case *format.TimestampType:
			return onlyOf(leaf, parquet.Int64, manyMoments(unitOf(of.Unit)))
		case *format.DecimalType:
			return manyDecimals(leaf, int(of.Scale))
		case *format.IntType:
			if of.IsSigned {
				return manyIntegers(leaf)
			}
		}

		return nil
	}

	switch leaf.Kind() {
	case parquet.Int32, parquet.Int64:
		return manyIntegers(leaf)
	case parquet.Double:
		return func(into *source.Vector, data encoding.Values, from, to int) error {
			into.Floats = append(into.Floats, data.Double()[from:to]...)

			return nil
		}
	}

	return nil
}

// onlyOf returns the function if the leaf has the physical type that the function expects.
func onlyOf(leaf parquet.Type, kind parquet.Kind, function many) many {
	if leaf.Kind() != kind {
		return nil
	}

	return function
}

func manyIntegers(leaf parquet.Type) many {
	switch leaf.Kind() {
	case parquet.Int32:
		return manyInt32s
	case parquet.Int64:
		return func(into *source.Vector, data encoding.Values, from, to int) error {
			into.Ints = append(into.Ints, data.Int64()[from:to]...)

			return nil
		}
	}

	return nil
}

func manyInt32s(into *source.Vector, data encoding.Values, from, to int) error {
	for _, value := range data.Int32()[from:to] {
		into.Ints = append(into.Ints, int64(value))
	}

	return nil
}

func manyTimes(leaf parquet.Type, unit int64) many {
	integers := manyIntegers(leaf)
	if integers == nil {
		return nil
	}

	return func(into *source.Vector, data encoding.Values, from, to int) error {
		begin := len(into.Ints)

		err := integers(into, data, from, to)
		for i := begin; i < len(into.Ints); i++ {
			into.Ints[i] *= unit
		}

		return err
	}
}

func manyMoments(unit time.Duration) many {
	perSecond, nanoseconds := int64(time.Second/unit), int64(unit)

	return func(into *source.Vector, data encoding.Values, from, to int) error {
		for _, value := range data.Int64()[from:to] {
			into.Times = append(into.Times, moment(value, perSecond, nanoseconds))
		}

		return nil
	}
}

func manyTexts(into *source.Vector, data encoding.Values, from, to int) error {
	texts, offsets := data.ByteArray()

	for i := from; i < to; i++ {
		text := texts[offsets[i]:offsets[i+1]]
		if !utf8.Valid(text) {
			return errNotUTF8
		}

		into.Bytes = append(into.Bytes, text...)
		into.Ends = append(into.Ends, len(into.Bytes))
	}

	return nil
}

func manyDecimals(leaf parquet.Type, scale int) many {
	switch leaf.Kind() {
	case parquet.Int32:
		return func(into *source.Vector, data encoding.Values, from, to int) error {
			for _, value := range data.Int32()[from:to] {
				appendDecimal(into, int64(value), scale)
			}

			return nil
		}
	case parquet.Int64:
		return func(into *source.Vector, data encoding.Values, from, to int) error {
			for _, value := range data.Int64()[from:to] {
				appendDecimal(into, value, scale)
			}

			return nil
		}
	case parquet.FixedLenByteArray:
		return func(into *source.Vector, data encoding.Values, from, to int) error {
			values, size := data.FixedLenByteArray()

			for i := from; i < to; i++ {
				appendFixed(into, values[i*size:(i+1)*size], scale)
			}

			return nil
		}
	}

	return nil
}

// appendFixed appends a decimal in two's complement.
func appendFixed(into *source.Vector, value []byte, scale int) {
	short, isShort := shortInteger(value)
	if isShort {
		appendDecimal(into, short, scale)

		return
	}

	into.Bytes = append(into.Bytes, decimal(unscaled(parquet.FixedLenByteArrayValue(value)), scale)...)
	into.Ends = append(into.Ends, len(into.Bytes))
}

// shortInteger returns an integer in two's complement, if it fits into 64 bits.
func shortInteger(value []byte) (short int64, isShort bool) {
	const size = 8

	if len(value) == 0 {
		return 0, false
	}

	var sign byte
	if value[0]&0x80 != 0 {
		sign, short = 0xff, -1
	}

	for ; len(value) > size; value = value[1:] {
		if value[0] != sign || value[1]&0x80 != sign&0x80 {
			return 0, false
		}
	}

	for _, b := range value {
		short = short<<8 | int64(b)
	}

	return short, true
}

// appendDecimal appends an integer with a point before its last digits, like [decimal].
func appendDecimal(into *source.Vector, value int64, scale int) {
	digits := [20]byte{}
	text := strconv.AppendInt(digits[:0], value, 10)

	if text[0] == '-' {
		into.Bytes, text = append(into.Bytes, '-'), text[1:]
	}

	for i := len(text); scale > 0 && i <= scale; i++ {
		into.Bytes = append(into.Bytes, '0')
	}

	into.Bytes = append(into.Bytes, text...)

	if scale > 0 {
		end := len(into.Bytes)
		into.Bytes = append(into.Bytes, 0)
		copy(into.Bytes[end-scale+1:], into.Bytes[end-scale:end])
		into.Bytes[end-scale] = '.'
	}

	into.Ends = append(into.Ends, len(into.Bytes))
}
