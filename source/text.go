package source

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// The layouts of times as text. Those of a [Timestamp] and a [Date] are [time.RFC3339Nano] and [time.DateOnly].
const (
	datetimeLayout = "2006-01-02T15:04:05.999999999"
	timeLayout     = "15:04:05.999999999"
)

// AppendText appends value in the text form of its type, which results and text files share: 42, 1.50, 1.5e3, true,
// 2006-01-02, 15:04:05.5, 2006-01-02T15:04:05, 2006-01-02T15:04:05+01:00, base64 for binary, and JSON for json and arrays.
// NULL, and a value that is not of the type, is an error.
func AppendText(dst []byte, of Standard, value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		return append(dst, v...), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case Number:
		return append(dst, v...), nil
	case float64:
		return appendFloat(dst, v), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case time.Time:
		return appendTime(dst, of.Type, v)
	case time.Duration:
		return appendClock(dst, v)
	case []byte:
		return base64.StdEncoding.AppendEncode(dst, v), nil
	case json.RawMessage:
		return append(dst, v...), nil
	case uuid.UUID:
		return append(dst, v.String()...), nil
	case []any:
		return AppendJSON(dst, of, v)
	}

	return nil, fmt.Errorf("a %T is not a value of type %s", value, of)
}

// appendFloat appends a float, or NaN, Infinity or -Infinity.
func appendFloat(dst []byte, value float64) []byte {
	switch {
	case math.IsNaN(value):
		return append(dst, "NaN"...)
	case math.IsInf(value, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(value, -1):
		return append(dst, "-Infinity"...)
	}

	if dst, isShort := appendShortFloat(dst, value); isShort {
		return dst
	}

	return strconv.AppendFloat(dst, value, 'g', -1, 64)
}

// appendShortFloat appends a float with at most four digits after the point, such as a price, and fewer than seven before it, in
// the form of [strconv.AppendFloat], and takes a third of the time. A decimal of up to 15 digits that is rounded to the float is
// its shortest form, because no other decimal of up to 15 digits is rounded to it.
func appendShortFloat(dst []byte, value float64) ([]byte, bool) {
	const (
		digits = 4
		scale  = 1e4 // 10 to the power of digits.
		end    = 1e6 // The smallest number with an exponent.
	)

	size := math.Abs(value)
	if !(size >= 1/scale && size < end) {
		return dst, false
	}

	scaled := uint64(size*scale + 0.5)
	if float64(scaled)/scale != size { // The division is rounded as a parser rounds.
		return dst, false
	}

	if value < 0 {
		dst = append(dst, '-')
	}

	dst = strconv.AppendUint(dst, scaled/scale, 10)

	fraction := scaled % scale
	if fraction == 0 {
		return dst, true
	}

	var text [1 + digits]byte

	text[0] = '.'
	for i := digits; i > 0; i-- {
		text[i] = byte('0' + fraction%10)
		fraction /= 10
	}

	length := len(text)
	for text[length-1] == '0' {
		length--
	}

	return append(dst, text[:length]...), true
}

// appendTime appends a date, a datetime or a timestamp. Years of more than four digits have no text form in RFC 3339.
func appendTime(dst []byte, t Type, value time.Time) ([]byte, error) {
	if year := value.Year(); year < 0 || year > 9999 {
		return nil, fmt.Errorf("the year %d has no text form; the first year is 0 and the last is 9999", year)
	}

	layout := time.RFC3339Nano

	switch t { //nolint:exhaustive // The types with a date.
	case Date: // Package time formats RFC 3339 fastest.
		return value.AppendFormat(dst, time.RFC3339)[:len(dst)+len(time.DateOnly)], nil
	case Datetime:
		if value.Location() == time.UTC {
			dst = value.AppendFormat(dst, time.RFC3339Nano)

			return dst[:len(dst)-len("Z")], nil
		}

		layout = datetimeLayout
	default:
		if _, offset := value.Zone(); offset%60 != 0 { // Local times before about 1900; RFC 3339 has no seconds in offsets.
			value = value.UTC()
		}
	}

	return value.AppendFormat(dst, layout), nil
}

// appendClock appends a time of day from 00:00:00 to 24:00:00.
func appendClock(dst []byte, value time.Duration) ([]byte, error) {
	switch {
	case value < 0 || value > 24*time.Hour:
		return nil, fmt.Errorf("%s after midnight is not a time of day", value)
	case value == 24*time.Hour:
		return append(dst, "24:00:00"...), nil
	}

	return time.Time{}.Add(value).AppendFormat(dst, timeLayout), nil
}

// ParseText parses text as a value of that type, in the forms of [AppendText] and of SQL's literals: a space for the T in a
// time, +01 for +01:00. Empty text is NULL, except for [Text] and [Binary], which have empty values.
func ParseText(of Standard, text string) (any, error) {
	switch {
	case of.Type == Text:
		return text, nil
	case text == "" && of.Type == Binary:
		return []byte{}, nil
	case text == "":
		return nil, nil //nolint:nilnil // nil is a record's NULL.
	}

	value, err := parseText(of, text)
	if err != nil {
		if reason := new(reasonError); errors.As(err, &reason) {
			return nil, fmt.Errorf("%s is not a value of type %s: %w", Quote(text), of, err)
		}

		return nil, fmt.Errorf("%s is not a value of type %s", Quote(text), of)
	}

	return value, nil
}

// reasonError is an error whose message ParseText includes.
type reasonError struct{ text string }

func (e *reasonError) Error() string { return e.text }

// Shorten returns the first limit characters of a text and an ellipsis, or the text itself if it has no more characters.
func Shorten[T string | []byte](text T, limit int) string {
	beginning := string(text[:min(len(text), (limit+1)*utf8.UTFMax)])

	for i := range beginning {
		if limit == 0 {
			return beginning[:i] + "…"
		}

		limit--
	}

	return beginning
}

// Quote returns a value in quotes for an error message, shortened to 100 characters.
func Quote[T string | []byte](text T) string { return strconv.Quote(Shorten(text, 100)) }

// parseText parses text that is not empty.
func parseText(of Standard, text string) (any, error) {
	switch of.Type {
	case Integer:
		return strconv.ParseInt(text, 10, 64)
	case Decimal:
		return parseDecimal(of, text)
	case Float:
		return parseFloat(text)
	case Boolean:
		return parseBoolean(text)
	case Date:
		return time.Parse(time.RFC3339, text+"T00:00:00Z") // Package time parses RFC 3339 fastest.
	case Time:
		return parseClock(text)
	case Datetime:
		return parseTime(text, datetimeLayout, "2006-01-02 15:04:05.999999999")
	case Timestamp:
		return parseTime(text, time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07",
			"2006-01-02T15:04:05.999999999Z07")
	case Binary:
		return base64.StdEncoding.DecodeString(text)
	case JSON:
		return parseJSON(text)
	case UUID:
		return uuid.Parse(text)
	case Array:
		return parseArray(of, text)
	case Text:
	}

	return text, nil
}

func parseDecimal(of Standard, text string) (any, error) {
	number, err := ParseNumber(text)
	if err == nil && !number.Fits(of.Precision, of.Scale) {
		err = &reasonError{fmt.Sprintf("it has more than %d digits before the point, or more than %d after it",
			of.Precision-of.Scale, of.Scale)}
	}

	return number, err
}

// parseFloat parses a float, but not in Go's hexadecimal form, which other programs do not use. A number that is rounded to
// zero is an error, like a number that is out of range.
func parseFloat(text string) (any, error) {
	if strings.ContainsAny(text, "xX") {
		return nil, strconv.ErrSyntax
	}

	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, err
	}

	if number != 0 {
		return number, nil
	}

	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	if strings.ContainsAny(mantissa, "123456789") {
		return nil, &reasonError{"it is so close to zero that a float rounds it to zero"}
	}

	return number, nil
}

