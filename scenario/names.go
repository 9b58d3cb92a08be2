package scenario

import (
	"slices"
	"sync"

	"github.com/expr-lang/expr/types"
)

// The names that mean something in every expression, or in a catch.
const (
	nameJob             = "job"
	nameSteps           = "steps"
	nameError           = "error"
	nameErrorMessage    = "errorMessage"
	nameErrorStackTrace = "errorStackTrace"
)

// nameKind says what a name stands for, in the words of messages about it.
type nameKind string

const (
	kindParameter   nameKind = "a parameter"
	kindVariable    nameKind = "a variable"
	kindAppVariable nameKind = "a variable of the app"
	kindLoopName    nameKind = "the name of a loop"
	kindErrorName   nameKind = "the name of an error"
)

// known is what validation knows of a name.
type known struct {
	kind nameKind
	form form // "" where only running it can tell.
	t    types.Type
}

// names are what expressions may use at one place of a scenario, as far as one list of steps adds to it. Lists of steps
// lie within each other, and so do the names: a list's own are forgotten at its end.
type names struct {
	outer *names
	own   map[string]known
	steps map[string]Operation // The operations of its steps before this place that have a name.
	apart bool                 // Whether the list runs at the same time as others, so that it must not set what lies around it.
}

// inner returns the names of a list of steps within this one.
func (n *names) inner() *names {
	return &names{outer: n, own: map[string]known{}, steps: map[string]Operation{}}
}

// find looks a name up, from the inside out. It tells whether the name lies beyond the border of a list that runs apart.
func (n *names) find(name string) (found known, beyond, ok bool) {
	for at := n; at != nil; at = at.outer {
		if found, ok := at.own[name]; ok {
			return found, beyond, true
		}

		beyond = beyond || at.apart
	}

	return known{}, false, false
}

// isApart reports whether this place runs at the same time as others of its scenario.
func (n *names) isApart() bool {
	for at := n; at != nil; at = at.outer {
		if at.apart {
			return true
		}
	}

	return false
}

// step looks up the operation of a step that is known here.
func (n *names) step(name string) (Operation, bool) {
	for at := n; at != nil; at = at.outer {
		if operation, ok := at.steps[name]; ok {
			return operation, true
		}
	}

	return Operation{}, false
}

// env returns the types of the names that an expression uses, as far as they are known.
func (n *names) env(used uses) types.Map {
	env := types.Map{}
	functions := momentFunctions(Moment{})

	for _, name := range used.names {
		found, _, ok := n.find(name)
		function, isFunction := functions[name]

		switch {
		case isFunction:
			env[name] = types.TypeOf(function)
		case name == nameJob:
			env[name] = types.Map{
				"id": types.String, "appId": types.String, "scenario": types.String, "startedAt": types.String,
			}
		case name == nameSteps:
			env[name] = n.stepTypes(used)
		case ok:
			env[name] = found.t
		}
	}

	return env
}

// stepTypes returns the types of the outcomes that an expression uses.
func (n *names) stepTypes(used uses) types.Type {
	if used.anyStep {
		return types.TypeOf(map[string]any{})
	}

	steps := types.Map{}

	for _, name := range used.steps {
		if operation, ok := n.step(name); ok {
			steps[name] = outcomeType(operation)
		}
	}

	return steps
}

// stepOutcome is what expressions read of every step that has ended, as steps.<name>.rows and so on.
type stepOutcome struct {
	Status     string `json:"status" description:"completed, failed or skipped."`
	Rows       int    `json:"rows" description:"The records that it wrote or returned."`
	Value      any    `json:"value" description:"What it gave: the records of a Transform with returnValue, the data of a signal, what a scenario returned."`
	DurationMs int    `json:"durationMs" description:"How long it took, in milliseconds."`
	Error      any    `json:"error" description:"Why it failed, where onError let the scenario go on, or nil: code, message, attempts, cause, and step with path, title, name, opName, scenario, file and line."`
}

// OutcomeFields returns what expressions read of every step that has ended.
func OutcomeFields() []Field { return outcomeFields() }

var outcomeFields = sync.OnceValue(fieldsOf[stepOutcome])

func outcomeType(operation Operation) types.Type {
	outcome := types.Map{}
	for _, field := range slices.Concat(OutcomeFields(), operation.Outcome) {
		outcome[field.Name] = typeOfForm(field.form)
	}

	outcome["error"] = errorType()

	return outcome
}

func errorType() types.Type {
	return types.Map{
		"code": types.String, "message": types.String, "attempts": types.Int, "cause": types.String,
		"step": types.Map{
			"path": types.String, "title": types.String, "name": types.String, "opName": types.String, "scenario": types.String,
			"file": types.String, "line": types.Int,
		},
	}
}

// addError makes known what a catch reads.
func (n *names) addError() {
	n.own[nameError] = known{kind: kindErrorName, form: formObject, t: errorType()}
	n.own[nameErrorMessage] = known{kind: kindErrorName, form: formText, t: types.String}
	n.own[nameErrorStackTrace] = known{kind: kindErrorName, form: formText, t: types.String}
}

// typeOfForm returns the type that expressions know values of a form by.
func typeOfForm(f form) types.Type {
	switch f { //nolint:exhaustive // Of the others, expressions know nothing.
	case formText:
		return types.String
	case formInteger:
		return types.Int
	case formNumber:
		return types.Float64
	case formBoolean:
		return types.Bool
	case formList:
		return types.TypeOf([]any{})
	default:
		return types.Any
	}
}

// formOfValue returns the form of a value that is known.
func formOfValue(value any) form {
	switch value.(type) {
	case string:
		return formText
	case int64:
		return formInteger
	case float64:
		return formNumber
	case bool:
		return formBoolean
	case []any:
		return formList
	case map[string]any:
		return formObject
	}

	return ""
}
