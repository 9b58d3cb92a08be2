package json

import (
	"math"
	"strconv"
	"strings"
)

// exactFloat reads a number as a float, and reports whether the float keeps all its digits: whether they are those that the
// float is written with again.
func exactFloat(raw string) (float64, bool) {
	number, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return 0, false
	}

	// Every number of so few digits is exact, unless it is so near to zero that floats have fewer.
	const surely = 15
	if size := math.Abs(number); len(raw) <= surely && size > 1e-300 {
		return number, true
	}

	digits, exponent := normal(raw)
	kept, keptExponent := normal(strconv.FormatFloat(number, 'e', -1, 64))

	return number, digits == kept && exponent == keptExponent
}

// normal returns the digits of a number without zeros around them, and the power of ten by which they are multiplied.
func normal(raw string) (digits string, exponent int) {
	mantissa := strings.TrimPrefix(raw, "-")

	if at := strings.IndexAny(mantissa, "eE"); at >= 0 {
		// One that is too large for an int belongs to a number that no float is near to, unless that is zero.
		exponent, _ = strconv.Atoi(mantissa[at+1:])
		mantissa = mantissa[:at]
	}

	whole, fraction, _ := strings.Cut(mantissa, ".")
	exponent -= len(fraction)

	all := strings.TrimLeft(whole+fraction, "0")
	digits = strings.TrimRight(all, "0")

	if digits == "" {
		return "", 0
	}

	return digits, exponent + len(all) - len(digits)
}
