package sourcetest

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/source"
)

// Sample is a type with values that sources easily change.
type Sample struct {
	Type   source.Standard
	Values []any
}

// Name returns the name of the sample's subtest.
func (s Sample) Name() string { return s.Type.String() }

// Samples returns values of every type, including NULL.
func Samples() []Sample {
	return []Sample{
		{of(source.Text), []any{
			nil, "", " ", "a", "NULL", `\N`, `\.`, "a\tb", "a\nb", "a\r\nb", `back\slash`, `"quoted"`, "'single'", "a,b;c|d",
			"Nestlé 株式会社 Ünïcödé", //nolint:gosmopolitan // Texts in any script must be stored.
			"👩‍👩‍👧‍👦", "\u202eright to left", "e\u0301", "\U0010fffd", "007", "1e5", "true", "<a>&amp;</a>", "_x0041_",
			" leading and trailing ", "a\rb", "\r", "\ufeffmarked",
			"a\x00b", "a\x01b", "a\x1fb", "a\x7fb", "a\u0085b", "a\u2028b", "a\ufffdb", "a\ufffeb", "a\uffffb",
			strings.Repeat("long ", 10_000),
		}},
		{of(source.Integer), []any{
			nil, int64(0), int64(1), int64(-1), int64(1) << 53, int64(1)<<53 + 1, int64(math.MaxInt64), int64(math.MinInt64),
		}},
		{of(source.Decimal), []any{
			nil, source.Number("0"), source.Number("-0.01"), source.Number("1.50"),
			source.Number("12345678901234567890.123456789"), source.Number("99999999999999999999999999999999999999"),
			source.Number("-0.0000000000000000000001"),
		}},
		{source.Standard{Type: source.Decimal, Precision: 38, Scale: 10}, []any{
			nil, source.Number("0.0000000000"), source.Number("9999999999999999999999999999.9999999999"),
			source.Number("-9999999999999999999999999999.9999999999"), source.Number("1.5000000000"),
		}},
		{of(source.Float), []any{
			nil, 0.0, 1.5, -1.5, 0.1, 1e-300, math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(), math.Inf(1), math.Inf(-1),
			float64(1 << 53), 3.0, math.Copysign(0, -1),
		}},
		{of(source.Boolean), []any{nil, true, false}},
		{of(source.Date), []any{nil, date(2024, 2, 29), date(1970, 1, 1), date(1900, 1, 1), date(1, 1, 1), date(9999, 12, 31)}},
		{of(source.Time), []any{
			nil, time.Duration(0), 12*time.Hour + 30*time.Minute, 24*time.Hour - time.Microsecond, 123456 * time.Microsecond,
			24 * time.Hour, 12*time.Hour + time.Nanosecond, 24*time.Hour - time.Nanosecond,
		}},
		{of(source.Datetime), []any{
			nil, date(2024, 2, 29), date(1970, 1, 1), moment(2024, 10, 27, 2, 30, 0, 123456), moment(1, 1, 1, 0, 0, 0, 0),
			moment(9999, 12, 31, 23, 59, 59, 999999), moment(2024, 2, 29, 12, 30, 45, 0).Add(time.Nanosecond),
			moment(9999, 12, 31, 23, 59, 59, 999999).Add(999 * time.Nanosecond),
		}},
		{of(source.Timestamp), []any{
			nil, moment(2024, 2, 29, 12, 30, 45, 123456), moment(1970, 1, 1, 0, 0, 0, 0), moment(2039, 1, 1, 0, 0, 0, 0),
			moment(1900, 1, 1, 0, 0, 0, 1),
			time.Date(2024, 10, 27, 2, 30, 0, 0, time.FixedZone("", 2*60*60)),
			time.Date(2024, 10, 27, 2, 30, 0, 0, time.FixedZone("", 5*60*60+30*60)),
			time.Date(2024, 10, 27, 2, 30, 0, 0, time.FixedZone("", -(9*60*60+30*60))),
			moment(2024, 2, 29, 12, 30, 45, 0).Add(time.Nanosecond),
		}},
		{of(source.Binary), []any{nil, []byte{}, []byte{0}, []byte{0xff, 0xfe, 0, 10, 13}, []byte("text"), every()}},
		{of(source.JSON), []any{
			nil, json.RawMessage(`{"a": [1, 2.50, null], "ä": "\u00e4\n"}`), json.RawMessage(`[]`), json.RawMessage(`"text"`),
			json.RawMessage(`12345678901234567890.12`), json.RawMessage(`true`), json.RawMessage(`null`),
			json.RawMessage(`"5"`), json.RawMessage(`-0`), json.RawMessage(`1e400`), json.RawMessage(`"a\u0000b"`),
			json.RawMessage("\"\u2028\""),
		}},
		{of(source.UUID), []any{nil, uuid.MustParse("f47ac10b-58cc-0372-8567-0e02b2c3d479"), uuid.Nil, uuid.Max}},
		{listOf(source.Text), []any{
			nil, []any{}, []any{nil}, []any{"", "a,b", `"`, `\`, nil, "NULL", "{}", "ä"}, []any{[]any{"a", "b"}, []any{"c", nil}},
		}},
		{listOf(source.Integer), []any{
			nil,
			[]any{},
			[]any{int64(1), nil, int64(math.MaxInt64)},
			[]any{[]any{[]any{int64(1)}, []any{int64(2)}}, []any{[]any{nil}, []any{int64(math.MinInt64)}}},
			[]any{[]any{int64(1)}, nil, []any{}},
		}},
		{listOf(source.Decimal), []any{
			nil,
			[]any{source.Number("1.50"), nil, source.Number("12345678901234567890.123456789"), source.Number("-0.01")},
			[]any{source.Number("99999999999999999999999999999999999999")},
		}},
		{listOf(source.Float), []any{
			nil,
			[]any{0.1, nil, -1.5, 1e-300, math.MaxFloat64},
			[]any{math.NaN(), math.Inf(1), math.Inf(-1)},
			[]any{math.Copysign(0, -1)},
		}},
		{listOf(source.Boolean), []any{nil, []any{true, nil, false}}},
		{listOf(source.Date), []any{nil, []any{date(2024, 2, 29), nil, date(1, 1, 1), date(9999, 12, 31)}}},
		{listOf(source.Time), []any{
			nil, []any{time.Duration(0), nil, 123456 * time.Microsecond, 24 * time.Hour}, []any{time.Nanosecond},
		}},
		{listOf(source.Datetime), []any{
			nil,
			[]any{date(2024, 2, 29), nil, moment(9999, 12, 31, 23, 59, 59, 999999)},
			[]any{date(2024, 2, 29).Add(time.Nanosecond)},
		}},
		{listOf(source.Timestamp), []any{
			nil, []any{
				moment(2024, 2, 29, 12, 30, 45, 123456), nil, time.Date(2024, 10, 27, 2, 30, 0, 0, time.FixedZone("", 2*60*60)),
			},
		}},
		{listOf(source.Binary), []any{nil, []any{[]byte{}, nil, every()}}},
		{listOf(source.JSON), []any{
			nil, []any{json.RawMessage(`{"a":[1,2.50,null]}`), nil, json.RawMessage(`"text"`), json.RawMessage(`[]`)},
		}},
		{listOf(source.UUID), []any{nil, []any{uuid.MustParse("f47ac10b-58cc-0372-8567-0e02b2c3d479"), nil, uuid.Max}}},
	}
}

func of(t source.Type) source.Standard { return source.Standard{Type: t} }

func listOf(element source.Type) source.Standard {
	return source.Standard{Type: source.Array, Element: element}
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func moment(year int, month time.Month, day, hour, minute, second, microsecond int) time.Time {
	return time.Date(year, month, day, hour, minute, second, microsecond*1_000, time.UTC)
}

// every returns all values of a byte.
func every() []byte {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}

	return all
}

// Equal reports whether two values of a type are equal. Trailing zeros of decimals and the layout of JSON make no difference;
// the offset of a timestamp and the sign of 0 do.
func Equal(of source.Standard, a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}

	switch of.Type { //nolint:exhaustive // Values of the other types are compared with ==.
	case source.Timestamp, source.Datetime, source.Date:
		return same(a, b, func(a, b time.Time) bool { return a.Equal(b) && offset(a) == offset(b) })
	case source.Decimal:
		return same(a, b, func(a, b source.Number) bool { return a.WithoutZeros() == b.WithoutZeros() })
	case source.JSON:
		return same(a, b, func(a, b json.RawMessage) bool { return compact(a) == compact(b) })
	case source.Float:
		return same(a, b, func(a, b float64) bool {
			return math.IsNaN(a) && math.IsNaN(b) || a == b && math.Signbit(a) == math.Signbit(b)
		})
	case source.Binary:
		return same(a, b, bytes.Equal)
	case source.Array:
		return same(a, b, func(a, b []any) bool {
			if len(a) != len(b) {
				return false
			}

			for i := range a {
				if !Equal(of.ElementOf(a[i]), a[i], b[i]) {
					return false
				}
			}

			return true
		})
	}

	return a == b
}

// same reports whether two values have the Go type T and are equal.
func same[T any](a, b any, equal func(a, b T) bool) bool {
	first, isT := a.(T)
	second, isToo := b.(T)

	return isT && isToo && equal(first, second)
}

func offset(moment time.Time) int {
	_, seconds := moment.Zone()

	return seconds
}

// InUTC returns the value, or the values in a list, as a source returns them that stores timestamps without their offsets.
func InUTC(of source.Standard, value any) any {
	switch v := value.(type) {
	case time.Time:
		return v.UTC()
	case []any:
		inner := make([]any, len(v))
		for i, value := range v {
			inner[i] = InUTC(of, value)
		}

		return inner
	}

	return value
}

// UnsignedZero returns the value as a source returns it that stores -0 as 0.
func UnsignedZero(_ source.Standard, value any) any {
	if value == 0.0 {
		return 0.0
	}

	return value
}

// NullAsNULL returns the value as JSON files return it, which can't distinguish the JSON value null from NULL.
func NullAsNULL(_ source.Standard, value any) any {
	if raw, isJSON := value.(json.RawMessage); isJSON && string(raw) == "null" {
		return nil
	}

	return value
}

// IsFine reports whether a value, or a value in a list, is a time with digits finer than a microsecond.
func IsFine(value any) bool {
	switch v := value.(type) {
	case time.Duration:
		return v%time.Microsecond != 0
	case time.Time:
		return v.Nanosecond()%int(time.Microsecond) != 0
	case []any:
		return slices.ContainsFunc(v, IsFine)
	}

	return false
}

// IsNested reports whether a value is a list that contains a list.
func IsNested(value any) bool {
	list, _ := value.([]any)

	return slices.ContainsFunc(list, func(value any) bool {
		_, isList := value.([]any)

		return isList
	})
}

// compact returns JSON in a canonical layout and order of fields, with all digits of its numbers.
func compact(raw json.RawMessage) string {
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()

	var value any
	if err := decoder.Decode(&value); err != nil {
		return string(raw)
	}

	encoded, err := json.Marshal(value)
	if err != nil {
		return string(raw)
	}

	return string(encoded)
}
