package json

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// column describes a column of a file.
type column struct {
	name     string
	quoted   string // The name as the first record has it.
	kinds    kind   // The kinds of its values in the sample.
	inexact  bool   // A number in the sample has more digits than a float keeps.
	standard source.Standard
	last     int64 // The number of the last record that had the column, from 1.
}

// learn adds a value of the sample.
func (c *column) learn(v value) {
	c.kinds |= v.kind

	if v.kind&number != 0 && !c.inexact {
		_, exact := exactFloat(v.raw)
		c.inexact = !exact
	}
}

// decide sets the type of the column to that of its values in the sample, or to JSON if acceptsAny.
func (c *column) decide(acceptsAny bool) source.Column {
	of, native := source.JSON, "value"

	switch kinds := c.kinds; {
	case kinds == null:
		of, native = source.Text, "null"
	case kinds&^(text|notFinite) == 0:
		of, native = source.Text, "string"
	case kinds == boolean:
		of, native = source.Boolean, "boolean"
	case kinds == object:
		native = "object"
	case kinds == list:
		native = "array"
	case kinds == integer:
		of, native = source.Integer, "number"
	case kinds&^(number|notFinite) == 0 && kinds&(float|notFinite) != 0 && !c.inexact:
		of, native = source.Float, "number"
	case kinds&^number == 0:
		of, native = source.Decimal, "number"
	}

	if acceptsAny {
		of = source.JSON
	}

	c.standard = source.Standard{Type: of}

	return source.Column{
		Name: c.name, Native: source.NativeType{Name: native, TypeStr: native, Precision: -1}, Standard: c.standard,
	}
}

// convert returns a value in the form of the column's type. Previous is the column's value in the previous record, which is
// returned if it is equal: columns often repeat a value, and reusing it is cheaper than an allocation.
func (c *column) convert(v value, previous any) (any, error) {
	switch {
	case v.kind == null:
		return nil, nil //nolint:nilnil // A record contains nil for NULL.
	case c.standard.Type == source.JSON:
		return json.RawMessage(v.raw), nil
	case c.standard.Type == source.Text && v.kind&(text|notFinite) != 0:
		if last, isText := previous.(string); !isText || last != v.text {
			return v.text, nil
		}

		return previous, nil
	case c.standard.Type == source.Integer && v.kind == integer:
		return strconv.ParseInt(v.raw, 10, 64)
	case c.standard.Type == source.Decimal && v.kind&number != 0:
		return c.convertDecimal(v, previous)
	case c.standard.Type == source.Float && v.kind&(number|notFinite) != 0:
		return c.convertFloat(v)
	case c.standard.Type == source.Boolean && v.kind == boolean:
		return v.raw == "true", nil
	}

	return nil, c.misfit(v, "")
}

func (c *column) convertDecimal(v value, previous any) (any, error) {
	if v.kind != float && !strings.HasPrefix(v.raw, "-0") { // It already has the form of a Number.
		if last, isNumber := previous.(source.Number); !isNumber || string(last) != v.raw {
			return source.Number(v.raw), nil
		}

		return previous, nil
	}

	parsed, err := source.ParseNumber(v.raw)
	if err != nil {
		return nil, c.misfit(v, ", because its exponent is too large")
	}

	return parsed, nil
}

func (c *column) convertFloat(v value) (any, error) {
	if v.kind == notFinite {
		return strconv.ParseFloat(v.text, 64)
	}

	parsed, exact := exactFloat(v.raw)
	if !exact {
		return nil, c.misfit(v, ", which does not keep all its digits")
	}

	return parsed, nil
}

// misfit returns the fault of a value that does not have the column's type.
func (c *column) misfit(v value, reason string) error {
	return &fault{
		message: fmt.Sprintf("column %q: %s is not a value of type %s%s", c.name, content.Quote(v.raw), c.standard, reason),
		hint:    "correct the value; " + hintSample,
	}
}

// exactFloat parses a number as a float, and reports whether the float keeps all its digits: whether formatting the float
// returns the same digits.
func exactFloat(raw string) (float64, bool) {
	number, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return 0, false
	}

	// Every number of so few digits is exact, unless it is so close to zero that floats have fewer.
	const alwaysExact = 15
	if size := math.Abs(number); len(raw) <= alwaysExact && size > 1e-300 {
		return number, true
	}

	digits, exponent := normal(raw)
	kept, keptExponent := normal(strconv.FormatFloat(number, 'e', -1, 64))

	return number, digits == kept && exponent == keptExponent
}

// normal returns the digits of a number without leading and trailing zeros, and the power of ten that multiplies them.
func normal(raw string) (digits string, exponent int) {
	mantissa := strings.TrimPrefix(raw, "-")

	if at := strings.IndexAny(mantissa, "eE"); at >= 0 {
		// An exponent that is too large for an int belongs to zero, or to a number outside the range of floats.
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
