package scenario

import (
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// Visit makes the operators and functions of a syntax tree charge for what they look through, and for what they make.
func (b *budget) Visit(node *ast.Node) { //nolint:gocritic // That a node is exchanged by a pointer is expr's way.
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		*node = chargedOperator(n)
	case *ast.BuiltinNode:
		*node = chargedCall(n, n.Name, n.Arguments)
	case *ast.CallNode:
		if name, isName := n.Callee.(*ast.IdentifierNode); isName {
			*node = chargedCall(n, name.Value, n.Arguments)
		}
	}
}

func chargedOperator(node *ast.BinaryNode) ast.Node {
	switch node.Operator {
	case "matches":
		return wrapped(nameMatches, node, node.Left, node.Right)
	case "+": // What a number is added to is no text.
		if !isScalar(node.Left) && !isScalar(node.Right) {
			return wrapped(nameMade, node, node)
		}
	case "in":
		node.Right = charged(node.Right)
	case "contains":
		node.Left = charged(node.Left)
	case "==", "!=", "<", "<=", ">", ">=", "startsWith", "endsWith": // They end with the shorter one.
		if !isShort(node.Right) {
			node.Left = charged(node.Left)
		}
	}

	return node
}

// cheap are the functions that neither look through their arguments nor make anything.
var cheap = append(strings.Fields("abs ceil floor round get first last take type "+
	"bitand bitor bitxor bitnand bitnot bitshl bitshr bitushr"), momentNames...)

func chargedCall(node ast.Node, name string, arguments []ast.Node) ast.Node {
	switch {
	case slices.Contains(cheap, name) || slices.ContainsFunc(arguments, isLoop):
		return node
	case name == "len" && len(arguments) == 1 && !isShort(arguments[0]):
		arguments[0] = wrapped(nameLength, arguments[0], arguments[0])

		return node
	}

	for i := range arguments {
		arguments[i] = charged(arguments[i])
	}

	if isScalar(node) {
		return node
	}

	return wrapped(nameMade, node, node)
}

// charged makes a node charge for its value, unless that is short.
func charged(node ast.Node) ast.Node {
	if isShort(node) {
		return node
	}

	return wrapped(nameCharge, node, node)
}

// wrapped is the call of a function in the place of a node.
func wrapped(name string, node ast.Node, arguments ...ast.Node) ast.Node {
	call := &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: arguments}
	call.SetLocation(node.Location())

	return call
}

// isShort reports whether the value of a node is as short as the expression itself, or was counted where it was made: expr
// counts the lists that loops give.
func isShort(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.CallNode:
		name, isName := n.Callee.(*ast.IdentifierNode)

		return isName && name.Value == nameMade || isScalar(node)
	case *ast.StringNode, *ast.ArrayNode, *ast.NilNode:
		return true
	case *ast.BinaryNode:
		return n.Operator == ".." || isScalar(node)
	case *ast.BuiltinNode:
		return slices.ContainsFunc(n.Arguments, isLoop) && n.Name != "find" && n.Name != "findLast" || isScalar(node)
	}

	return isScalar(node)
}

// isScalar reports whether a node is known to be a number or a boolean.
func isScalar(node ast.Node) bool {
	if node.Type() == nil {
		return false
	}

	switch node.Type().Kind() {
	case reflect.Int, reflect.Float64, reflect.Bool:
		return true
	default:
		return false
	}
}
