package expression

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/expr-lang/expr/vm"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Scope provides the values that expressions read.
type Scope interface {
	// Lookup returns the value of a name, or nil if there is no such name. The error is [*Missing] if the value must be looked
	// up first.
	Lookup(name string, moment Moment) (any, error)

	// Outcomes returns the outcomes of the named steps that have ended, or of all steps, by their names.
	Outcomes(steps []string, all bool) map[string]any
}

// Evaluator evaluates the expressions of one run of a scenario, and adds up their cost. It is not safe for concurrent use. The
// zero Evaluator is ready to use.
type Evaluator struct{ cost int64 }

// program is a compiled expression.
type program struct {
	uses

	code *vm.Program
	cost *costMeter // Adds up the cost of a run.

	// The program for values with decimals. It is nil until the expression first has such a value.
	decimal *vm.Program
}

// Cost returns the total cost of the evaluated expressions. The unit is the cost of an expression without a loop; loops and
// expressions that read or create much text cost more.
func (e *Evaluator) Cost() int64 { return e.cost }

// Evaluate returns a value with the expressions in it, at any depth, replaced by their results. Results are not searched for
// expressions: data never becomes code. The error is [*Missing] if values must be looked up first.
func (e *Evaluator) Evaluate(value any, scope Scope, moment Moment) (any, error) {
	switch v := value.(type) {
	case string:
		return e.text(v, scope, moment)
	case []any:
		list := make([]any, len(v))

		return list, CollectMissing(len(v), func(i int) (err error) {
			list[i], err = e.Evaluate(v[i], scope, moment.At(strconv.Itoa(i)))

			return err
		})
	case map[string]any:
		object := make(map[string]any, len(v))
		fields := slices.Sorted(maps.Keys(v))

		return object, CollectMissing(len(fields), func(i int) (err error) {
			object[fields[i]], err = e.Evaluate(v[fields[i]], scope, moment.At(fields[i]))

			return err
		})
	case jsonvalue.Object:
		return e.Evaluate(map[string]any(v), scope, moment)
	}

	return value, nil
}

func (e *Evaluator) text(text string, scope Scope, moment Moment) (any, error) {
	if isPlain(text) {
		return text, nil
	}

	parsed, err := parsedTemplate(text)
	if err != nil {
		return nil, err
	}

	if parsed.IsPlain() {
		return parsed[0].Text, nil
	}

	if parsed.IsAlone() {
		return e.fragment(parsed[0], scope, moment)
	}

	var whole strings.Builder

	err = CollectMissing(len(parsed), func(i int) error {
		if parsed[i].Kind == LiteralFragment {
			whole.WriteString(parsed[i].Text)

			return nil
		}

		value, err := e.fragment(parsed[i], scope, moment.At(strconv.Itoa(i)))
		if err != nil {
			return err
		}

		text, err := Text(value)

		switch {
		case value == nil && parsed[i].Kind == QueryFragment: // An expression can't contain a query.
			return fmt.Errorf("in %s: it finds nothing; set a variable to it first, and write what stands for nothing, "+
				"as in ${found ?? \"none\"}", parsed[i])
		case err != nil:
			return fmt.Errorf("in %s: %w", parsed[i], err)
		}

		whole.WriteString(text)

		return nil
	})

	return whole.String(), err
}

func (e *Evaluator) fragment(fragment Fragment, scope Scope, moment Moment) (any, error) {
	if fragment.Kind == ExpressionFragment {
		return e.expression(fragment.Text, scope, moment)
	}

	text, bind, err := e.query(fragment.Query, scope, moment)
	if err != nil {
		return nil, err
	}

	return moment.cell(Query{Source: fragment.Source, Query: text, Bind: bind})
}

// Query returns a query or a script as a source receives it, and the values of the expressions in it, by the names of its
// parameters. The error is [*Missing] if values must be looked up first.
func (e *Evaluator) Query(text string, scope Scope, moment Moment) (bound string, bind jsonvalue.Object, err error) {
	if isPlain(text) {
		return text, jsonvalue.Object{}, nil
	}

	parsed, isKnown := queries.get(text)
	if !isKnown {
		if parsed, err = ParseQueryText(text); err != nil {
			return "", nil, err
		}

		parsed = queries.add(text, parsed)
	}

	return e.query(parsed, scope, moment)
}

func (e *Evaluator) query(query QueryText, scope Scope, moment Moment) (bound string, bind jsonvalue.Object, err error) {
	bind = jsonvalue.Object{}

	return query.Text, bind, CollectMissing(len(query.Values), func(i int) (err error) {
		name := BindName(i + 1)
		bind[name], err = e.fragment(query.Values[i].Fragment, scope, moment.At(name))

		return err
	})
}

