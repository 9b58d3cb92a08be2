package expression

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/cockroachdb/apd/v3"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/vm/runtime"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// decimalFunctions are the functions of expr that compute with numbers, for arguments of which at least one has a decimal. A nil
// function is like that of expr.
var decimalFunctions = map[string]func(arguments []any) (any, error){
	"abs":    ofDecimal(func(result, x *apd.Decimal) (apd.Condition, error) { return exact.Abs(result, x) }),
	"ceil":   ofDecimal(func(result, x *apd.Decimal) (apd.Condition, error) { return rounding.Ceil(result, x) }),
	"floor":  ofDecimal(func(result, x *apd.Decimal) (apd.Condition, error) { return rounding.Floor(result, x) }),
	"round":  ofDecimal(func(result, x *apd.Decimal) (apd.Condition, error) { return rounding.RoundToIntegralValue(result, x) }),
	"int":    integerOf,
	"float":  floatOf,
	"type":   func([]any) (any, error) { return "decimal", nil },
	"max":    func(arguments []any) (any, error) { return extreme(arguments, 1) },
	"min":    func(arguments []any) (any, error) { return extreme(arguments, -1) },
	"sum":    func(arguments []any) (any, error) { return sum(numbersOf(arguments)) },
	"mean":   mean,
	"median": median,
	"sort":   func(arguments []any) (any, error) { return sorted(arguments, itself) },
	"sortBy": func(arguments []any) (any, error) { return sorted(arguments, paired) },
}

// rounding computes with rounding to integers.
var rounding = func() *apd.Context {
	context := *exact
	context.Traps = apd.DefaultTraps

	return &context
}()

// function returns a function for decimals, which calls the function of expr if its arguments have none.
func (d decimals) function(name string, call func([]any) (any, error)) func(...any) (any, error) {
	original := builtin.Builtins[builtin.Index[name]]

	return func(arguments ...any) (any, error) {
		for i := range arguments {
			arguments[i] = plainLists(arguments[i])
		}

		// The predicates of sum and sortBy are lists here, and only a decimal itself is of the type decimal.
		direct := name == "sum" || name == "sortBy"
		if !direct && (name == "type" && !isDecimal(arguments[0]) || !slices.ContainsFunc(arguments, hasDecimals)) {
			return callOriginal(original, arguments)
		}

		numbers := numbersOf(arguments)
		for _, number := range numbers {
			if err := d.cost.addDigits(number, 0); err != nil {
				return nil, err
			}
		}

		return call(arguments)
	}
}

// callOriginal calls a function of expr.
func callOriginal(function *builtin.Function, arguments []any) (any, error) {
	switch {
	case function.Fast != nil && len(arguments) == 1:
		return function.Fast(arguments[0]), nil
	case function.Func != nil:
		return function.Func(arguments...)
	case function.Safe != nil:
		result, _, err := function.Safe(arguments...)

		return result, err
	}

	return nil, fmt.Errorf("the function %s does not accept these arguments", function.Name)
}

// numbersOf returns the arguments, with the entries of lists in place of the lists.
func numbersOf(arguments []any) []any {
	var numbers []any

	for _, argument := range arguments {
		if list, isList := argument.([]any); isList {
			numbers = append(numbers, numbersOf(list)...)
		} else {
			numbers = append(numbers, argument)
		}
	}

	return numbers
}

// ofDecimal returns a function of one decimal.
func ofDecimal(compute func(result, x *apd.Decimal) (apd.Condition, error)) func([]any) (any, error) {
	return func(arguments []any) (any, error) {
		x, isNumber, err := toAPD(arguments[0])
		if err != nil {
			return nil, err
		}

		if !isNumber || len(arguments) != 1 {
			return nil, errors.New("the argument must be one number")
		}

		var result apd.Decimal
		if _, err := compute(&result, x); err != nil {
			return nil, err
		}

		return fromAPD(&result)
	}
}

