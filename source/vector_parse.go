package source

import (
	"math"
	"time"

	"github.com/google/uuid"
)

// Parse appends the value of a text, as a column's parser parses it ([Parser.Parse]); most values in the notation of [ParseText]
// need no allocation. of is the type of the column. If the text is not a value of the type, nothing is appended.
func (v *Vector) Parse(of Standard, by *Parser, text string) error {
	if by == nil && v.parse(of, text) {
		v.Extended()

		return nil
	}

	value, err := by.Parse(of, text)
	if err != nil {
		return err
	}

	return v.Append(value)
}

// parse appends the value of a text in one of the usual forms, all of which [ParseText] accepts too. It returns false for all
// other texts, and for those that are NULL.
func (v *Vector) parse(of Standard, text string) bool {
	switch of.Type {
	case Text:
		return appendBytesIf(true, v, text)
	case Integer:
		value, ok := wholeNumber(text)

		return appendIf(ok, &v.Ints, value)
	case Decimal:
		return isNumber(text) && Number(text).Fits(of.Precision, of.Scale) && appendBytesIf(true, v, text)
	case Float:
		value, ok := shortFloat(text)

		return appendIf(ok, &v.Floats, value)
	case Boolean:
		return appendIf(text == "true" || text == "false", &v.Bools, text == "true")
	case Date:
		day, ok := dayOf(text)

		return appendIf(ok, &v.Ints, day)
	case Datetime, Timestamp:
		moment, ok := momentOf(of.Type, text)

		return appendIf(ok, &v.Times, moment)
	case UUID:
		value, err := uuid.Parse(text)

		return err == nil && appendBytesIf(true, v, string(value[:]))
	case Time, Binary, JSON, Array:
	}

	return false
}

// wholeNumber returns the value of up to 18 digits with an optional minus, which 64 bits represent in any case.
func wholeNumber(text string) (int64, bool) {
	digits, negative := text, false
	if text != "" && text[0] == '-' {
		digits, negative = text[1:], true
	}

	if digits == "" || len(digits) > 18 {
		return 0, false
	}

	value := int64(0)

	for i := range len(digits) {
		digit := digits[i] - '0'
		if digit > 9 {
			return 0, false
		}

		value = 10*value + int64(digit)
	}

	if negative {
		value = -value
	}

	return value, true
}

// powers are the powers of ten up to the number of digits of a short float.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// shortFloat returns the value of up to 15 digits with an optional minus and a point between digits. The float that the digits
// without the point form, and the power of ten, are exact, so their quotient is rounded as correctly as by strconv.ParseFloat.
func shortFloat(text string) (float64, bool) {
	digits, negative := text, false
	if text != "" && text[0] == '-' {
		digits, negative = text[1:], true
	}

	if digits == "" || len(digits) > 16 {
		return 0, false
	}

	value, point := int64(0), -1

	for i := range len(digits) {
		digit := digits[i] - '0'

		switch {
		case digit <= 9:
			value = 10*value + int64(digit)
		case digits[i] == '.' && point < 0 && i > 0 && i < len(digits)-1:
			point = i
		default:
			return 0, false
		}
	}

	float := float64(value)

	switch {
	case point < 0 && len(digits) == 16:
		return 0, false
	case point >= 0:
		float /= powers[len(digits)-1-point]
	}

	if negative {
		float = math.Copysign(float, -1)
	}

	return float, true
}

// two returns the number of two digits at the beginning of text, or a number above 99.
func two(text string) int {
	tens, ones := text[0]-'0', text[1]-'0'
	if tens > 9 || ones > 9 {
		return math.MaxInt
	}

	return 10*int(tens) + int(ones)
}

// dayOf returns the day of a date in the form 2006-01-02, in days since 1970.
func dayOf(text string) (int64, bool) {
	if len(text) != len(time.DateOnly) || text[4] != '-' || text[7] != '-' {
		return 0, false
	}

	century, rest, month, day := two(text), two(text[2:]), two(text[5:]), two(text[8:])
	if century > 99 || rest > 99 || month < 1 || month > 12 || day < 1 {
		return 0, false
	}

	year := 100*century + rest
	if day > lastDay(year, month) {
		return 0, false
	}

	// Years that begin in March have their leap day at their end, and periods of 400 years have 146,097 days.
	march := (month + 9) % 12
	if month <= 2 {
		year--
	}

	year += 400 // Only the year 0 can be negative now; the offset makes all divisions those of positive numbers.
	days := 365*year + year/4 - year/100 + year/400 + (153*march+2)/5 + day - 1

	return int64(days) - 146_097 - 719_468, true
}

// lastDay returns the number of days of a month.
func lastDay(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	}

	return 31
}

// momentOf returns the time of a datetime in the form 2006-01-02T15:04:05, or of a timestamp in the form 2006-01-02T15:04:05Z.
// There may be a space instead of the T.
func momentOf(of Type, text string) (moment time.Time, ok bool) {
	const size = len("2006-01-02T15:04:05")

	if of == Timestamp {
		if len(text) != size+1 || text[size] != 'Z' {
			return moment, false
		}

		text = text[:size]
	}

	if len(text) != size || text[10] != 'T' && text[10] != ' ' || text[13] != ':' || text[16] != ':' {
		return moment, false
	}

	day, ok := dayOf(text[:10])
	hour, minute, second := two(text[11:]), two(text[14:]), two(text[17:])

	if !ok || hour > 23 || minute > 59 || second > 59 {
		return moment, false
	}

	return time.Unix(secondsOfDay*day+int64(3600*hour+60*minute+second), 0).UTC(), true
}
