package expression

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// Bounds of decimals with which expressions compute. A decimal that an expression only passes on has any number of digits.
const (
	MaxDigits      = 1_000 // The digits before the point, and those after it.
	quotientDigits = 34    // The digits of a quotient that has no exact decimal form, as in IEEE 754's decimal128.
)

// exact computes without rounding: the results of operands within [MaxDigits] have fewer digits than its precision.
var exact = &apd.Context{
	Precision: 4*MaxDigits + 1, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent,
	Traps: apd.DefaultTraps | apd.Inexact, Rounding: apd.RoundHalfUp,
}

// toAPD returns a decimal, an integer or a float as a number of package apd. A float counts as the shortest decimal number that
// represents it: 0.1 is 0.1. isNumber is false for other values.
func toAPD(value any) (number *apd.Decimal, isNumber bool, err error) {
	var text string

	switch v := value.(type) {
	case jsonvalue.Decimal:
		text = v.String()
	case int:
		return apd.New(int64(v), 0), true, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, true, errors.New("NaN and the infinities are not decimals")
		}

		text = strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return nil, false, nil
	}

	if len(text) > 2*MaxDigits+len("-.") {
		return nil, true, tooManyDigits()
	}

	number, _, err = apd.NewFromString(text)

	return number, true, err
}

// fromAPD returns a number as a decimal.
func fromAPD(number *apd.Decimal) (any, error) {
	digits := number.NumDigits()
	if int64(-number.Exponent) > MaxDigits || digits+int64(number.Exponent) > MaxDigits {
		return nil, tooManyDigits()
	}

	if number.IsZero() {
		number.Negative = false
	}

	decimal, ok := jsonvalue.ParseDecimal(number.Text('f'))
	if !ok {
		return nil, errors.New("the result is not a number")
	}

	return decimal, nil
}

func tooManyDigits() error {
	return fmt.Errorf("a decimal has at most %d digits before the point and %d after it", MaxDigits, MaxDigits)
}

// operands returns the operands of an operator as numbers. The error is for operands that are no numbers.
func operands(operator string, a, b any) (x, y *apd.Decimal, err error) {
	x, isNumber, err := toAPD(a)
	if err != nil {
		return nil, nil, err
	}

	y, isNumberToo, err := toAPD(b)
	if err != nil {
		return nil, nil, err
	}

	if !isNumber || !isNumberToo {
		return nil, nil, fmt.Errorf("the operator %s does not accept %s and %s", operator, kindName(a), kindName(b))
	}

	return x, y, nil
}

// kindName returns the name of a value's type for messages.
func kindName(value any) string {
	if _, is := value.(jsonvalue.Decimal); is {
		return "a decimal"
	}

	return typeName(fmt.Sprintf("%T", value))
}

// arithmetic computes with two numbers, of which at least one is a decimal.
func arithmetic(operator string, a, b any) (any, error) {
	x, y, err := operands(operator, a, b)
	if err != nil {
		return nil, err
	}

	var result apd.Decimal

	switch operator {
	case "+":
		_, err = exact.Add(&result, x, y)
	case "-":
		_, err = exact.Sub(&result, x, y)
	case "*":
		_, err = exact.Mul(&result, x, y)
	case "/":
		return quotient(x, y)
	case "%":
		if y.IsZero() {
			return nil, errDivision
		}

		_, err = exact.Rem(&result, x, y)
	default:
		return power(x, y)
	}

	if err != nil {
		return nil, err
	}

	return fromAPD(&result)
}

var errDivision = errors.New("a decimal can't be divided by zero")

// quotient divides. The quotient is exact if it has a decimal form within the digits of the operands or [quotientDigits];
// otherwise it is rounded half away from zero. It has no trailing zeros beyond the scale of x.
func quotient(x, y *apd.Decimal) (any, error) {
	if y.IsZero() {
		return nil, errDivision
	}

	context := *exact
	context.Precision = uint32(max(quotientDigits, x.NumDigits(), y.NumDigits())) //nolint:gosec // MaxDigits bounds it.
	context.Traps = apd.DefaultTraps

	var result, reduced apd.Decimal

	if _, err := context.Quo(&result, x, y); err != nil {
		return nil, err
	}

	reduced.Reduce(&result)

	scale := min(x.Exponent, 0)
	if reduced.Exponent > scale {
		if _, err := exact.Quantize(&reduced, &reduced, scale); err != nil {
			return nil, err
		}
	}

	return fromAPD(&reduced)
}

