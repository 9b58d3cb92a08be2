package expression

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/problem"
)

// Type is the type of a value, as far as it is known before a job runs.
type Type struct {
	Kind   schema.Kind     // "" if it is known only at run time.
	Fields map[string]Type // The fields of an object; nil if they are known only at run time.
}

// expr returns the type for the compiler of expr.
func (t Type) expr() types.Type {
	if t.Fields != nil {
		fields := types.Map{}
		for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
			fields[name] = t.Fields[name].expr()
		}

		return fields
	}

	switch t.Kind { //nolint:exhaustive // Values of the other kinds have any type.
	case schema.Text:
		return types.String
	case schema.Integer:
		return types.Int
	case schema.Number:
		return types.Float64
	case schema.Boolean:
		return types.Bool
	case schema.List:
		return types.TypeOf([]any{})
	default:
		return types.Any
	}
}

// Declarations are the names that an expression can read at its place.
type Declarations interface {
	// NameType returns the type of the value with that name.
	NameType(name string) (Type, bool)

	// StepType returns the type of the outcome of the step with that name.
	StepType(name string) (Type, bool)
}

// Check compiles an expression against declarations. It returns the kind of the result, or "" if it is known only at run time.
// The error is [*UnknownNameError] or [*UnknownStepError] if the declarations lack a name.
func Check(source string, declared Declarations) (schema.Kind, error) {
	if callsIdentifier(source) {
		return "", fmt.Errorf("in ${%s}: identifier(…) quotes a name in a query or a script; it has no meaning elsewhere", source)
	}

	return CheckIdentifier(source, declared)
}

// CheckIdentifier is like [Check] for an expression in a query, which may be a call of identifier.
func CheckIdentifier(source string, declared Declarations) (schema.Kind, error) {
	used, err := parseExpression(source)
	if err != nil {
		return "", err
	}

	env := used.env(declared)

	program, err := compile(source, env)
	if err == nil {
		return resultKind(program), nil
	}

	for _, name := range used.steps {
		if _, known := declared.StepType(name); !known {
			return "", &UnknownStepError{error: fmt.Errorf("in ${%s}: no step named %s has ended here", source, name), Name: name}
		}
	}

	if unknown, ok := errors.AsType[*unknownFieldError](err); ok {
		if known := fieldsOf(source, env, unknown.field); known != nil {
			return "", fmt.Errorf("%w; %s", err, problem.Suggest(unknown.field, known))
		}
	}

	if unknown, ok := errors.AsType[*UnknownNameError](err); ok && slices.Contains(used.calls, unknown.Name) {
		//nolint:errorlint // The result is not an unknown value.
		return "", fmt.Errorf("%v; %s", err, problem.Suggest(unknown.Name, FunctionNames()))
	}

	return "", err
}

// env returns the types of the names that an expression uses, as far as they are declared.
func (u uses) env(declared Declarations) types.Map {
	env := types.Map{}
	functions := momentFunctions(Moment{})

	for _, name := range u.names {
		function, isFunction := functions[name]
		found, known := declared.NameType(name)

		switch {
		case isFunction:
			env[name] = types.TypeOf(function)
		case name == NameSteps:
			env[name] = u.stepTypes(declared)
		case known:
			env[name] = found.expr()
		}
	}

	return env
}

// stepTypes returns the types of the outcomes that an expression uses.
func (u uses) stepTypes(declared Declarations) types.Type {
	if u.anyStep {
		return types.TypeOf(map[string]any{})
	}

	steps := types.Map{}

	for _, name := range u.steps {
		if outcome, known := declared.StepType(name); known {
			steps[name] = outcome.expr()
		}
	}

	return steps
}

// fieldsOf returns the fields of the object in which an expression first reads the missing field, as far as they are known.
func fieldsOf(source string, env types.Map, missing string) []string {
	tree, err := parser.Parse(source)
	if err != nil {
		return nil
	}

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

// typeIn returns the type of a name, or of a field of a name, in env.
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

// compile compiles an expression, which [parseExpression] has accepted, against the types in env.
func compile(source string, env types.Map, more ...expr.Option) (*vm.Program, error) {
	options := slices.Concat([]expr.Option{expr.MaxNodes(MaxNodes), expr.Env(env)}, functions(), more)

	program, err := expr.Compile(source, options...)
	if err != nil {
		return nil, expressionError(source, err)
	}

	return program, nil
}

// resultKind returns the kind of the result of a compiled expression, or "" if it is known only at run time.
func resultKind(program *vm.Program) schema.Kind {
	t := program.Node().Type()
	if t == nil {
		return ""
	}

	switch t.Kind() {
	case reflect.String:
		return schema.Text
	case reflect.Int, reflect.Int64:
		return schema.Integer
	case reflect.Float64:
		return schema.Number
	case reflect.Bool:
		return schema.Boolean
	case reflect.Slice:
		return schema.List
	case reflect.Map:
		return schema.Object
	default:
		return ""
	}
}

type (
	// UnknownNameError is the error of an expression that uses an undeclared name.
	UnknownNameError struct {
		error

		Name string
	}

	// UnknownStepError is the error of an expression that reads the outcome of a step that has not ended at its place.
	UnknownStepError struct {
		error

		Name string
	}

	// unknownFieldError is the error of an expression that reads a field that an object does not have.
	unknownFieldError struct {
		error

		field string
	}
)

// expressionError converts an error of expr to a message in one line. The error is [*UnknownNameError] for an unknown name and
// [*unknownFieldError] for an unknown field.
func expressionError(source string, err error) error {
	located, ok := errors.AsType[*file.Error](err)
	if !ok {
		return fmt.Errorf("in ${%s}: %w", source, err)
	}

	message := located.Message

	name, isName := strings.CutPrefix(message, "unknown name ")
	field, isField := strings.CutPrefix(message, "unknown field ")

	if isName && refusedFunctions[name] != "" {
		message, isName = refusedFunction(name).Error(), false
	}

	message = plainMessage(source, message)

	if queryWithin.MatchString(source) {
		message += "; a query can't stand within an expression: set a variable to it first"
		isName, isField = false, false
	}

	if hint := javascriptHint(source); hint != "" {
		message, isName, isField = message+"; this looks like JavaScript: "+hint, false, false
	}

	inLine := fmt.Errorf("in ${%s}, column %d: %s", source, located.Column+1, message)

	switch {
	case isName:
		return &UnknownNameError{error: inLine, Name: name}
	case isField:
		return &unknownFieldError{error: inLine, field: field}
	default:
		return inLine
	}
}
