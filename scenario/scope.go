package scenario

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// JobScope are the values of the job that expressions read as job.id and so on.
type JobScope struct {
	ID        string
	AppID     string
	Scenario  string
	StartedAt time.Time
}

// Scope holds the values that expressions can read at one place of a running scenario: the variables and the outcomes of the
// ended steps of one list of steps, and those of the scopes around it. The scopes of one run are not safe for concurrent use.
type Scope struct {
	outer     *Scope
	names     jsonvalue.Object
	steps     jsonvalue.Object
	evaluator *expression.Evaluator
	variables map[string]Parameter // Variables of the app, by name.
}

// NewScope returns the outermost scope of a run of a scenario. variables are the app's; their values are looked up when an
// expression reads them. A parameter hides the app's variable of the same name.
func NewScope(job JobScope, variables []Parameter, parameters jsonvalue.Object) *Scope {
	names := jsonvalue.Object{expression.NameJob: map[string]any{
		"id": job.ID, "appId": job.AppID, "scenario": job.Scenario, "startedAt": expression.FormatTimestamp(job.StartedAt),
	}}

	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		names[name] = parameters[name]
	}

	declared := make(map[string]Parameter, len(variables))
	for _, variable := range variables {
		declared[variable.Name] = variable
	}

	return &Scope{names: names, steps: jsonvalue.Object{}, evaluator: &expression.Evaluator{}, variables: declared}
}

// Inner returns the scope of a list of steps within this scope. The given maps store its variables and the outcomes of its
// steps, so that the caller can rebuild the scope from them.
func (s *Scope) Inner(names, steps jsonvalue.Object) *Scope {
	return &Scope{outer: s, names: names, steps: steps, evaluator: s.evaluator, variables: s.variables}
}

// AddStep adds the outcome of a step that has ended, for the steps after it in this list and in nested lists.
func (s *Scope) AddStep(name string, outcome jsonvalue.Object) {
	s.steps[name] = map[string]any(outcome)
}

// Set sets the nearest variable of that name or, if there is none, adds the variable to this scope. It returns an error if the
// value does not have the variable's type; null has every type.
func (s *Scope) Set(name string, value any) error {
	at := s.holderOf(name)
	if at == nil {
		s.names[name] = value

		return nil
	}

	before, now := schema.KindOf(at.names[name]), schema.KindOf(value)

	switch {
	case before == "" || now == "" || before == now:
		at.names[name] = value
	case before == schema.Number && now == schema.Integer:
		at.names[name] = float64(value.(int64)) //nolint:forcetypeassert // Its kind is checked above.
	case before == schema.Decimal && now == schema.Integer:
		at.names[name], _ = toDecimal(value)
	case before == schema.Integer && now == schema.Decimal:
		return fmt.Errorf("%s is an integer from where it begins, this is %s; let it begin as decimal(0)",
			name, jsonvalue.Describe(value))
	case before == schema.Integer && now == schema.Number:
		return fmt.Errorf("%s is an integer from where it begins, this is %s; let it begin as 0.0 if it may have a fraction",
			name, jsonvalue.Describe(value))
	default:
		return fmt.Errorf("%s is %s from where it begins, this is %s", name, before, jsonvalue.Describe(value))
	}

	return nil
}

// Declare adds the variable of a SetVariable that was skipped or has failed. The variable is null, unless it exists already.
func (s *Scope) Declare(name string) {
	if s.holderOf(name) == nil {
		s.names[name] = nil
	}
}

// holderOf returns the nearest scope with the variable, or nil.
func (s *Scope) holderOf(name string) *Scope {
	for at := s; at != nil; at = at.outer {
		if _, known := at.names[name]; known {
			return at
		}
	}

	return nil
}

// Size estimates the size of the scope's own variables and outcomes as JSON, in bytes.
func (s *Scope) Size() int {
	return jsonvalue.SizeOf(map[string]any(s.names)) + jsonvalue.SizeOf(map[string]any(s.steps))
}

// Cost returns the total cost of the expressions that this run of the scenario has evaluated, in the unit of
// [expression.Evaluator.Cost].
func (s *Scope) Cost() int64 { return s.evaluator.Cost() }

// ConvertVariable returns a value as the type of the app's variable of that name.
func (s *Scope) ConvertVariable(name string, value any) (any, error) {
	variable, declared := s.variables[name]
	if !declared {
		return nil, fmt.Errorf("the app declares no variable %s", name)
	}

	converted, mismatch := variable.Convert(value)
	if mismatch != "" {
		return nil, errors.New(mismatch)
	}

	return converted, nil
}

// Lookup returns the value of a name, or nil if there is no such name. It implements [expression.Scope].
func (s *Scope) Lookup(name string, moment expression.Moment) (any, error) {
	if at := s.holderOf(name); at != nil {
		return at.names[name], nil
	}

	declared, ofApp := s.variables[name]
	if !ofApp {
		return nil, nil //nolint:nilnil // An unknown name has the value nil.
	}

	value, isSet, err := moment.Variable(name)
	if err != nil || !isSet {
		return declared.Default, err
	}

	converted, mismatch := declared.Convert(value)
	if mismatch != "" {
		return nil, fmt.Errorf("the app's variable %s holds another type than app.yaml declares: %s", name, mismatch)
	}

	return converted, nil
}