// integerOf returns a decimal without its fraction as an integer.
func integerOf(arguments []any) (any, error) {
	x, _, err := toAPD(arguments[0])
	if err != nil {
		return nil, err
	}

	if x == nil {
		return nil, errors.New("the argument must be a number or text")
	}

	context := *rounding
	context.Rounding = apd.RoundDown

	var whole apd.Decimal
	if _, err := context.RoundToIntegralValue(&whole, x); err != nil {
		return nil, err
	}

	number, err := whole.Int64()
	if err != nil {
		return nil, fmt.Errorf("%s does not fit into 64 bits", x.Text('f'))
	}

	return int(number), nil
}

// floatOf returns the float that is nearest to a decimal.
func floatOf(arguments []any) (any, error) {
	decimal, is := arguments[0].(jsonvalue.Decimal)
	if !is {
		return nil, errors.New("the argument must be a number or text")
	}

	number, err := strconv.ParseFloat(decimal.String(), 64)
	if err != nil {
		return nil, errors.New("the decimal is out of the range of floats")
	}

	return number, nil
}

// order compares two values, as the operators < and > do.
func order(a, b any) (int, error) {
	switch {
	case isDecimal(a) || isDecimal(b):
		return compare("<", a, b)
	case runtime.Less(a, b):
		return -1, nil
	case runtime.Less(b, a):
		return 1, nil
	}

	return 0, nil
}

// extreme returns the smallest or the largest number: that whose order is of the sign.
func extreme(arguments []any, sign int) (any, error) {
	numbers := numbersOf(arguments)
	found := numbers[0]

	for _, number := range numbers {
		compared, err := order(number, found)
		if err != nil {
			return nil, err
		}

		if compared*sign > 0 {
			found = number
		}
	}

	return found, nil
}

// sum adds numbers up. The sum of no numbers is the integer 0.
func sum(numbers []any) (any, error) {
	var total any = 0

	for _, number := range numbers {
		if !isDecimal(total) && !isDecimal(number) {
			total = runtime.Add(number, total)

			continue
		}

		var err error
		if total, err = arithmetic("+", total, number); err != nil {
			return nil, err
		}
	}

	return total, nil
}

func mean(arguments []any) (any, error) {
	numbers := numbersOf(arguments)

	total, err := sum(numbers)
	if err != nil {
		return nil, err
	}

	return arithmetic("/", total, len(numbers))
}

func median(arguments []any) (any, error) {
	numbers := numbersOf(arguments)

	numbers, err := sorted([]any{numbers}, itself)
	if err != nil {
		return nil, err
	}

	middle := len(numbers) / 2 //nolint:mnd // The half.
	if len(numbers)%2 == 1 {
		return numbers[middle], nil
	}

	return mean(numbers[middle-1 : middle+1])
}

// sorted returns the entries of the first argument, a list, in the order of their keys: in descending order if the second
// argument is "desc". of returns the entry and its key.
func sorted(arguments []any, of func(any) (entry, key any)) ([]any, error) {
	list, isList := arguments[0].([]any)
	if !isList {
		return nil, errors.New("the argument must be a list")
	}

	descending := len(arguments) > 1 && arguments[1] == "desc"
	if len(arguments) > 1 && !descending && arguments[1] != "asc" {
		return nil, errors.New(`the order must be "asc" or "desc"`)
	}

	var failed error

	entries := slices.Clone(list)
	slices.SortStableFunc(entries, func(a, b any) int {
		_, left := of(a)
		_, right := of(b)
		compared, err := order(left, right)
		failed = cmp.Or(failed, err)

		if descending {
			return -compared
		}

		return compared
	})

	for i := range entries {
		entries[i], _ = of(entries[i])
	}

	return entries, failed
}

// itself returns an entry that is its own key.
func itself(value any) (entry, key any) { return value, value }

// paired returns the entry and the key of a pair.
func paired(value any) (entry, key any) {
	pair, _ := value.([]any)

	return pair[0], pair[1]
}
