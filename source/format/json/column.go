package json

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// column is what is known of a column.
type column struct {
	name     string
	kinds    kind // Those that the values of the sample have.
	inexact  bool // A number of the sample has more digits than a float keeps.
	standard source.Standard
	last     int64 // Which record had the column last, from 1.
}

// learn takes a value of the sample.
func (c *column) learn(v value) {
	c.kinds |= v.kind

	if v.kind&number != 0 && !c.inexact {
		_, exact := exactFloat(v.raw)
		c.inexact = !exact
	}
}

// decide gives the column the type of the values that it has learnt, or one that holds any, where others may follow.
func (c *column) decide(holdsAny bool) source.Column {
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

	if holdsAny {
		of = source.JSON
	}

	c.standard = source.Standard{Type: of}

	return source.Column{
		Name: c.name, Native: source.NativeType{Name: native, TypeStr: native, Precision: -1}, Standard: c.standard,
	}
}

// hold returns a value as the column's type has it. Above is the column's value in the record before, which is returned
// again where it is the same: columns often repeat a value, and to keep it is cheaper than to make another.
func (c *column) hold(v value, above any) (any, error) {
	switch {
	case v.kind == null:
		return nil, nil //nolint:nilnil // NULL is a value, and nil is how a record holds it.
	case c.standard.Type == source.JSON:
		return json.RawMessage(v.raw), nil
	case c.standard.Type == source.Text && v.kind&(text|notFinite) != 0:
		if last, isText := above.(string); !isText || last != v.text {
			return v.text, nil
		}

		return above, nil
	case c.standard.Type == source.Integer && v.kind == integer:
		return strconv.ParseInt(v.raw, 10, 64)
	case c.standard.Type == source.Decimal && v.kind&number != 0:
		return c.holdDecimal(v, above)
	case c.standard.Type == source.Float && v.kind&(number|notFinite) != 0:
		return c.holdFloat(v)
	case c.standard.Type == source.Boolean && v.kind == boolean:
		return v.raw == "true", nil
	}

	return nil, c.misfit(v, "")
}

func (c *column) holdDecimal(v value, above any) (any, error) {
	if v.kind != float && !strings.HasPrefix(v.raw, "-0") { // It has the form of a Number already.
		if last, isNumber := above.(source.Number); !isNumber || string(last) != v.raw {
			return source.Number(v.raw), nil
		}

		return above, nil
	}

	parsed, err := source.ParseNumber(v.raw)
	if err != nil {
		return nil, c.misfit(v, ", because its exponent is too large")
	}

	return parsed, nil
}

func (c *column) holdFloat(v value) (any, error) {
	if v.kind == notFinite {
		return strconv.ParseFloat(v.text, 64)
	}

	parsed, exact := exactFloat(v.raw)
	if !exact {
		return nil, c.misfit(v, ", which does not keep all its digits")
	}

	return parsed, nil
}

// misfit is the fault of a value that is not of the column's type.
func (c *column) misfit(v value, reason string) error {
	return &fault{
		message: fmt.Sprintf("column %q: %s is not a value of type %s%s", c.name, shown(v.raw), c.standard, reason),
		hint:    "correct the value; " + hintSample,
	}
}
