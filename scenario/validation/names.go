package validation

import (
	"slices"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
)

// nameKind is the kind of a name, for messages.
type nameKind string

const (
	kindParameter   nameKind = "a parameter"
	kindVariable    nameKind = "a variable"
	kindAppVariable nameKind = "a variable of the app"
	kindLoopName    nameKind = "the name of a loop"
	kindErrorName   nameKind = "the name of an error"
)

// known is a declared name.
type known struct {
	kind   nameKind
	t      expression.Type
	secret bool // Whether it is a secret parameter.
}

// names are the names that a list of steps adds for the expressions in it. They are nested like the lists, and their scope
// ends with their list.
type names struct {
	outer *names
	own   map[string]known
	steps map[string]scenario.Operation // The operations of its named steps before this place.
	apart bool                          // Whether the list runs concurrently and must not set outer variables.
}

// inner returns the names of a nested list of steps.
func (n *names) inner() *names {
	return &names{outer: n, own: map[string]known{}, steps: map[string]scenario.Operation{}}
}

// find looks up a name, from the innermost list outwards. beyond reports whether the name belongs to a list outside of a
// concurrent list.
func (n *names) find(name string) (found known, beyond, ok bool) {
	for at := n; at != nil; at = at.outer {
		if found, ok := at.own[name]; ok {
			return found, beyond, true
		}

		beyond = beyond || at.apart
	}

	return known{}, false, false
}

// isApart reports whether this place runs concurrently with other steps of its scenario.
func (n *names) isApart() bool {
	for at := n; at != nil; at = at.outer {
		if at.apart {
			return true
		}
	}

	return false
}

// step looks up the operation of a named step.
func (n *names) step(name string) (scenario.Operation, bool) {
	for at := n; at != nil; at = at.outer {
		if operation, ok := at.steps[name]; ok {
			return operation, true
		}
	}

	return scenario.Operation{}, false
}

// NameType returns the type of a name. It implements [expression.Declarations].
func (n *names) NameType(name string) (expression.Type, bool) {
	if name == expression.NameJob {
		return jobType(), true
	}

	found, _, ok := n.find(name)

	return found.t, ok
}

// StepType returns the type of the outcome of a step. It implements [expression.Declarations].
func (n *names) StepType(name string) (expression.Type, bool) {
	operation, ok := n.step(name)
	if !ok {
		return expression.Type{}, false
	}

	return outcomeType(operation), true
}

var (
	textType    = expression.Type{Kind: schema.Text}
	integerType = expression.Type{Kind: schema.Integer}
)

func objectType(fields map[string]expression.Type) expression.Type {
	return expression.Type{Kind: schema.Object, Fields: fields}
}

// jobType is the type of the name job, see [scenario.JobScope].
func jobType() expression.Type {
	return objectType(map[string]expression.Type{
		"id": textType, "appId": textType, "scenario": textType, "startedAt": textType,
	})
}

func outcomeType(operation scenario.Operation) expression.Type {
	fields := map[string]expression.Type{}

	for _, field := range slices.Concat(scenario.OutcomeFields(), operation.Outcome) {
		kind, _ := field.Form.(schema.Kind)
		fields[field.Name] = expression.Type{Kind: kind}
	}

	fields["error"] = errorType()

	return objectType(fields)
}

func errorType() expression.Type {
	return objectType(map[string]expression.Type{
		"code": textType, "message": textType, "attempts": integerType, "cause": textType,
		"step": objectType(map[string]expression.Type{
			"path": textType, "title": textType, "name": textType, "opName": textType, "scenario": textType,
			"file": textType, "line": integerType,
		}),
	})
}

// addError declares the names that steps of a catch read.
func (n *names) addError() {
	n.own[expression.NameError] = known{kind: kindErrorName, t: errorType()}
	n.own[expression.NameErrorMessage] = known{kind: kindErrorName, t: textType}
	n.own[expression.NameErrorStackTrace] = known{kind: kindErrorName, t: textType}
}
