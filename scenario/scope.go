package scenario

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// JobScope is what expressions see of the job, as job.id and so on.
type JobScope struct {
	ID        string
	AppID     string
	Scenario  string
	StartedAt time.Time
}

// Scope holds what the expressions at one place of a running scenario see: the names and the ended steps of one list of
// steps, within those of the lists around it. The scopes of one run belong to one goroutine at a time: the coroutines of a
// workflow take turns.
type Scope struct {
	outer     *Scope
	names     Params
	steps     Params
	evaluator *evaluator
}

// NewScope returns the outermost scope of a run of a scenario, with values for its parameters. Variables of the app that
// no parameter hides are looked up when an expression names them.
func NewScope(job JobScope, variables []Parameter, parameters Params) *Scope {
	names := Params{nameJob: map[string]any{
		"id": job.ID, "appId": job.AppID, "scenario": job.Scenario, "startedAt": formatTimestamp(job.StartedAt),
	}}

	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		names[name] = parameters[name]
	}

	evaluator := &evaluator{variables: map[string]Parameter{}, programs: map[string]*program{}}
	for _, variable := range variables {
		evaluator.variables[variable.Name] = variable
	}

	return &Scope{names: names, steps: Params{}, evaluator: evaluator}
}

// Inner returns the scope of a list of steps within this one. Its names and the outcomes of its steps are kept in the
// given maps, so that whoever holds them can build the scope anew.
func (s *Scope) Inner(names, steps Params) *Scope {
	return &Scope{outer: s, names: names, steps: steps, evaluator: s.evaluator}
}

// AddStep makes the outcome of a step that has ended known to the steps after it, in this list and in those within it.
func (s *Scope) AddStep(name string, outcome Params) { s.steps[name] = map[string]any(outcome) }

// Set gives a variable a value: the nearest one of that name or, where there is none, a new one of this scope. The error
// says that the value is not of the type that the variable has; null is of every type.
func (s *Scope) Set(name string, value any) error {
	at := s.holderOf(name)
	if at == nil {
		s.names[name] = value

		return nil
	}

	before, now := formOfValue(at.names[name]), formOfValue(value)

	switch {
	case before == "" || now == "" || before == now:
		at.names[name] = value
	case before == formNumber && now == formInteger:
		at.names[name] = float64(value.(int64)) //nolint:forcetypeassert // Its form says so.
	case before == formInteger && now == formNumber:
		return fmt.Errorf("%s is an integer from where it begins, this is %s; let it begin as 0.0 if it may have a fraction",
			name, describe(value))
	default:
		return fmt.Errorf("%s is %s from where it begins, this is %s", name, before, describe(value))
	}

	return nil
}

// Declare makes a variable known whose SetVariable was skipped or has failed: it is null, unless it has a value already.
func (s *Scope) Declare(name string) {
	if s.holderOf(name) == nil {
		s.names[name] = nil
	}
}

// holderOf returns the nearest scope that has the name, or nil.
func (s *Scope) holderOf(name string) *Scope {
	for at := s; at != nil; at = at.outer {
		if _, known := at.names[name]; known {
			return at
		}
	}

	return nil
}

// Size is roughly how many bytes the scope's own names and steps take as JSON.
func (s *Scope) Size() int { return SizeOf(map[string]any(s.names)) + SizeOf(map[string]any(s.steps)) }

// Work returns a measure of how much the expressions of this run of the scenario have computed so far.
func (s *Scope) Work() int64 { return s.evaluator.work }

// ConvertVariable returns a value as the type of the app's variable of that name.
func (s *Scope) ConvertVariable(name string, value any) (any, error) {
	variable, declared := s.evaluator.variables[name]
	if !declared {
		return nil, fmt.Errorf("the app declares no variable %s", name)
	}

	converted, mismatch := convert(variable.Type, value)
	if mismatch != "" {
		return nil, errors.New(mismatch)
	}

	return converted, nil
}

// lookup finds the value of a name, from the inside out.
func (s *Scope) lookup(name string) (any, bool) {
	if at := s.holderOf(name); at != nil {
		return at.names[name], true
	}

	return nil, false
}

