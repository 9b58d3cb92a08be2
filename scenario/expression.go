package scenario

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"github.com/jobwright/jobwright/source"
)

// compile checks an expression, which [parseExpression] has read, against the names and types in scope.
func compile(expression string, scope types.Map, more ...expr.Option) (*vm.Program, error) {
	options := slices.Concat([]expr.Option{expr.MaxNodes(maxNodes), expr.Env(scope)}, functions(), more)

	program, err := expr.Compile(expression, options...)
	if err != nil {
		return nil, expressionError(expression, err)
	}

	return program, nil
}

// evaluator evaluates the expressions of one run of a scenario, and keeps what it compiled for the next time.
type evaluator struct {
	variables map[string]Parameter // Those of the app.
	templates map[string]template
	programs  map[string]*program
	work      int64
}

// program is a compiled expression.
type program struct {
	uses

	code   *vm.Program
	budget *budget // What the code charges while it runs.
}

// maxCompiled bounds how many expressions an evaluator keeps.
const maxCompiled = 10_000

// template takes a text apart.
func (e *evaluator) template(text string) (template, error) {
	if known, ok := e.templates[text]; ok {
		return known, nil
	}

	parsed, err := parseTemplate(text)
	if err != nil {
		return nil, err
	}

	if e.templates == nil || len(e.templates) >= maxCompiled {
		e.templates = map[string]template{}
	}

	e.templates[text] = parsed

	return parsed, nil
}

// program compiles an expression. Its names and types were checked when the scenario was read; here it takes the types that
// the values have.
func (e *evaluator) program(expression string) (*program, error) {
	if known, ok := e.programs[expression]; ok {
		return known, nil
	}

	used, err := parseExpression(expression)
	if err != nil {
		return nil, err
	}

	budget := &budget{}

	code, err := compile(expression, used.untyped(), budget.options()...)
	if err != nil {
		return nil, err
	}

	compiled := &program{code: code, budget: budget, uses: used}

	if len(e.programs) >= maxCompiled {
		e.programs = map[string]*program{}
	}

	e.programs[expression] = compiled

	return compiled, nil
}

// Work is measured in expressions without a loop. One with a loop counts for more, by how much it may look at again and
// again; so does one that goes through much text.
const (
	workOfLoop   = 10
	bytesOfWork  = 16
	effortOfWork = 64 << 10
)

// evaluate runs an expression over what the scope and the moment hold.
func (e *evaluator) evaluate(expression string, scope *Scope, moment Moment) (any, error) {
	program, err := e.program(expression)
	if err != nil {
		return nil, err
	}

	e.work++
	if program.hasLoops {
		e.work += workOfLoop
	}

	env, err := e.env(program, scope, moment)
	if err != nil {
		return nil, err
	}

	machine := vm.VM{MemoryBudget: maxMemory}
	*program.budget = budget{} // Also without the patterns that it keeps, so that what they count never depends on the past.

	result, err := machine.Run(program.code, env)
	e.work += int64(program.budget.effort / effortOfWork)

	if err != nil {
		return nil, expressionError(expression, err)
	}

	value, err := fromExpr(result)
	if err != nil {
		return nil, fmt.Errorf("in ${%s}: %w", expression, err)
	}

	return value, nil
}

// env returns the values of the names that a program may use, in the form that expr computes with.
func (e *evaluator) env(program *program, scope *Scope, moment Moment) (map[string]any, error) {
	var functions map[string]any
	if program.readsMoment() {
		functions = momentFunctions(moment)
	}

	env := make(map[string]any, len(program.names))

	return env, missingOf(len(program.names), func(i int) (err error) {
		name := program.names[i]

		value, known := scope.lookup(name)
		declared, ofApp := e.variables[name]

		switch function, isFunction := functions[name]; {
		case isFunction:
			env[name] = function

			return nil
		case name == nameSteps:
			value = scope.outcomes(program.uses)
		case !known && ofApp:
			if value, err = moment.variable(declared); err != nil {
				return err
			}
		}

		if program.hasLoops {
			e.work += int64(SizeOf(value) / bytesOfWork)
		}

		if program.hasLoops && longestText(value) > maxLoopText {
			return fmt.Errorf("%s holds a text of more than %d bytes, too long for a function that goes through a list",
				name, maxLoopText)
		}

		env[name] = toExpr(value)

		return nil
	})
}