// isPlain reports whether a text certainly contains no expression and no query, so that it need not be parsed and cached.
func isPlain(text string) bool { return !strings.Contains(text, "$") }

// parsedTemplate returns the template of a text. Callers must not change it.
func parsedTemplate(text string) (Template, error) {
	if known, isKnown := templates.get(text); isKnown {
		return known, nil
	}

	parsed, err := ParseTemplate(text)
	if err != nil {
		return nil, err
	}

	return templates.add(text, parsed), nil
}

// takeProgram returns the program of an expression, and compiles it if all known ones are in use. The caller uses it alone until
// it calls release. Validation has checked the names and types of the expression; here the types of its values are dynamic.
func takeProgram(source string) (taken *program, release func(), err error) {
	idle, isKnown := programs.get(source)
	if isKnown {
		taken, _ = idle.Get().(*program)
	}

	if taken == nil {
		if taken, err = newProgram(source); err != nil {
			return nil, nil, err
		}
	}

	if !isKnown {
		idle = programs.add(source, &sync.Pool{})
	}

	return taken, func() {
		*taken.cost = costMeter{} // Cached patterns go too, so that the cost does not depend on earlier runs.
		idle.Put(taken)
	}, nil
}

// newProgram compiles an expression.
func newProgram(source string) (*program, error) {
	used, err := parseExpression(source)
	if err != nil {
		return nil, err
	}

	cost := &costMeter{}

	code, err := compile(source, used.untyped(), cost.options()...)
	if err != nil {
		return nil, err
	}

	return &program{code: code, cost: cost, uses: used}, nil
}

// Costs of an expression beyond its base cost of 1.
const (
	costOfLoop   = 10       // Of a loop.
	bytesPerCost = 16       // The bytes of values read by an expression with a loop that cost 1.
	meterPerCost = 64 << 10 // The bytes counted by a [costMeter] that cost 1.
)

// expression evaluates an expression.
func (e *Evaluator) expression(source string, scope Scope, moment Moment) (any, error) {
	program, release, err := takeProgram(source)
	if err != nil {
		return nil, err
	}
	defer release()

	e.cost++
	if program.hasLoops {
		e.cost += costOfLoop
	}

	env, err := e.env(program, scope, moment)
	if err != nil {
		return nil, err
	}

	machine := vm.VM{MemoryBudget: MaxValues}

	code := program.code

	if hasDecimals(env) || makesDecimals(source) {
		if code, err = program.forDecimals(source); err != nil {
			return nil, err
		}
	}

	result, err := machine.Run(code, env)
	e.cost += int64(program.cost.total / meterPerCost)

	if err != nil {
		return nil, expressionError(source, err)
	}

	value, err := fromExpr(result)
	if err != nil {
		return nil, fmt.Errorf("in ${%s}: %w", source, err)
	}

	return value, nil
}

// forDecimals compiles the program for values with decimals.
func (p *program) forDecimals(source string) (*vm.Program, error) {
	if p.decimal != nil {
		return p.decimal, nil
	}

	var err error

	// The order matters: the cost is that of the functions that replace operators.
	p.decimal, err = compile(source, p.untyped(), slices.Concat(decimals{p.cost}.options(), p.cost.options())...)

	return p.decimal, err
}

// env returns the values of the names that a program uses, converted for expr.
func (e *Evaluator) env(program *program, scope Scope, moment Moment) (map[string]any, error) {
	var functions map[string]any
	if program.readsMoment() {
		functions = momentFunctions(moment)
	}

	env := make(map[string]any, len(program.names))

	return env, CollectMissing(len(program.names), func(i int) (err error) {
		name := program.names[i]

		var value any

		switch function, isFunction := functions[name]; {
		case isFunction:
			env[name] = function

			return nil
		case name == NameSteps:
			value = scope.Outcomes(program.steps, program.anyStep)
		default:
			if value, err = scope.Lookup(name, moment); err != nil {
				return err
			}
		}

		if program.hasLoops {
			e.cost += int64(jsonvalue.SizeOf(value) / bytesPerCost)
		}

		if program.hasLoops && longestText(value) > MaxLoopText {
			return fmt.Errorf("%s holds a text of more than %d bytes, too long for a function that goes through a list",
				name, MaxLoopText)
		}

		env[name] = toExpr(value)

		return nil
	})
}