// outcomes returns the outcomes of the steps that an expression uses.
func (s *Scope) outcomes(used uses) map[string]any {
	found := map[string]any{}

	for at := s; at != nil; at = at.outer {
		names := used.steps
		if used.anyStep {
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

// Resolve returns the parameters of an operation with the expressions in them replaced by their values, checked against
// the operation's definition; what is evaluated later ([Field].Lazy) stays as it is. The error is [*Missing] when
// something has to be looked up before, otherwise [Problems], whose paths begin with the parameter's name.
func (s *Scope) Resolve(opName string, params Params, moment Moment) (Params, error) {
	operation, ok := OperationNamed(opName)
	if !ok {
		return nil, Problems{{Code: CodeOperationUnknown, Message: fmt.Sprintf("unknown operation %s", opName)}}
	}

	var (
		check   checker
		missing Missing
	)

	resolved := Params{}

	for _, field := range operation.Fields {
		raw, given := params[field.Name]
		if !given {
			continue
		}

		if field.Lazy {
			resolved[field.Name] = raw

			continue
		}

		value, err := s.resolve(raw, moment.at(field.Name))

		switch lacks, lacking := errors.AsType[*Missing](err); {
		case lacking:
			missing.add(lacks)
		case err != nil:
			check.addf(field.Name, CodeExpressionInvalid, "%v", err)
		default:
			resolved[field.Name] = value
		}
	}

	if !missing.isNothing() {
		return nil, &missing
	}

	// A parameter whose expression failed is not missing.
	if len(check.problems) == 0 {
		check.resolved(operation, resolved)
	}

	return resolved, check.problems.err()
}

// resolved checks parameters whose expressions were evaluated.
func (c *checker) resolved(operation Operation, params Params) {
	fields := slices.DeleteFunc(slices.Clone(operation.Fields), func(f Field) bool {
		return f.Lazy || f.form.holdsSteps()
	})

	eager := maps.Clone(params)
	maps.DeleteFunc(eager, func(name string, _ any) bool {
		return !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name })
	})

	c.object("", map[string]any(eager), fields)

	if operation.rule != nil && len(c.problems) == 0 {
		if field, message := operation.rule(params); message != "" {
			c.addf(field, CodeValueInvalid, "%s", message)
		}
	}
}

// Evaluate returns a value with the expressions in it, at any depth, replaced by theirs. The error is [*Missing] when
// something has to be looked up before.
func (s *Scope) Evaluate(value any, moment Moment) (any, error) { return s.resolve(value, moment) }

// Condition evaluates a condition. The error is [*Missing] when something has to be looked up before.
func (s *Scope) Condition(value any, moment Moment) (bool, error) {
	resolved, err := s.resolve(value, moment)
	if err != nil {
		return false, err
	}

	holds, ok := resolved.(bool)
	if !ok {
		return false, fmt.Errorf("a condition gives true or false, this gives %s", describe(resolved))
	}

	return holds, nil
}

// resolve replaces the expressions in a value, at any depth. What an expression gave is never looked at for expressions
// again: data does not turn into code.
func (s *Scope) resolve(value any, moment Moment) (any, error) {
	switch v := value.(type) {
	case string:
		return s.resolveText(v, moment)
	case []any:
		list := make([]any, len(v))

		return list, missingOf(len(v), func(i int) (err error) {
			list[i], err = s.resolve(v[i], moment.at(strconv.Itoa(i)))

			return err
		})
	case map[string]any:
		object := make(map[string]any, len(v))
		fields := slices.Sorted(maps.Keys(v))

		return object, missingOf(len(fields), func(i int) (err error) {
			object[fields[i]], err = s.resolve(v[fields[i]], moment.at(fields[i]))

			return err
		})
	case Params:
		return s.resolve(map[string]any(v), moment)
	}

	return value, nil
}

func (s *Scope) resolveText(text string, moment Moment) (any, error) {
	parsed, err := s.evaluator.template(text)
	if err != nil {
		return nil, err
	}

	if parsed.isPlain() {
		return parsed[0].text, nil
	}

	if parsed.isAlone() {
		return s.fragment(parsed[0], moment)
	}

	var whole strings.Builder

	err = missingOf(len(parsed), func(i int) error {
		if parsed[i].kind == literalText {
			whole.WriteString(parsed[i].text)

			return nil
		}

		value, err := s.fragment(parsed[i], moment.at(strconv.Itoa(i)))
		if err != nil {
			return err
		}

		text, err := Text(value)
		if err != nil {
			return fmt.Errorf("in ${%s}: %w", parsed[i].text, err)
		}

		whole.WriteString(text)

		return nil
	})

	return whole.String(), err
}

func (s *Scope) fragment(fragment fragment, moment Moment) (any, error) {
	if fragment.kind == expressionText {
		return s.evaluator.evaluate(fragment.text, s, moment)
	}

	query := Query{Source: fragment.source, Query: fragment.text, Bind: Params{}}

	err := missingOf(len(fragment.bind), func(i int) (err error) {
		query.Bind[bindName(i+1)], err = s.evaluator.evaluate(fragment.bind[i], s, moment.at(bindName(i+1)))

		return err
	})
	if err != nil {
		return nil, err
	}

	return moment.cell(query)
}
