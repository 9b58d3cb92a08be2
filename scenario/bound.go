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
	maxLoopText   = 4 << 10 // Bytes of the longest text in what it uses, if it goes through a list: it may look at it each time.
)

// parseExpression finds the names that an expression uses. It refuses what could multiply an expression's work without a
// bound: a loop within a loop, and a name for a value that is used again and again. What is no expression at all, compiling
// tells better.
func parseExpression(expression string) (uses, error) {
	if len(expression) > maxExpression {
		return uses{}, fmt.Errorf("an expression has at most %d bytes, this has %d", maxExpression, len(expression))
	}

	tree, err := parser.Parse(expression)
	if err != nil {
		return uses{}, nil //nolint:nilerr // See above.
	}

	if err := refused(tree.Node); err != nil {
		return uses{}, expressionError(expression, err)
	}

	return usesOf(tree.Node), nil
}

// refused says what of expr-lang is not part of the language.
func refused(tree ast.Node) error {
	var refused error

	ast.Find(tree, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.IdentifierNode:
			if n.Value == "$env" { // It would read names past all that is known of them.
				refused = errors.New("$env is not part of the language; write the names themselves")
			}
		case *ast.SequenceNode:
			refused = errors.New("an expression is one value; use the steps SetVariable, If and ForEach for the rest")
		case *ast.BuiltinNode: // Those with a loop are part of expr-lang's syntax, and can't be taken away there.
			if refusedFunctions[n.Name] != "" {
				refused = noFunction(n.Name)
			}
		case *ast.BinaryNode:
			if text, isText := n.Right.(*ast.StringNode); isText && n.Operator == "matches" && len(text.Value) > maxPattern {
				refused = longPattern(text.Value)
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

// longestText returns the length in bytes of the longest text in a value, at any depth.
func longestText(value any) int {
	longest := 0

	switch v := value.(type) {
	case string:
		return len(v)
	case []any:
		for _, entry := range v {
			longest = max(longest, longestText(entry))
		}
	case map[string]any:
		for _, entry := range v { //workflowcheck:ignore // The longest is the same in every order.
			longest = max(longest, longestText(entry))
		}
	}

	return longest
}

// SizeOf is roughly how many bytes a value takes as JSON, for bounds of what a job keeps.
func SizeOf(value any) int {
	const scalar = 8

	size := scalar

	switch v := value.(type) {
	case string:
		size += len(v)
	case []any:
		for _, entry := range v {
			size += SizeOf(entry)
		}
	case map[string]any:
		for name, entry := range v { //workflowcheck:ignore // The sum is the same in every order.
			size += len(name) + SizeOf(entry)
		}
	}

	return size
}