// expressionError says what is wrong in one line. The error is [*unknownNameError] for a name that is not known, and
// [*unknownFieldError] for a field.
func expressionError(expression string, err error) error {
	located, ok := errors.AsType[*file.Error](err)
	if !ok {
		return fmt.Errorf("in ${%s}: %w", expression, err)
	}

	message := located.Message

	name, isName := strings.CutPrefix(message, "unknown name ")
	field, isField := strings.CutPrefix(message, "unknown field ")
	if isName && refusedFunctions[name] != "" {
		message, isName = noFunction(name).Error(), false
	}

	if hint := javascriptHint(expression); hint != "" {
		message, isName, isField = message+"; this looks like JavaScript: "+hint, false, false
	}

	told := fmt.Errorf("in ${%s}, column %d: %s", expression, located.Column+1, message)

	switch {
	case isName:
		return &unknownNameError{error: told, name: name}
	case isField:
		return &unknownFieldError{error: told, field: field}
	default:
		return told
	}
}

type (
	// unknownNameError is the error of an expression that uses a name which is not known.
	unknownNameError struct {
		error

		name string
	}

	// unknownFieldError is the error of an expression that reads a field which there is not.
	unknownFieldError struct {
		error

		field string
	}
)

// resultForm returns the form of what a compiled expression gives, or "" where only running it can tell.
func resultForm(program *vm.Program) form {
	t := program.Node().Type()
	if t == nil {
		return ""
	}

	switch t.Kind() {
	case reflect.String:
		return formText
	case reflect.Int, reflect.Int64:
		return formInteger
	case reflect.Float64:
		return formNumber
	case reflect.Bool:
		return formBoolean
	case reflect.Slice:
		return formList
	case reflect.Map:
		return formObject
	default:
		return ""
	}
}

// formOfType returns the form of the values of a standard type.
func formOfType(t source.Type) form {
	switch t {
	case source.Integer:
		return formInteger
	case source.Float:
		return formNumber
	case source.Boolean:
		return formBoolean
	case source.Array:
		return formList
	case source.JSON:
		return formAny
	case source.Text, source.Decimal, source.Date, source.Time, source.Datetime, source.Timestamp, source.Binary, source.UUID:
		return formText
	}

	return ""
}

// exprType returns the type that the values of a standard type have in expressions.
func exprType(t source.Type) types.Type { return typeOfForm(formOfType(t)) }

// toExpr turns a value of the language into the form that expr computes with, where an integer is an int.
func toExpr(value any) any {
	switch v := value.(type) {
	case int64:
		return int(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = toExpr(v[i])
		}

		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name := range v {
			object[name] = toExpr(v[name])
		}

		return object
	case Params:
		return toExpr(map[string]any(v))
	}

	return value
}

// fromExpr turns what an expression gave into a value of the language.
func fromExpr(value any) (any, error) { return new(size).fromExpr(value) }

func (s *size) fromExpr(value any) (any, error) {
	text, _ := value.(string)
	if err := s.add(text); err != nil {
		return nil, err
	}

	switch v := value.(type) {
	case nil, bool, string:
		return v, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("the result is no number")
		}

		return v, nil
	}

	reflected := reflect.ValueOf(value)

	switch reflected.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return reflected.Int(), nil
	case reflect.Slice, reflect.Array:
		return s.listFromExpr(reflected)
	case reflect.Map:
		return s.objectFromExpr(reflected)
	default:
		return nil, fmt.Errorf("the result is a %T, which no parameter can hold", value)
	}
}

func (s *size) listFromExpr(reflected reflect.Value) (any, error) {
	list := make([]any, reflected.Len())

	for i := range list {
		var err error
		if list[i], err = s.fromExpr(reflected.Index(i).Interface()); err != nil {
			return nil, err
		}
	}

	return list, nil
}

func (s *size) objectFromExpr(reflected reflect.Value) (any, error) {
	entries := make(map[string]any, reflected.Len())

	for entry := reflected.MapRange(); entry.Next(); {
		name, ok := reflect.TypeAssert[string](entry.Key())
		if !ok {
			return nil, errors.New("a key must be text")
		}

		entries[name] = entry.Value().Interface()
	}

	// In the order of the keys, so that of several errors it is always the same one.
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		value, err := s.fromExpr(entries[name])
		if err != nil {
			return nil, err
		}

		entries[name] = value
	}

	return entries, nil
}

// Text is a value as it stands inside text: a number by its digits, a list or an object as JSON. NULL has no text.
func Text(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", errors.New("it gives nothing; say what to write instead, as in ${x ?? \"none\"}")
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return formatFloat(v), nil
	}

	return encode(value)
}

// formatFloat writes a float as people do, unless it is so large or small that only an exponent keeps it readable: as
// encoding/json does.
func formatFloat(value float64) string {
	const smallest, largest = 1e-6, 1e21

	if magnitude := math.Abs(value); magnitude != 0 && (magnitude < smallest || magnitude >= largest) {
		return strconv.FormatFloat(value, 'e', -1, 64)
	}

	return strconv.FormatFloat(value, 'f', -1, 64)
}
