package source

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Vector contains the values of one column of a [Batch]. Values that have no Go type with a fixed size are in Bytes, so that a
// batch needs no allocation for each value. The type of the column determines which of the slices contains the values:
//
//	Ints    integer; date, as days since 1970; time, as nanoseconds since midnight
//	Floats  float
//	Bools   boolean
//	Times   datetime, timestamp
//	Bytes   text, decimal, binary and json; uuid, in 16 bytes; Ends has the end of each value
//	Values  array
//
// A slice has an element for each record, also for NULL; that element has no meaning, except that a NULL in Bytes is empty.
type Vector struct {
	Type Type

	Nulls []bool // Whether a value is NULL; nil if none is.

	Ints   []int64
	Floats []float64
	Bools  []bool
	Times  []time.Time
	Bytes  []byte
	Ends   []int
	Values []any

	nulls []bool // Memory for Nulls.
}

// secondsOfDay is the number of seconds of a day in UTC.
const secondsOfDay = 24 * 60 * 60

// IsNull reports whether the i-th value is NULL.
func (v *Vector) IsNull(i int) bool { return len(v.Nulls) > 0 && v.Nulls[i] }

// At returns the i-th value of a vector whose values are in Bytes. The value is valid as long as the vector is unchanged.
func (v *Vector) At(i int) []byte {
	if i == 0 {
		return v.Bytes[:v.Ends[0]]
	}

	return v.Bytes[v.Ends[i-1]:v.Ends[i]]
}

// Len returns the number of values.
func (v *Vector) Len() int {
	return max(len(v.Ints), len(v.Floats), len(v.Bools), len(v.Times), len(v.Ends), len(v.Values))
}

// Value returns the i-th value in the Go type that its [Type] documents, or nil for NULL. It does not refer to the memory of
// the vector.
func (v *Vector) Value(i int) any {
	if v.IsNull(i) {
		return nil
	}

	switch v.Type {
	case Integer:
		return v.Ints[i]
	case Date:
		return time.Unix(v.Ints[i]*secondsOfDay, 0).UTC()
	case Time:
		return time.Duration(v.Ints[i])
	case Float:
		return v.Floats[i]
	case Boolean:
		return v.Bools[i]
	case Datetime, Timestamp:
		return v.Times[i]
	case Text:
		return string(v.At(i))
	case Decimal:
		return Number(v.At(i))
	case Binary:
		return append([]byte{}, v.At(i)...)
	case JSON:
		return json.RawMessage(append([]byte{}, v.At(i)...))
	case UUID:
		return uuid.UUID(v.At(i))
	case Array:
	}

	return v.Values[i]
}

// AppendText appends the i-th value, which is not NULL, to a text, like the function [AppendText]. of is the type of the column.
func (v *Vector) AppendText(dst []byte, of Standard, i int) ([]byte, error) {
	switch v.Type {
	case Integer:
		return strconv.AppendInt(dst, v.Ints[i], 10), nil
	case Float:
		return appendFloat(dst, v.Floats[i]), nil
	case Boolean:
		return strconv.AppendBool(dst, v.Bools[i]), nil
	case Text, Decimal, JSON:
		return append(dst, v.At(i)...), nil
	case Binary:
		return base64.StdEncoding.AppendEncode(dst, v.At(i)), nil
	case Date:
		return appendDate(dst, v.Ints[i])
	case Time:
		return appendClock(dst, time.Duration(v.Ints[i]))
	case Datetime, Timestamp:
		return appendTime(dst, v.Type, v.Times[i])
	case UUID, Array:
	}

	return AppendText(dst, of, v.Value(i))
}

// Append appends a value, nil for NULL. A value of another Go type than that of the vector's type is an error.
func (v *Vector) Append(value any) error {
	if value == nil {
		v.AppendNull()

		return nil
	}

	if !v.appendValue(value) {
		return fmt.Errorf("a %T is not a value of type %s", value, v.Type)
	}

	if v.Nulls != nil {
		v.Nulls = append(v.Nulls, false)
	}

	return nil
}

