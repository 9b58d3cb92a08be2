package jsonvalue

import (
	"encoding/json"
	"strings"
)

// Decimal is an exact decimal number in its canonical text form, for example 12.50. Trailing zeros are significant.
type Decimal struct{ text string }

// exponentOfDecimals marks a number as a decimal in the JSON of values. [strconv.FormatFloat] writes no such exponent.
const exponentOfDecimals = "E0"

// ParseDecimal returns the decimal with that canonical text: digits with an optional - and an optional point between digits,
// without leading zeros before other digits.
func ParseDecimal(text string) (Decimal, bool) {
	whole, fraction, hasPoint := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if whole == "" || hasPoint && fraction == "" || len(whole) > 1 && whole[0] == '0' {
		return Decimal{}, false
	}

	return Decimal{text}, strings.Trim(whole+fraction, "0123456789") == ""
}

// String returns the canonical text.
func (d Decimal) String() string { return d.text }

// MarshalJSON writes a JSON number with all digits.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(d.text), nil }

// AppendDecimal appends the canonical text of a decimal as the number that [Decode] reads as a decimal.
func AppendDecimal(line []byte, text string) []byte {
	return append(append(line, text...), exponentOfDecimals...)
}

// Plain is a value in JSON for other programs, in which decimals are ordinary numbers.
type Plain struct{ Any any }

// MarshalJSON writes floats with a fraction or an exponent, and decimals with all their digits.
func (p Plain) MarshalJSON() ([]byte, error) {
	return json.Marshal(written(p.Any, func(d Decimal) json.Number { return json.Number(d.text) }))
}
