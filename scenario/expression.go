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

// compile checks an expression against the names and types in scope.
func compile(expression string, scope types.Map) (*vm.Program, error) {
	if len(expression) > maxExpression {
		return nil, fmt.Errorf("an expression has at most %d bytes, this has %d", maxExpression, len(expression))
	}

	if err := checkWork(expression); err != nil {
		return nil, expressionError(expression, err)
	}

	options := append([]expr.Option{expr.Env(scope), expr.MaxNodes(maxNodes)}, functions()...)

	program, err := expr.Compile(expression, options...)
	if err != nil {
		return nil, expressionError(expression, err)
	}

	return program, nil
}

// evaluate runs an expression over the values in scope.
func evaluate(expression string, names types.Map, values map[string]any) (any, error) {
	program, err := compile(expression, names)
	if err != nil {
		return nil, err
	}

	machine := vm.VM{MemoryBudget: maxMemory}

	result, err := machine.Run(program, toExpr(values))
	if err != nil {
		return nil, expressionError(expression, err)
	}

	value, err := fromExpr(result)
	if err != nil {
		return nil, fmt.Errorf("in ${%s}: %w", expression, err)
	}

	return value, nil
}

// expressionError says what is wrong in one line.
func expressionError(expression string, err error) error {
	located, ok := errors.AsType[*file.Error](err)
	if !ok {
		return fmt.Errorf("in ${%s}: %w", expression, err)
	}

	if name, isName := strings.CutPrefix(located.Message, "unknown name "); isName && refusedFunctions[name] != "" {
		located.Message = noFunction(name).Error()
	}

	return fmt.Errorf("in ${%s}, column %d: %s", expression, located.Column+1, located.Message)
}

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

// exprType returns the type that the values of a standard type have in expressions.
func exprType(t source.Type) types.Type {
	switch t {
	case source.Integer:
		return types.Int
	case source.Float:
		return types.Float64
	case source.Boolean:
		return types.Bool
	case source.Text, source.Date, source.Timestamp, source.Binary:
		return types.String
	}

	return types.Any
}

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

// written is a value as it stands inside text.
func written(value any) (string, error) {
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
