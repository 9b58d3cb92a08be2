package expression

import (
	"errors"
	"fmt"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// parseExpression returns the names that an expression uses. It rejects constructs whose cost has no limit, such as nested
// loops. It returns no error for a syntax error: the compiler reports that.
func parseExpression(expression string) (uses, error) {
	if len(expression) > MaxSource {
		return uses{}, fmt.Errorf("an expression has at most %d bytes, this has %d", MaxSource, len(expression))
	}

	tree, err := parser.Parse(expression)
	if err != nil {
		return uses{}, nil //nolint:nilerr // The compiler reports syntax errors.
	}

	if err := refused(tree.Node); err != nil {
		return uses{}, expressionError(expression, err)
	}

	return usesOf(tree.Node), nil
}

// refused returns an error for constructs of expr-lang that are not part of the language.
func refused(tree ast.Node) error {
	var refused error

	ast.Find(tree, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.IdentifierNode:
			if n.Value == "$env" { // It would bypass the checks of names.
				refused = errors.New("$env is not part of the language; write the names themselves")
			}
		case *ast.SequenceNode:
			refused = errors.New("an expression is one value; use the steps SetVariable, If and ForEach for the rest")
		case *ast.BuiltinNode: // expr-lang cannot disable built-in functions with a predicate.
			if refusedFunctions[n.Name] != "" {
				refused = refusedFunction(n.Name)
			}
		case *ast.BinaryNode:
			if text, isText := n.Right.(*ast.StringNode); isText && n.Operator == "matches" && len(text.Value) > MaxPattern {
				refused = longPattern(text.Value)
			}
		case *ast.VariableDeclaratorNode:
			refused = errors.New("let is not part of the language; write the value out")
		case *ast.CallNode:
			if isIdentifierCall(n) && ast.Node(n) != tree {
				refused = errors.New("identifier(…) must be the whole expression; write ${identifier(x ? a : b)}, for example")
			}
		case *ast.PredicateNode:
			if ast.Find(n.Node, isLoop) != nil {
				refused = errors.New("nested loops are not part of the language; the cost can't be limited")
			}
		}

		return refused != nil
	})

	return refused
}

// isLoop reports whether the node is the predicate of a function such as filter, which evaluates it for each entry.
func isLoop(node ast.Node) bool {
	_, is := node.(*ast.PredicateNode)

	return is
}
