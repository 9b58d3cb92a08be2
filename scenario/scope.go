package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"
)

// The names that every expression sees beside the parameters of its scenario.
const (
	scopeJob   = "job"
	scopeSteps = "steps"
)

// JobScope is what expressions see of the job, as job.id and so on.
type JobScope struct {
	ID       string
	AppID    string
	Scenario string
}

// StepScope is what expressions see of an earlier step's outcome, as steps.<name>.rows and so on.
type StepScope struct {
	Rows       int64 // Records written or returned.
	DurationMs int64 // From the start of the step to its end, in milliseconds.
}

// Scope holds the names that the expressions of one step see, with their types and values. It belongs to one run of one
// scenario and grows as its steps end.
type Scope struct {
	names  types.Map
	steps  types.Map
	values map[string]any
}

// NewScope returns the scope of the first step of a scenario with those parameters and values for them. For a check that
// runs nothing, the values are empty.
func NewScope(parameters []Parameter, values Params, job JobScope) *Scope {
	steps := types.Map{}
	scope := &Scope{
		names: types.Map{
			scopeJob:   types.Map{"id": types.String, "appId": types.String, "scenario": types.String},
			scopeSteps: steps,
		},
		steps: steps,
		values: map[string]any{
			scopeJob:   map[string]any{"id": job.ID, "appId": job.AppID, "scenario": job.Scenario},
			scopeSteps: map[string]any{},
		},
	}

	for _, parameter := range parameters {
		scope.names[parameter.Name] = exprType(parameter.Type)
		scope.values[parameter.Name] = values[parameter.Name]
	}

	return scope
}

// AddStep makes the outcome of a step that has ended known to the steps after it. A step without a name adds nothing.
func (s *Scope) AddStep(name string, outcome StepScope) {
	if name == "" {
		return
	}

	s.steps[name] = types.Map{"rows": types.Int, "durationMs": types.Int}
	s.values[scopeSteps].(map[string]any)[name] = map[string]any{ //nolint:forcetypeassert // NewScope made it.
		"rows": outcome.Rows, "durationMs": outcome.DurationMs,
	}
}

// Resolve returns the parameters of a data operation with every expression replaced by its value, checked against the
// operation's definition. An error is [Problems]; their paths begin with the parameter's name.
func (s *Scope) Resolve(opName string, params Params) (Params, error) {
	operation, ok := dataOperation(opName)
	if !ok {
		return nil, Problems{{Code: CodeOperationUnknown, Message: fmt.Sprintf("unknown operation %s", opName)}}
	}

	var check checker

	resolved := Params{}

	for _, name := range slices.Sorted(maps.Keys(params)) {
		value, err := s.resolve(params[name])
		if err != nil {
			check.addf(name, CodeExpressionInvalid, "%v", err)

			continue
		}

		resolved[name] = value
	}

	// A parameter whose expression failed is not missing.
	if len(check.problems) == 0 {
		check.operation("", operation, resolved)
	}

	return resolved, check.problems.err()
}

// resolve replaces the expressions in a value, at any depth. What an expression gave is never looked at for expressions
// again: data does not turn into code.
func (s *Scope) resolve(value any) (any, error) {
	var err error

	switch v := value.(type) {
	case string:
		return s.resolveText(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			if list[i], err = s.resolve(v[i]); err != nil {
				return nil, err
			}
		}

		return list, nil
	case map[string]any:
		object := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if object[name], err = s.resolve(v[name]); err != nil {
				return nil, err
			}
		}

		return object, nil
	}

	return value, nil
}

func (s *Scope) resolveText(text string) (any, error) {
	parsed, err := parseTemplate(text)
	if err != nil {
		return nil, err
	}

	if parsed.isExpression() {
		return evaluate(parsed[0].text, s.names, s.values)
	}

	var whole strings.Builder

	for _, fragment := range parsed {
		if !fragment.isExpression {
			whole.WriteString(fragment.text)

			continue
		}

		value, err := evaluate(fragment.text, s.names, s.values)
		if err != nil {
			return nil, err
		}

		text, err := written(value)
		if err != nil {
			return nil, fmt.Errorf("in ${%s}: %w", fragment.text, err)
		}

		whole.WriteString(text)
	}

	return whole.String(), nil
}