// appendValue appends a value that is not NULL, or returns false if it does not match the vector's type.
func (v *Vector) appendValue(value any) bool {
	switch value := value.(type) {
	case int64:
		return appendIf(v.Type == Integer, &v.Ints, value)
	case float64:
		return appendIf(v.Type == Float, &v.Floats, value)
	case bool:
		return appendIf(v.Type == Boolean, &v.Bools, value)
	case time.Duration:
		return appendIf(v.Type == Time, &v.Ints, int64(value))
	case time.Time:
		if v.Type == Date {
			isDay := value.Unix()%secondsOfDay == 0 && value.Nanosecond() == 0

			return appendIf(isDay, &v.Ints, value.Unix()/secondsOfDay)
		}

		return appendIf(v.Type == Datetime || v.Type == Timestamp, &v.Times, value)
	case string:
		return appendBytesIf(v.Type == Text, v, value)
	case Number:
		return appendBytesIf(v.Type == Decimal, v, value)
	case []byte:
		return appendBytesIf(v.Type == Binary, v, value)
	case json.RawMessage:
		return appendBytesIf(v.Type == JSON, v, value)
	case uuid.UUID:
		return appendBytesIf(v.Type == UUID, v, value[:])
	case []any:
		return appendIf(v.Type == Array, &v.Values, any(value))
	}

	return false
}

func appendIf[T any](matches bool, to *[]T, value T) bool {
	if matches {
		*to = append(*to, value)
	}

	return matches
}

func appendBytesIf[T ~string | ~[]byte](matches bool, to *Vector, value T) bool {
	if matches {
		to.Bytes = append(to.Bytes, value...)
		to.Ends = append(to.Ends, len(to.Bytes))
	}

	return matches
}

// AppendNull appends NULL.
func (v *Vector) AppendNull() {
	if v.Nulls == nil {
		v.Nulls = slices.Grow(v.nulls[:0], max(v.Len()+1, BatchRecords))
	}

	v.extendNulls()
	v.Nulls = append(v.Nulls, true)

	switch v.Type {
	case Integer, Date, Time:
		v.Ints = append(v.Ints, 0)
	case Float:
		v.Floats = append(v.Floats, 0)
	case Boolean:
		v.Bools = append(v.Bools, false)
	case Datetime, Timestamp:
		v.Times = append(v.Times, time.Time{})
	case Text, Decimal, Binary, JSON, UUID:
		v.Ends = append(v.Ends, len(v.Bytes))
	case Array:
		v.Values = append(v.Values, nil)
	}
}

// Extended is called after values other than NULL have been appended to the slice of the type, without Append.
func (v *Vector) Extended() {
	if v.Nulls != nil {
		v.extendNulls()
	}
}

// extendNulls gives Nulls an element for each value.
func (v *Vector) extendNulls() {
	begin := len(v.Nulls)
	v.Nulls = slices.Grow(v.Nulls, v.Len()-begin)[:v.Len()]
	clear(v.Nulls[begin:])
}

// Reset removes all values. The memory is used again.
func (v *Vector) Reset() {
	clear(v.Values) // Release the memory of their elements.

	if v.Nulls != nil {
		v.Nulls, v.nulls = nil, v.Nulls
	}

	v.Ints, v.Floats, v.Bools, v.Times = v.Ints[:0], v.Floats[:0], v.Bools[:0], v.Times[:0]
	v.Bytes, v.Ends, v.Values = v.Bytes[:0], v.Ends[:0], v.Values[:0]
}

// truncate removes all values but the first.
func (v *Vector) truncate(length int) {
	if v.Len() <= length {
		return
	}

	if v.Nulls != nil {
		v.Nulls = v.Nulls[:length]
	}

	v.Ints, v.Floats = first(v.Ints, length), first(v.Floats, length)
	v.Bools, v.Times = first(v.Bools, length), first(v.Times, length)
	v.Ends, v.Values, v.Bytes = first(v.Ends, length), first(v.Values, length), v.Bytes[:0]

	if len(v.Ends) > 0 {
		v.Bytes = v.Bytes[:v.Ends[length-1]]
	}
}

// first returns the first values, of which there may be none.
func first[T any](values []T, length int) []T { return values[:min(length, len(values))] }

// Size returns the size of the values in bytes, as [Record.Size] counts it.
func (v *Vector) Size() int64 {
	size := int64(len(v.Bytes))

	nulls := 0
	for _, isNull := range v.Nulls {
		if isNull {
			nulls++
		}
	}

	switch v.Type {
	case Text, Decimal, Binary, JSON, UUID:
	case Boolean:
		size += int64(len(v.Bools) - nulls)
	case Array:
		size += Record(v.Values).Size()
	case Integer, Float, Date, Time, Datetime, Timestamp:
		size += 8 * int64(v.Len()-nulls)
	}

	return size
}
