package expression

import (
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// Visit inserts calls into a syntax tree that count the cost of its operators and functions: of the values that they read and
// of those that they create.
func (m *costMeter) Visit(node *ast.Node) { //nolint:gocritic // The signature is that of expr's ast.Visitor.
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		*node = countOperator(n)
	case *ast.BuiltinNode:
		*node = countCall(n, n.Name, n.Arguments)
	case *ast.CallNode:
		if name, isName := n.Callee.(*ast.IdentifierNode); isName {
			*node = countCall(n, name.Value, n.Arguments)
		}
	}
}

func countOperator(node *ast.BinaryNode) ast.Node {
	switch node.Operator {
	case "matches":
		return call(nameMatches, node, node.Left, node.Right)
	case "+": // If an operand is a number, the other is not text.
		if !isScalar(node.Left) && !isScalar(node.Right) {
			return call(nameResultCost, node, node)
		}
	case "in":
		node.Right = counted(node.Right)
	case "contains":
		node.Left = counted(node.Left)
	case "==", "!=", "<", "<=", ">", ">=", "startsWith", "endsWith": // These compare no more bytes than the shorter operand has.
		if !isShort(node.Right) {
			node.Left = counted(node.Left)
		}
	}

	return node
}

// cheap are the functions whose cost does not depend on the size of their arguments.
var cheap = append(strings.Fields("abs ceil floor round get first last take type "+
	"bitand bitor bitxor bitnand bitnot bitshl bitshr bitushr"), momentNames...)

func countCall(node ast.Node, name string, arguments []ast.Node) ast.Node {
	switch {
	case slices.Contains(cheap, name) || slices.ContainsFunc(arguments, isLoop):
		return node
	case name == "len" && len(arguments) == 1 && !isShort(arguments[0]):
		arguments[0] = call(nameTextCost, arguments[0], arguments[0])

		return node
	}

	for i := range arguments {
		arguments[i] = counted(arguments[i])
	}

	if isScalar(node) {
		return node
	}

	return call(nameResultCost, node, node)
}

// counted returns a node that counts the cost of reading the node's value, unless the value is short.
func counted(node ast.Node) ast.Node {
	if isShort(node) {
		return node
	}

	return call(nameCost, node, node)
}

// call returns a call of a function at the location of a node.
func call(name string, node ast.Node, arguments ...ast.Node) ast.Node {
	wrapper := &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: arguments}
	wrapper.SetLocation(node.Location())

	return wrapper
}

// isShort reports whether the value of a node is not longer than the expression itself, or its cost was counted when it was
// created: expr counts the entries of lists that loops return.
func isShort(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.CallNode:
		name, isName := n.Callee.(*ast.IdentifierNode)

		return isName && name.Value == nameResultCost || isScalar(node)
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
