package scenario

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
)

// isName reports whether a parameter, a variable or an entry of a loop can have the name.
func isName(name string) bool {
	return identifier.MatchString(name) && !slices.Contains(reservedNames, name)
}

// explain adds to the error of an expression what its author probably meant: a name that is known elsewhere, or one that is
// nearly the same.
func (c *checker) explain(expression string, used uses, err error) error {
	for _, name := range used.steps {
		if _, known := c.names.step(name); !known {
			return fmt.Errorf("in ${%s}: no step named %s has ended here; %s", expression, name,
				c.elsewhere(name, (*document).stepLine, c.stepNames()))
		}
	}

	if unknown, ok := errors.AsType[*unknownFieldError](err); ok {
		if known := c.fieldNames(expression, used, unknown.field); known != nil {
			return fmt.Errorf("%w; %s", err, Suggest(unknown.field, known))
		}
	}

	unknown, ok := errors.AsType[*unknownNameError](err)

	switch {
	case !ok:
		return err
	case slices.Contains(used.calls, unknown.name):
		return fmt.Errorf("%w; %s", err, Suggest(unknown.name, functionNames()))
	default:
		return fmt.Errorf("%w; %s", err, c.elsewhere(unknown.name, (*document).variableLine, c.valueNames()))
	}
}

// fieldNames returns the fields of the object of which an expression first reads one that it does not have, as far as they
// are known.
func (c *checker) fieldNames(expression string, used uses, missing string) []string {
	tree, err := parser.Parse(expression)
	if err != nil {
		return nil
	}

	env := c.names.env(used)

	var found []string

	ast.Find(tree.Node, func(node ast.Node) bool {
		member, isMember := node.(*ast.MemberNode)
		if !isMember {
			return false
		}

		fields, isObject := typeIn(member.Node, env).(types.Map)
		property, isName := member.Property.(*ast.StringNode)

		if isObject && isName && property.Value == missing && fields[missing] == nil {
			found = slices.Sorted(maps.Keys(fields))
		}

		return found != nil
	})

	return found
}

// typeIn returns the type of a name, or of a field of one.
func typeIn(node ast.Node, env types.Map) types.Type {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		return env[n.Value]
	case *ast.MemberNode:
		fields, isObject := typeIn(n.Node, env).(types.Map)
		if property, isName := n.Property.(*ast.StringNode); isObject && isName {
			return fields[property.Value]
		}
	}

	return nil
}

// elsewhere says in which line of the file a name that is not known here is given or, where in none, which known name is
// nearest.
func (c *checker) elsewhere(name string, line func(d *document, name string) int, known []string) string {
	if c.document != nil {
		if found := line(c.document, name); found > 0 {
			return fmt.Sprintf("%s is named in line %d, which is later or within a list of steps of its own", name, found)
		}
	}

	return Suggest(name, known)
}

func (c *checker) stepNames() []string {
	var found []string

	for at := c.names; at != nil; at = at.outer {
		found = append(found, slices.Collect(maps.Keys(at.steps))...) //nolint:forbidigo // They are sorted below.
	}

	slices.Sort(found)

	return found
}

func (c *checker) valueNames() []string {
	found := []string{nameJob, nameSteps}

	for at := c.names; at != nil; at = at.outer {
		found = append(found, slices.Collect(maps.Keys(at.own))...) //nolint:forbidigo // They are sorted below.
	}

	slices.Sort(found)

	return slices.Compact(found)
}
