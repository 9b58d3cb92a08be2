package expression_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

func decimal(t require.TestingT, text string) jsonvalue.Decimal {
	parsed, ok := jsonvalue.ParseDecimal(text)
	require.True(t, ok, text)

	return parsed
}

// decimalScope has the names of the expressions below.
func decimalScope(t require.TestingT) *scenario.Scope {
	return scenario.NewScope(scenario.JobScope{}, nil, jsonvalue.Object{
		"a": decimal(t, "9.5"), "b": decimal(t, "10.0"), "c": decimal(t, "1.50"), "zero": decimal(t, "0.00"), "n": int64(2), "f": 0.1,
		"long": decimal(t, strings.Repeat("9", 1001)), "text": "9.5", "none": nil,
		"list": []any{decimal(t, "9.5"), decimal(t, "10.0"), int64(2), 0.25},
		"rows": []any{
			map[string]any{"id": int64(1), "price": decimal(t, "10.0")}, map[string]any{"id": int64(2), "price": decimal(t, "9.5")},
		},
	})
}

func TestDecimalsAreExactNumbers(t *testing.T) {
	t.Parallel()

	dec := func(text string) any { return decimal(t, text) }

	for code, want := range map[string]any{
		"a < b": true, "a > b": false, "b <= 10": true, "b >= 10.5": false, "a < 9.51": true, "a == 9.5": true, "a != 9.50": false,
		"b == 10": true, "c == decimal('1.5')": true, "a == none": false, "none != a": true, "[c] == [1.5]": true, "a == [9.5]": false,
		"a in [1, 9.5]": true, "9.5 in [a]": true, "a in [b]": false, "a not in list": false, "'x' in {'x': a}": true,
		"a + b": dec("19.5"), "a - b": dec("-0.5"), "a * b": dec("95.00"), "b / 4": dec("2.5"), "c / 1": dec("1.50"), "b % 3": dec("1.0"),
		"c + n": dec("3.50"), "n + c": dec("3.50"), "c + f": dec("1.60"), "f * n * c": dec("0.300"), "-c": dec("-1.50"), "-zero": dec("0.00"),
		"c ** 2": dec("2.2500"), "n ** 2 + zero": dec("4.00"), "c ^ 0": dec("1"), "decimal(2) ** -2": dec("0.25"),
		"decimal(1) / 3":       dec("0." + strings.Repeat("3", 34)),
		"decimal(2) / 3":       dec("0." + strings.Repeat("6", 33) + "7"),
		"decimal('1e3')":       dec("1000"),
		"decimal(a * 1.19, 2)": dec("11.31"),
		"decimal(-1.005, 2)":   dec("-1.01"),
		"decimal(0.1) + 0.2":   dec("0.3"),
		"decimal('0.1') * 3":   dec("0.3"),
		"max(list)":            dec("10.0"),
		"min(a, b, n)":         int64(2),
		"sum(list)":            dec("21.75"),
		"sum(rows, .price)":    dec("19.5"),
		"mean(a, b)":           dec("9.75"),
		"median(list)":         dec("5.75"),
		"sum(filter(rows, .price > 9.6), .price)": dec("10.0"),
		"map(sortBy(rows, .price), .id)":          []any{int64(2), int64(1)},
		"map(sortBy(rows, .price, 'desc'), .id)":  []any{int64(1), int64(2)},
		"sort(list)":                              []any{0.25, int64(2), dec("9.5"), dec("10.0")},
		"sort(list, 'desc')[0]":                   dec("10.0"),
		"abs(-c)":                                 dec("1.50"),
		"round(c)":                                dec("2"),
		"floor(-c)":                               dec("-2"),
		"ceil(c)":                                 dec("2"),
		"int(-c)":                                 int64(-1),
		"float(c)":                                1.5,
		"string(c)":                               "1.50",
		"type(c)":                                 "decimal",
		"type([c])":                               "array",
		"toJSON({'x': c})":                        `{"x":1.50}`,
		"c > 1 ? 'more' : 'less'":                 "more",
		"'sum: ' + string(a + b)":                 "sum: 19.5",
		"len(list) + n":                           int64(6),
		"[1.5 + 1, zero][0]":                      2.5,
		"count(list, # > 9)":                      int64(2),
		"c":                                       dec("1.50"),
	} {
		value, err := decimalScope(t).Evaluate("${"+code+"}", expression.Moment{})
		require.NoError(t, err, code)
		require.Equal(t, want, value, code)
	}

	text, err := decimalScope(t).Evaluate("${c} and ${a + b}", expression.Moment{})
	require.NoError(t, err)
	require.Equal(t, "1.50 and 19.5", text)
}

