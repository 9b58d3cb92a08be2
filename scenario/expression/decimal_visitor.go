package expression

import (
	"reflect"
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm/runtime"
)

// decimals compiles a program for values with decimals, which the operators and functions of expr do not accept: it replaces
// them by functions that do. Programs whose values have no decimals are faster without it.
type decimals struct{ cost *costMeter }

// options compile a program for decimals.
func (d decimals) options() []expr.Option {
	options := []expr.Option{expr.Patch(d)}

	for name, operator := range operators {
		options = append(options, expr.Function(replaced(name), d.binary(name, operator), new(func(any, any) any)))
	}

	for name, comparison := range comparisons {
		options = append(options, expr.Function(replaced(name), d.comparison(name, comparison), new(func(any, any) bool)))
	}

	for name, call := range decimalFunctions {
		options = append(options, expr.Function(replaced(name), d.function(name, call), new(func(...any) any)))
	}

	return append(options,
		expr.Function(replaced("=="), d.equal, new(func(any, any) bool)),
		expr.Function(replaced("in"), d.contains, new(func(any, any) bool)),
		expr.Function(replaced("negate"), d.negate, new(func(any) any)),
	)
}

// replaced returns the name of the function that replaces an operator or a function. No expression can contain it.
func replaced(name string) string { return " " + name }

// operators are the operators of expr for numbers that are no decimals.
var operators = map[string]func(a, b any) any{
	"+":  runtime.Add,
	"-":  runtime.Subtract,
	"*":  runtime.Multiply,
	"/":  func(a, b any) any { return runtime.Divide(a, b) },
	"%":  func(a, b any) any { return runtime.Modulo(a, b) },
	"**": func(a, b any) any { return runtime.Exponent(a, b) },
}

// comparison is a comparison of expr, and the same of the order of two decimals.
type comparison struct {
	values func(a, b any) bool
	order  func(order int) bool
}

var comparisons = map[string]comparison{
	"<":  {runtime.Less, func(order int) bool { return order < 0 }},
	"<=": {runtime.LessOrEqual, func(order int) bool { return order <= 0 }},
	">":  {runtime.More, func(order int) bool { return order > 0 }},
	">=": {runtime.MoreOrEqual, func(order int) bool { return order >= 0 }},
}

// runtimeEqual is the equality of expr.
func runtimeEqual(a, b any) bool { return runtime.Equal(a, b) }

// Visit replaces an operator or a function.
func (d decimals) Visit(node *ast.Node) { //nolint:gocritic // The signature is that of expr's ast.Visitor.
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		*node = replaceOperator(n)
	case *ast.UnaryNode:
		if n.Operator == "-" {
			*node = call(replaced("negate"), n, n.Node)
		}
	case *ast.BuiltinNode:
		*node = replaceBuiltin(n)
	}
}

func replaceOperator(n *ast.BinaryNode) ast.Node {
	operator := n.Operator

	switch operator {
	case "^":
		operator = "**"
	case "!=":
		not := &ast.UnaryNode{Operator: "not", Node: call(replaced("=="), n, n.Left, n.Right)}
		not.SetLocation(n.Location())

		return not
	}

	_, computes := operators[operator]
	_, compares := comparisons[operator]

	if computes || compares || operator == "==" || operator == "in" {
		return call(replaced(operator), n, n.Left, n.Right)
	}

	return n
}

func replaceBuiltin(n *ast.BuiltinNode) ast.Node {
	if _, replaces := decimalFunctions[n.Name]; !replaces {
		return n
	}

	arguments := slices.Clone(n.Arguments)

	// A predicate is part of a map, whose results are summed up; or whose pairs of an entry and its key are sorted.
	if len(arguments) > 1 && (n.Name == "sum" || n.Name == "sortBy") {
		if predicate, is := arguments[1].(*ast.PredicateNode); is {
			mapped := predicate.Node
			if n.Name == "sortBy" {
				mapped = &ast.ArrayNode{Nodes: []ast.Node{&ast.PointerNode{}, predicate.Node}}
			}

			results := &ast.BuiltinNode{
				Name: "map", Arguments: []ast.Node{arguments[0], &ast.PredicateNode{Node: mapped}}, Throws: n.Throws,
			}
			results.SetLocation(n.Location())
			arguments = append([]ast.Node{results}, arguments[2:]...)
		}
	}

	return call(replaced(n.Name), n, arguments...)
}

// binary returns the function of an operator.
func (d decimals) binary(name string, operator func(a, b any) any) func(...any) (any, error) {
	return func(arguments ...any) (any, error) {
		a, b := arguments[0], arguments[1]
		if !isDecimal(a) && !isDecimal(b) {
			return operator(a, b), nil
		}

		if err := d.cost.addDigits(a, b); err != nil {
			return nil, err
		}

		return arithmetic(name, a, b)
	}
}

// comparison returns the function of a comparison.
func (d decimals) comparison(name string, of comparison) func(...any) (any, error) {
	return func(arguments ...any) (any, error) {
		a, b := arguments[0], arguments[1]
		if !isDecimal(a) && !isDecimal(b) {
			return of.values(a, b), nil
		}

		order, err := compare(name, a, b)

		return of.order(order), err
	}
}

// equal is the operator ==. A decimal and a text are not comparable: the text may be meant as a number.
func (d decimals) equal(arguments ...any) (any, error) {
	a, b := arguments[0], arguments[1]

	for _, pair := range [][2]any{{a, b}, {b, a}} {
		if _, isText := pair[1].(string); isText && isDecimal(pair[0]) {
			_, err := compare("==", a, b)

			return false, err
		}
	}

	return equal(plainLists(a), plainLists(b)), nil
}

// contains is the operator in.
func (d decimals) contains(arguments ...any) (any, error) {
	needle, holder := arguments[0], plainLists(arguments[1])

	list, isList := holder.([]any)
	if !isList {
		return runtime.In(needle, holder), nil
	}

	return slices.ContainsFunc(list, func(entry any) bool { return equal(needle, entry) }), nil
}

func (d decimals) negate(arguments ...any) (any, error) {
	if isDecimal(arguments[0]) {
		return arithmetic("-", 0, arguments[0])
	}

	return runtime.Negate(arguments[0]), nil
}

// plainLists returns a list of any type, such as the range 1..3, as a list of values.
func plainLists(value any) any {
	list := reflect.ValueOf(value)
	if _, is := value.([]any); is || list.Kind() != reflect.Slice {
		return value
	}

	entries := make([]any, list.Len())
	for i := range entries {
		entries[i] = list.Index(i).Interface()
	}

	return entries
}

// addDigits adds the cost of computing with two numbers, of which at least one is a decimal.
func (m *costMeter) addDigits(a, b any) error {
	const scalar = 8

	digits := func(value any) int {
		if text, err := Text(value); err == nil && isDecimal(value) {
			return len(text)
		}

		return scalar
	}

	return m.add(digits(a) * digits(b))
}