func parseBoolean(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}

	return false, strconv.ErrSyntax
}

func parseClock(text string) (any, error) {
	if text == "24:00:00" {
		return 24 * time.Hour, nil
	}

	clock, err := parseTime(text, timeLayout)
	if err != nil {
		return nil, err
	}

	return clock.Sub(clock.Truncate(24 * time.Hour)), nil
}

func parseTime(text string, layouts ...string) (parsed time.Time, err error) {
	for _, layout := range layouts {
		if parsed, err = time.Parse(layout, text); err == nil {
			return parsed, checkFraction(text)
		}
	}

	return parsed, err
}

// checkFraction returns an error for a valid time with digits finer than nanoseconds, which time.Parse truncates.
func checkFraction(text string) error {
	_, fraction, _ := strings.Cut(text, ".")
	if _, rest, found := strings.Cut(text, ","); found { // time.Parse accepts a comma as the point.
		fraction = rest
	}

	for i := 0; i < len(fraction) && '0' <= fraction[i] && fraction[i] <= '9'; i++ {
		if i >= len("999999999") && fraction[i] != '0' {
			return &reasonError{"it has digits finer than a nanosecond"}
		}
	}

	return nil
}

func parseJSON(text string) (any, error) {
	if !utf8.ValidString(text) || !json.Valid([]byte(text)) {
		return nil, strconv.ErrSyntax
	}

	return json.RawMessage(text), nil
}

func parseArray(of Standard, text string) (any, error) {
	value, err := FromJSON(of, json.RawMessage(text))
	if err != nil {
		return nil, &reasonError{err.Error()}
	}

	return value, nil
}