// Outcomes returns the outcomes of the named steps that have ended, or of all steps. It implements [expression.Scope].
func (s *Scope) Outcomes(steps []string, all bool) map[string]any {
	found := map[string]any{}

	for at := s; at != nil; at = at.outer {
		names := steps
		if all {
			names = slices.Sorted(maps.Keys(at.steps))
		}

		for _, name := range names {
			outcome, known := at.steps[name]
			if _, hidden := found[name]; known && !hidden {
				found[name] = outcome
			}
		}
	}

	return found
}

// Resolve returns the parameters of an operation with their expressions replaced by values, and checks them against the
// operation's definition. Fields with [schema.Field.Lazy] are returned unevaluated. The error is [*expression.Missing] if
// values must be looked up first, otherwise a [problem.List] whose paths begin with the parameter's name.
func (s *Scope) Resolve(opName string, params jsonvalue.Object, moment expression.Moment) (jsonvalue.Object, error) {
	operation, ok := OperationNamed(opName)
	if !ok {
		return nil, problem.List{{Code: problem.CodeOperationUnknown, Message: fmt.Sprintf("unknown operation %s", opName)}}
	}

	var check schema.Checker

	resolved, values := jsonvalue.Object{}, jsonvalue.Object{}

	err := expression.CollectMissing(len(operation.Fields), func(i int) error {
		field := operation.Fields[i]

		raw, given := params[field.Name]
		if given && field.Lazy {
			resolved[field.Name] = raw
		}

		if !given || field.Lazy {
			return nil
		}

		value, found, err := s.evaluate(field, raw, moment.At(field.Name))
		if _, missing := errors.AsType[*expression.Missing](err); missing {
			return err
		}

		if err != nil {
			check.Addf(field.Name, problem.CodeExpressionInvalid, "%v", err)

			return nil
		}

		resolved[field.Name] = value
		maps.Copy(values, found)

		return nil
	})
	if err != nil {
		return nil, err
	}

	addToBind(&check, resolved, values)

	// A parameter whose expression failed would be reported as missing.
	if len(check.Problems) == 0 {
		checkResolved(&check, operation, resolved)
	}

	return resolved, check.Problems.Err()
}

// evaluate returns the value of a field of an operation. Of a query, it also returns the values of the expressions in it.
func (s *Scope) evaluate(field schema.Field, raw any, moment expression.Moment) (any, jsonvalue.Object, error) {
	if text, isText := raw.(string); isText && len(field.Query) > 0 {
		return s.evaluator.Query(text, s, moment)
	}

	value, err := s.evaluator.Evaluate(raw, s, moment)

	return value, nil, err
}

// addToBind adds the values of the expressions in a query to the parameter bind.
func addToBind(check *schema.Checker, params, values jsonvalue.Object) {
	if len(values) == 0 {
		return
	}

	bind, isObject := params["bind"].(map[string]any)
	if !isObject && params["bind"] != nil {
		return // Reported when the parameters are checked.
	}

	if conflict := BindConflict(bind, len(values)); conflict != "" {
		check.Addf("bind", problem.CodeValueInvalid, "%s", conflict)

		return
	}

	bound := map[string]any(values)
	maps.Copy(bound, bind)
	params["bind"] = bound
}

// BindConflict returns why bind can't have one of its names in a query with that number of expressions, or "".
func BindConflict(bind map[string]any, expressions int) string {
	for number := range expressions {
		name := expression.BindName(number + 1)
		if _, taken := bind[name]; taken {
			return fmt.Sprintf("bind can't have the name %s, which stands for an expression in the query; "+
				"choose another name", name)
		}
	}

	return ""
}

// checkResolved checks parameters whose expressions were evaluated.
func checkResolved(check *schema.Checker, operation Operation, params jsonvalue.Object) {
	eager := params

	if len(operation.eager) < len(operation.Fields) {
		eager = jsonvalue.Object{}

		for _, field := range operation.eager {
			if value, given := params[field.Name]; given {
				eager[field.Name] = value
			}
		}
	}

	check.Object("", map[string]any(eager), operation.eager, check.Field)

	if len(check.Problems) > 0 {
		return
	}

	if field, message := operation.CheckParams(params); message != "" {
		check.Addf(field, problem.CodeValueInvalid, "%s", message)
	}
}

// Evaluate returns a value with the expressions in it, at any depth, replaced by their values. The error is
// [*expression.Missing] if values must be looked up first.
func (s *Scope) Evaluate(value any, moment expression.Moment) (any, error) {
	return s.evaluator.Evaluate(value, s, moment)
}

// Condition evaluates a condition. The error is [*expression.Missing] if values must be looked up first.
func (s *Scope) Condition(value any, moment expression.Moment) (bool, error) {
	resolved, err := s.Evaluate(value, moment)
	if err != nil {
		return false, err
	}

	holds, ok := resolved.(bool)
	if !ok {
		return false, fmt.Errorf("a condition gives true or false, this gives %s", jsonvalue.Describe(resolved))
	}

	return holds, nil
}
