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

// Layouts of times as text, beside [time.RFC3339Nano] for a [Timestamp] and [time.DateOnly] for a [Date].
const (
	datetimeLayout = "2006-01-02T15:04:05.999999999"
	timeLayout     = "15:04:05.999999999"
)

// AppendText appends value as text, in the form in which results and text files show its type: 42, 1.50, 1.5e3, true,
// 2006-01-02, 15:04:05.5, 2006-01-02T15:04:05, 2006-01-02T15:04:05+01:00, base64 for binary, and JSON for json and arrays.
// The error is for what is no value of the type, NULL among it.
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

	return nil, fmt.Errorf("a %T is no value of type %s", value, of)
}

// appendFloat writes a float; NaN, Infinity and -Infinity are those words.
func appendFloat(dst []byte, value float64) []byte {
	switch {
	case math.IsNaN(value):
		return append(dst, "NaN"...)
	case math.IsInf(value, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(value, -1):
		return append(dst, "-Infinity"...)
	}

	return strconv.AppendFloat(dst, value, 'g', -1, 64)
}

// appendTime writes a date or a time with one. RFC 3339 has no years beyond these four digits, and so has no text here.
func appendTime(dst []byte, t Type, value time.Time) ([]byte, error) {
	if year := value.Year(); year < 0 || year > 9999 {
		return nil, fmt.Errorf("the year %d has no form as text; only years from 0 to 9999 have", year)
	}

	layout := time.RFC3339Nano

	switch t { //nolint:exhaustive // Of those with a date.
	case Date: // The layout that the library is fastest with.
		return value.AppendFormat(dst, time.RFC3339)[:len(dst)+len(time.DateOnly)], nil
	case Datetime:
		layout = datetimeLayout
	default:
		if _, offset := value.Zone(); offset%60 != 0 { // Local times of long ago; the form has minutes alone.
			value = value.UTC()
		}
	}

	return value.AppendFormat(dst, layout), nil
}

// appendClock writes a time of day; 24:00:00 is one too.
func appendClock(dst []byte, value time.Duration) ([]byte, error) {
	switch {
	case value < 0 || value > 24*time.Hour:
		return nil, fmt.Errorf("%s after midnight is no time of day", value)
	case value == 24*time.Hour:
		return append(dst, "24:00:00"...), nil
	}

	return time.Time{}.Add(value).AppendFormat(dst, timeLayout), nil
}

// ParseText reads text as a value of that type, in the forms that [AppendText] writes, and those of SQL's literals: a
// space for the T within a time, +01 for +01:00. Empty text is NULL in every type but [Text] and [Binary], which have empty
// values.
func ParseText(of Standard, text string) (any, error) {
	switch {
	case of.Type == Text:
		return text, nil
	case text == "" && of.Type == Binary:
		return []byte{}, nil
	case text == "":
		return nil, nil //nolint:nilnil // NULL is a value, and nil is how a record holds it.
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

// reasonError is a reason that is worth telling.
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
		return time.Parse(time.RFC3339, text+"T00:00:00Z") // The layout that the library is fastest with.
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
	case Text: // It is read as it is.
	}

	return text, nil
}

func parseDecimal(of Standard, text string) (any, error) {
	number, err := ParseNumber(text)
	if err == nil && !number.Fits(of.Precision, of.Scale) {
		err = &reasonError{fmt.Sprintf("it has more than %d digits before the point, or more than %d behind it",
			of.Precision-of.Scale, of.Scale)}
	}

	return number, err
}

// parseFloat leaves Go's hexadecimal form alone, which is no number elsewhere. A number that would become another one, zero, is
// an error as one that would become infinite is.
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
		return nil, &reasonError{"it is so close to zero that it would become zero"}
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
			return parsed, finest(text)
		}
	}

	return parsed, err
}

// finest refuses what is finer than nanoseconds, which the library cuts off. Text is a time that it has read.
func finest(text string) error {
	_, fraction, _ := strings.Cut(text, ".")
	if _, rest, found := strings.Cut(text, ","); found { // The library takes it for a point.
		fraction = rest
	}

	for i := 0; i < len(fraction) && '0' <= fraction[i] && fraction[i] <= '9'; i++ {
		if i >= len("999999999") && fraction[i] != '0' {
			return &reasonError{"it is finer than nanoseconds"}
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
