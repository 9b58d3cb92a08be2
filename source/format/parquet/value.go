package parquet

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/jobwright/jobwright/source"
)

// reading is the standard type of a leaf, and the function that converts its values.
type reading struct {
	of    source.Standard
	value func(parquet.Value) (any, error)
}

// readingOf returns the reading of a leaf by its logical type, or by its physical type if it has none.
func readingOf(leaf parquet.Type) reading {
	if logical := leaf.LogicalType(); logical != nil {
		if found, known := readingOfLogical(leaf, logical.Value); known {
			return found
		}
	}

	switch leaf.Kind() {
	case parquet.Boolean:
		return reading{standard(source.Boolean), func(v parquet.Value) (any, error) { return v.Boolean(), nil }}
	case parquet.Int32:
		return reading{standard(source.Integer), func(v parquet.Value) (any, error) { return int64(v.Int32()), nil }}
	case parquet.Int64:
		return reading{standard(source.Integer), func(v parquet.Value) (any, error) { return v.Int64(), nil }}
	case parquet.Int96:
		return reading{standard(source.Datetime), ofInt96}
	case parquet.Float:
		return reading{standard(source.Float), func(v parquet.Value) (any, error) { return source.Widen(v.Float()), nil }}
	case parquet.Double:
		return reading{standard(source.Float), func(v parquet.Value) (any, error) { return v.Double(), nil }}
	}

	return reading{standard(source.Binary), ofBytes}
}

func readingOfLogical(leaf parquet.Type, logical format.LogicalTypeValue) (reading, bool) {
	switch of := logical.(type) {
	case *format.StringType, *format.EnumType:
		return reading{standard(source.Text), ofText}, true
	case *format.JsonType:
		return reading{standard(source.JSON), ofJSON}, true
	case *format.UUIDType:
		return reading{standard(source.UUID), func(v parquet.Value) (any, error) { return uuid.FromBytes(v.ByteArray()) }}, true
	case *format.DateType:
		return reading{standard(source.Date), func(v parquet.Value) (any, error) {
			return time.Unix(0, 0).UTC().AddDate(0, 0, int(v.Int32())), nil
		}}, true
	case *format.Float16Type:
		return reading{standard(source.Float), func(v parquet.Value) (any, error) {
			return float16(binary.LittleEndian.Uint16(v.ByteArray())), nil
		}}, true
	case *format.DecimalType:
		precision, scale := int(of.Precision), int(of.Scale)

		return reading{
			source.Standard{Type: source.Decimal, Precision: precision, Scale: scale},
			func(v parquet.Value) (any, error) { return decimal(unscaled(v), scale), nil },
		}, true
	case *format.TimeType:
		unit := unitOf(of.Unit)

		return reading{standard(source.Time), func(v parquet.Value) (any, error) {
			return time.Duration(integer(v)) * unit, nil
		}}, true
	case *format.TimestampType:
		kind := source.Datetime
		if of.IsAdjustedToUTC {
			kind = source.Timestamp
		}

		perSecond := int64(time.Second / unitOf(of.Unit))
		nanoseconds := int64(unitOf(of.Unit))

		return reading{standard(kind), func(v parquet.Value) (any, error) {
			return moment(v.Int64(), perSecond, nanoseconds), nil
		}}, true
	case *format.IntType:
		return readingOfInteger(leaf, of), true
	}

	return reading{}, false
}

func readingOfInteger(leaf parquet.Type, of *format.IntType) reading {
	switch {
	case of.IsSigned:
		return reading{standard(source.Integer), func(v parquet.Value) (any, error) { return integer(v), nil }}
	case leaf.Kind() == parquet.Int32:
		return reading{standard(source.Integer), func(v parquet.Value) (any, error) { return int64(v.Uint32()), nil }}
	}

	// Half of its values do not fit into an int64.
	return reading{source.Standard{Type: source.Decimal, Precision: 20}, func(v parquet.Value) (any, error) {
		return source.Number(strconv.FormatUint(v.Uint64(), 10)), nil
	}}
}

func standard(t source.Type) source.Standard { return source.Standard{Type: t} }

func integer(v parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Int32())
	}

	return v.Int64()
}

