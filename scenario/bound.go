package scenario

import (
	"errors"
	"fmt"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// Bounds of what one expression may take, so that none can hold up a workflow task or take a server's memory.
const (
	maxExpression = 4_096   // Bytes of its source: the parser's stack grows with it.
	maxNodes      = 200     // Nodes of its syntax tree.
	maxMemory     = 10_000  // Values that it makes on its way, in the unit of expr's own memory budget.
	maxValues     = 10_000  // Values in what it gives, at any depth.
	maxResult     = 1 << 20 // Bytes of text in what it gives.
)

// checkWork refuses what could multiply an expression's work without a bound: a loop within a loop, and a name for a value
// that is used again and again. What is no expression at all, compiling tells better.
func checkWork(expression string) error {
	tree, err := parser.Parse(expression)
	if err != nil {
		return nil //nolint:nilerr // See above.
	}

	var refused error

	ast.Find(tree.Node, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.BuiltinNode: // Those with a loop are part of expr-lang's syntax, and can't be taken away there.
			if refusedFunctions[n.Name] != "" {
				refused = noFunction(n.Name)
			}
		case *ast.VariableDeclaratorNode:
			refused = errors.New("let is not part of the language; write the value out")
		case *ast.PredicateNode:
			if ast.Find(n.Node, isLoop) != nil {
				refused = errors.New("a loop within a loop is not part of the language; its work has no bound")
			}
		}

		return refused != nil
	})

	return refused
}

// isLoop reports whether the node is the body of a function that calls it again and again, such as filter.
func isLoop(node ast.Node) bool {
	_, is := node.(*ast.PredicateNode)

	return is
}

// size counts what an expression's result holds, and refuses one that is too large.
type size struct{ values, bytes int }

func (s *size) add(text string) error {
	s.values++
	s.bytes += len(text)

	if s.values > maxValues {
		return fmt.Errorf("the result has more than %d values", maxValues)
	}

	if s.bytes > maxResult {
		return fmt.Errorf("the result has more than %d bytes of text", maxResult)
	}

	return nil
}