func TestDecimalsAreNeverText(t *testing.T) {
	t.Parallel()

	for code, message := range map[string]string{
		"a + text":                              "the operator + does not accept a decimal and text",
		"a < text":                              "the operator < does not accept a decimal and text",
		"a == text":                             "the operator == does not accept a decimal and text",
		"text != a":                             "the operator == does not accept text and a decimal",
		"a < none":                              "the operator < does not accept a decimal and nothing",
		"a * [1]":                               "the operator * does not accept a value and a list",
		"upper(a)":                              "",
		"a / zero":                              "a decimal can't be divided by zero",
		"a % 0":                                 "a decimal can't be divided by zero",
		"a ** 0.5":                              "the exponent of a decimal must be an integer",
		"sum([a, 'x'])":                         "the operator + does not accept",
		"max(a, 'x')":                           "does not accept",
		"int(decimal('1e20'))":                  "does not fit into 64 bits",
		"decimal('x')":                          `"x" is not a decimal number`,
		"decimal([1])":                          "the argument must be a number or text, but is a list",
		"decimal(1.5, -1)":                      "the number of digits after the point must be an integer from 0 to 1000",
		"c ** 1000000000":                       "a decimal has at most 1000 digits",
		"decimal('1e1000000000')":               "the exponent exceeds",
		"decimal('1e9999') + 1":                 "a decimal has at most 1000 digits",
		"long + 1":                              "a decimal has at most 1000 digits",
		"decimal('1e600') * decimal('1e600')":   "a decimal has at most 1000 digits",
		"decimal('1e-600') * decimal('1e-600')": "a decimal has at most 1000 digits",
	} {
		_, err := decimalScope(t).Evaluate("${"+code+"}", expression.Moment{})
		require.ErrorContains(t, err, message, code)
	}

	value, err := decimalScope(t).Evaluate("${long}", expression.Moment{})
	require.NoError(t, err)
	require.Equal(t, decimal(t, strings.Repeat("9", 1001)), value, "a decimal is passed on with all its digits")
}

// The reference computes with fractions of package math/big.
func TestDecimalArithmeticMatchesFractions(t *testing.T) {
	t.Parallel()

	number := rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 3).Draw(t, "type") {
		case 0:
			return rapid.Int64().Draw(t, "integer")
		case 1:
			return float64(rapid.IntRange(-1_000_000, 1_000_000).Draw(t, "thousandths")) / 1000
		default:
			text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?`).Draw(t, "decimal")
			parsed, ok := jsonvalue.ParseDecimal(text)
			require.True(t, ok)

			return parsed
		}
	})

	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, y := fraction(t, a), fraction(t, b)
		scope := scenario.NewScope(scenario.JobScope{}, nil, jsonvalue.Object{"a": a, "b": b, "zero": decimal(t, "0")})

		// Adding the decimal makes the operands decimals.
		for operator, want := range map[string]*big.Rat{
			"+": new(big.Rat).Add(x, y), "-": new(big.Rat).Sub(x, y), "*": new(big.Rat).Mul(x, y),
		} {
			value, err := scope.Evaluate(fmt.Sprintf("${(a + zero) %s b}", operator), expression.Moment{})
			require.NoError(t, err)
			require.IsType(t, jsonvalue.Decimal{}, value)
			require.Zero(t, want.Cmp(fraction(t, value)), "%v %s %v = %v", a, operator, b, value)
		}

		for operator, want := range map[string]bool{"<": x.Cmp(y) < 0, "<=": x.Cmp(y) <= 0, "==": x.Cmp(y) == 0, ">=": x.Cmp(y) >= 0} {
			value, err := scope.Evaluate(fmt.Sprintf("${a + zero %s b}", operator), expression.Moment{})
			require.NoError(t, err)
			require.Equal(t, want, value, "%v %s %v", a, operator, b)
		}

		if y.Sign() != 0 {
			value, err := scope.Evaluate("${(a + zero) / b}", expression.Moment{})
			require.NoError(t, err)

			// At most half a unit of the 34th digit away.
			difference := new(big.Rat).Sub(new(big.Rat).Quo(x, y), fraction(t, value))
			most := new(big.Rat).Mul(new(big.Rat).Abs(new(big.Rat).Quo(x, y)), big.NewRat(1, 1_000_000_000_000_000_000))
			require.LessOrEqual(t, difference.Abs(difference).Cmp(most), 0)
		}
	})
}

// fraction returns a number as a fraction.
func fraction(t require.TestingT, value any) *big.Rat {
	number, ok := new(big.Rat).SetString(fmt.Sprint(value))
	require.True(t, ok, value)

	return number
}

func TestEqualComparesNumbersByValue(t *testing.T) {
	t.Parallel()

	require.True(t, expression.Equal(decimal(t, "1.50"), 1.5))
	require.True(t, expression.Equal(int64(2), 2.0))
	require.True(t, expression.Equal([]any{decimal(t, "2.0")}, []any{int64(2)}))
	require.True(t, expression.Equal(map[string]any{"a": decimal(t, "2.0")}, map[string]any{"a": int64(2)}))
	require.False(t, expression.Equal(decimal(t, "1.5"), "1.5"))
	require.False(t, expression.Equal(decimal(t, "1.5"), nil))
	require.False(t, expression.Equal([]any{decimal(t, "2.0")}, []any{}))
}
