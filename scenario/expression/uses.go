package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"
)

// uses are the names that an expression uses. Only their values are converted for it, so that its cost does not depend on the
// number of declared names.
type uses struct {
	names    []string
	steps    []string // The steps whose outcomes it reads by name: steps.load, steps["load"].
	anyStep  bool     // Whether it may read the outcome of any step: keys(steps).
	calls    []string // The functions that it calls, except built-in functions of expr.
	hasLoops bool     // Whether it has a predicate.
}

// usesOf returns the names in a syntax tree, in their order.
func usesOf(tree ast.Node) uses {
	var (
		found    uses
		mentions []*ast.IdentifierNode
		called   = map[ast.Node]bool{} // The names of called functions; a value may have the same name.
		ofStep   = map[ast.Node]bool{} // The identifiers steps that the name of a step follows.
	)

	ast.Find(tree, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.IdentifierNode:
			mentions = append(mentions, n)
		case *ast.CallNode:
			called[n.Callee] = true
		case *ast.MemberNode:
			steps, isName := n.Node.(*ast.IdentifierNode)
			step, isText := n.Property.(*ast.StringNode)

			if isName && isText && steps.Value == NameSteps {
				ofStep[steps] = true
				found.steps = append(found.steps, step.Value)
			}
		case *ast.BuiltinNode: // The function now of expr-lang is replaced.
			if slices.Contains(momentNames, n.Name) {
				found.names = append(found.names, n.Name)
			}
		case *ast.PredicateNode:
			found.hasLoops = true
		}

		return false
	})

	for _, mention := range mentions {
		isStep := mention.Value == NameSteps
		found.anyStep = found.anyStep || isStep && !ofStep[mention]

		if !called[mention] || slices.Contains(momentNames, mention.Value) {
			found.names = append(found.names, mention.Value)
		}

		if called[mention] {
			found.calls = append(found.calls, mention.Value)
		}
	}

	return found
}

// NamesIn returns the names that an expression uses.
func NamesIn(expression string) []string {
	used, err := parseExpression(expression)
	if err != nil {
		return nil // The compiler reports it.
	}

	return used.names
}

// readsMoment reports whether one of the names is that of a function that reads the moment.
func (u uses) readsMoment() bool {
	return slices.ContainsFunc(u.names, func(name string) bool { return slices.Contains(momentNames, name) })
}

// untyped returns types for the names: any type for values, and the signatures of functions.
func (u uses) untyped() types.Map {
	env := types.Map{}
	functions := momentFunctions(Moment{})

	for _, name := range u.names {
		env[name] = types.Any

		if function, isFunction := functions[name]; isFunction {
			env[name] = types.TypeOf(function)
		}
	}

	return env
}
