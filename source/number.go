package source

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Number is an exact decimal number in its canonical text form, for example "-12.50". It has any number of digits, a point
// only between digits, no exponent and no leading zeros before other digits. Trailing zeros are significant, as in SQL.
type Number string

// ParseNumber parses a decimal number in the forms of SQL's literals, which include +1, .5, 1., 1.50 and 1.5e-3.
func ParseNumber(text string) (Number, error) {
	if isNumber(text) { // Most texts are, and need no second string.
		return Number(text), nil
	}

	rest, negative := text, false

	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		negative = rest[0] == '-'
		rest = rest[1:]
	}

	mantissa, exponent, hasExponent := cutExponent(rest)

	whole, fraction, _ := strings.Cut(mantissa, ".")
	if (whole == "" && fraction == "") || !areDigits(whole) || !areDigits(fraction) {
		return "", fmt.Errorf("%q is not a decimal number", text)
	}

	if hasExponent {
		shift, err := parseExponent(exponent)
		if err != nil {
			return "", fmt.Errorf("%q is not a decimal number: %w", text, err)
		}

		whole, fraction = shifted(whole, fraction, shift)
	}

	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}

	number := whole
	if fraction != "" {
		number += "." + fraction
	}

	if negative && strings.Trim(number, "0.") != "" {
		number = "-" + number
	}

	return Number(number), nil
}

// isNumber reports whether text is a [Number] already. It returns false for numbers between -1 and 0 too, which may be -0.
func isNumber(text string) bool {
	whole, fraction, hasPoint := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if whole == "" || (hasPoint && fraction == "") || (whole[0] == '0' && (len(whole) > 1 || text[0] == '-')) {
		return false
	}

	return areDigits(whole) && areDigits(fraction)
}

// maxExponent limits the number of digits that an exponent adds.
const maxExponent = 10_000

// cutExponent splits text at the letter of its exponent, and reports whether it has one.
func cutExponent(text string) (mantissa, exponent string, found bool) {
	at := strings.IndexAny(text, "eE")
	if at < 0 {
		return text, "", false
	}

	return text[:at], text[at+1:], true
}

func parseExponent(text string) (int, error) {
	digits, negative := text, false

	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		negative = digits[0] == '-'
		digits = digits[1:]
	}

	if digits == "" || !areDigits(digits) {
		return 0, fmt.Errorf("%q is not an exponent", text)
	}

	value := 0
	for _, digit := range digits {
		if value = 10*value + int(digit-'0'); value > maxExponent {
			return 0, fmt.Errorf("the exponent exceeds %d", maxExponent)
		}
	}

	if negative {
		value = -value
	}

	return value, nil
}

// shifted moves the point between whole and fraction by shift digits: to the right, or to the left if shift is negative.
func shifted(whole, fraction string, shift int) (newWhole, newFraction string) {
	if shift >= 0 {
		if missing := shift - len(fraction); missing > 0 {
			fraction += strings.Repeat("0", missing)
		}

		return whole + fraction[:shift], fraction[shift:]
	}

	if missing := -shift - len(whole); missing > 0 {
		whole = strings.Repeat("0", missing) + whole
	}

	at := len(whole) + shift

	return whole[:at], whole[at:] + fraction
}

func areDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}

	return true
}

// Digits returns the number of digits before and after the point. A single 0 before the point does not count.
func (n Number) Digits() (whole, fraction int) {
	before, after, _ := strings.Cut(strings.TrimPrefix(string(n), "-"), ".")
	if before == "0" {
		return 0, len(after)
	}

	return len(before), len(after)
}

// Fits reports whether a decimal of that precision and scale represents all digits of the number, except for trailing zeros. A
// precision of 0 means no limit.
func (n Number) Fits(precision, scale int) bool {
	if precision == 0 {
		return true
	}

	whole, fraction := Number(n.WithoutZeros()).Digits()

	return whole <= precision-scale && fraction <= scale
}

// WithoutZeros returns the number without trailing zeros of its fraction.
func (n Number) WithoutZeros() string {
	if !strings.Contains(string(n), ".") {
		return string(n)
	}

	return strings.TrimSuffix(strings.TrimRight(string(n), "0"), ".")
}

// IsShortestOf reports whether the number, apart from trailing zeros, is the shortest decimal form of a float.
func (n Number) IsShortestOf(float float64) bool {
	return strconv.FormatFloat(float, 'f', -1, 64) == n.WithoutZeros()
}

// Widen returns the 64-bit float with the same shortest decimal form as a 32-bit float: 0.1, not 0.10000000149011612.
func Widen(value float32) float64 {
	wide := float64(value)
	if wide == math.Trunc(wide) && math.Abs(wide) < 1<<24 { // A float32 represents these whole numbers exactly.
		return wide
	}

	var buffer [32]byte

	wide, _ = strconv.ParseFloat(string(strconv.AppendFloat(buffer[:0], wide, 'g', -1, 32)), 64) // The text is a valid number.

	return wide
}