func unitOf(unit format.TimeUnit) time.Duration {
	switch unit.Value.(type) {
	case *format.MilliSeconds:
		return time.Millisecond
	case *format.MicroSeconds:
		return time.Microsecond
	}

	return time.Nanosecond
}

// moment returns the time of a number of units since 1970.
func moment(count, perSecond, nanoseconds int64) time.Time {
	seconds, rest := count/perSecond, count%perSecond
	if rest < 0 {
		seconds, rest = seconds-1, rest+perSecond
	}

	return time.Unix(seconds, rest*nanoseconds).UTC()
}

// julianEpoch is the Julian day of 1970-01-01.
const julianEpoch = 2_440_588

// ofInt96 converts the timestamp of older writers: nanoseconds of the day, and the Julian day. It has no time zone.
func ofInt96(v parquet.Value) (any, error) {
	parts := v.Int96()
	nanoseconds := int64(parts[1])<<32 | int64(parts[0])
	days := int64(parts[2]) - julianEpoch

	return time.Unix(days*24*60*60, nanoseconds).UTC(), nil
}

func ofText(v parquet.Value) (any, error) {
	text := string(v.ByteArray())
	if !utf8.ValidString(text) {
		return nil, errNotUTF8
	}

	return text, nil
}

func ofJSON(v parquet.Value) (any, error) {
	text := json.RawMessage(append([]byte(nil), v.ByteArray()...))
	if !json.Valid(text) {
		return nil, errors.New("the value is not JSON")
	}

	return text, nil
}

func ofBytes(v parquet.Value) (any, error) { return append([]byte{}, v.ByteArray()...), nil }

// float16 returns the value of a half-precision float: a sign, 5 bits of exponent and 10 of fraction (IEEE 754).
func float16(bits uint16) float64 {
	const (
		fractionBits = 10
		bias         = 15
		special      = 31 // The exponent of the infinities and of NaN.
	)

	fraction, exponent := float64(bits&(1<<fractionBits-1)), int(bits>>fractionBits&special)

	var value float64

	switch {
	case exponent == special && fraction != 0:
		return math.NaN()
	case exponent == special:
		value = math.Inf(1)
	case exponent == 0: // A subnormal number has no leading one.
		value = math.Ldexp(fraction, 1-bias-fractionBits)
	default:
		value = math.Ldexp(fraction+1<<fractionBits, exponent-bias-fractionBits)
	}

	if bits>>15 == 1 {
		return -value
	}

	return value
}

// unscaled returns the integer of a decimal without its point, from two's complement.
func unscaled(v parquet.Value) *big.Int {
	switch v.Kind() {
	case parquet.Int32, parquet.Int64:
		return big.NewInt(integer(v))
	}

	bytes := v.ByteArray()
	value := new(big.Int).SetBytes(bytes)

	if len(bytes) > 0 && bytes[0]&0x80 != 0 {
		value.Sub(value, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
	}

	return value
}

// decimal formats an integer with a point before its last digits.
func decimal(value *big.Int, scale int) source.Number {
	if scale == 0 {
		return source.Number(value.String())
	}

	digits := new(big.Int).Abs(value).String()
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}

	text := digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	if value.Sign() < 0 {
		text = "-" + text
	}

	return source.Number(text)
}

// fixed returns a number without its point in 16 bytes, in two's complement.
func fixed(number source.Number, of source.Standard) ([]byte, error) {
	if !number.Fits(of.Precision, of.Scale) {
		return nil, fmt.Errorf("%s does not fit into %s", number, of)
	}

	whole, fraction, _ := strings.Cut(string(number), ".")
	if missing := of.Scale - len(fraction); missing >= 0 {
		fraction += strings.Repeat("0", missing)
	} else {
		fraction = fraction[:of.Scale] // The number fits, so that the rest is zeros.
	}

	value, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return nil, fmt.Errorf("%s is not a decimal", number)
	}

	if value.Sign() < 0 {
		value.Add(value, new(big.Int).Lsh(big.NewInt(1), 8*decimalBytes))
	}

	return value.FillBytes(make([]byte, decimalBytes)), nil
}