// power raises x to the power of an integer.
func power(x, y *apd.Decimal) (any, error) {
	exponent, err := y.Int64()
	if err != nil {
		return nil, errors.New("the exponent of a decimal must be an integer; use float(…) for other powers")
	}

	count := exponent
	if count < 0 {
		count = -count
	}

	if count < 0 || count > MaxDigits*2 || count*x.NumDigits() > 2*MaxDigits {
		return nil, tooManyDigits()
	}

	result := apd.New(1, 0)
	for range count {
		if _, err := exact.Mul(result, result, x); err != nil {
			return nil, err
		}
	}

	if exponent < 0 {
		return quotient(apd.New(1, 0), result)
	}

	return fromAPD(result)
}

// compare compares two numbers, of which at least one is a decimal.
func compare(operator string, a, b any) (int, error) {
	x, y, err := operands(operator, a, b)
	if err != nil {
		return 0, err
	}

	return x.Cmp(y), nil
}

// nameDecimal is the function that makes a decimal.
const nameDecimal = "decimal"

// makesDecimals reports whether an expression may have decimals that none of the values that it reads have.
func makesDecimals(text string) bool {
	return strings.Contains(text, nameDecimal) || strings.Contains(text, "fromJSON")
}

// decimalOf is the function decimal: a number, or text that is a number, as a decimal, with a number of digits after the point
// if there is a second argument.
func decimalOf(arguments ...any) (any, error) {
	value := arguments[0]

	if text, isText := value.(string); isText {
		number, err := source.ParseNumber(text)
		if err != nil {
			return nil, err
		}

		value, _ = jsonvalue.ParseDecimal(string(number))
	}

	number, isNumber, err := toAPD(value)

	switch {
	case err != nil:
		return nil, err
	case !isNumber:
		return nil, fmt.Errorf("the argument must be a number or text, but is %s", kindName(value))
	case len(arguments) == 1:
		return fromAPD(number)
	}

	places, isCount := arguments[1].(int)
	if !isCount || places < 0 || places > MaxDigits {
		return nil, fmt.Errorf("the number of digits after the point must be an integer from 0 to %d", MaxDigits)
	}

	context := *exact
	context.Traps = apd.DefaultTraps

	if _, err := context.Quantize(number, number, int32(-places)); err != nil {
		return nil, err
	}

	return fromAPD(number)
}

// Equal reports whether two values of the language are equal. Numbers are equal if they have the same value, whatever their
// types and trailing zeros.
func Equal(a, b any) bool { return equal(toExpr(a), toExpr(b)) }

func equal(a, b any) bool {
	switch left := a.(type) {
	case []any:
		right, isList := b.([]any)
		if !isList || len(left) != len(right) {
			return false
		}

		for i := range left {
			if !equal(left[i], right[i]) {
				return false
			}
		}

		return true
	case map[string]any:
		right, isObject := b.(map[string]any)
		if !isObject || len(left) != len(right) {
			return false
		}

		for name := range left {
			value, exists := right[name]
			if !exists || !equal(left[name], value) {
				return false
			}
		}

		return true
	}

	if isDecimal(a) || isDecimal(b) {
		order, err := compare("==", a, b)

		return err == nil && order == 0
	}

	return runtimeEqual(a, b)
}

func isDecimal(value any) bool {
	_, is := value.(jsonvalue.Decimal)

	return is
}

// hasDecimals reports whether a value contains a decimal, at any depth.
func hasDecimals(value any) bool {
	switch v := value.(type) {
	case jsonvalue.Decimal:
		return true
	case []any:
		return slices.ContainsFunc(v, hasDecimals)
	case map[string]any:
		for _, entry := range v { //workflowcheck:ignore // The result is the same in every order.
			if hasDecimals(entry) {
				return true
			}
		}
	}

	return false
}
