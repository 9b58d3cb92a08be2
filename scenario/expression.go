package scenario

import (
	"encoding/json"
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

// Bounds of what one expression may take, so that none can hold up a workflow task.
const (
	maxExpressionNodes  = 1_000  // Nodes of its syntax tree.
	maxExpressionMemory = 50_000 // Values that it makes, in the unit of expr's own memory budget.
)

// clockFunctions read the clock or the machine's time zones: a replay would not get the same answer.
var clockFunctions = []string{"now", "date", "timezone"}

// mapFunctions are replaced by ones that go through a map in the order of its keys.
var mapFunctions = map[string]func(map[string]any, string) any{
	"keys":    func(_ map[string]any, key string) any { return key },
	"values":  func(object map[string]any, key string) any { return object[key] },
	"toPairs": func(object map[string]any, key string) any { return []any{key, object[key]} },
}

// compile checks an expression against the names and types in scope.
func compile(expression string, scope types.Map) (*vm.Program, error) {
	options := []expr.Option{expr.Env(scope), expr.MaxNodes(maxExpressionNodes)}

	for _, name := range clockFunctions {
		options = append(options, expr.DisableBuiltin(name))
	}

	for _, name := range slices.Sorted(maps.Keys(mapFunctions)) {
		options = append(options, expr.DisableBuiltin(name), expr.Function(name, inKeyOrder(mapFunctions[name])))
	}

	program, err := expr.Compile(expression, options...)
	if err != nil {
		return nil, expressionError(expression, err)
	}

	return program, nil
}

// inKeyOrder is an expression's function that maps each entry of an object, in the order of their keys.
func inKeyOrder(entry func(map[string]any, string) any) func(...any) (any, error) {
	return func(arguments ...any) (any, error) {
		if len(arguments) != 1 {
			return nil, errors.New("want one argument, an object")
		}

		value, err := fromExpr(arguments[0])
		if err != nil {
			return nil, err
		}

		object, ok := value.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("want an object, have %s", describe(value))
		}

		entries := make([]any, 0, len(object))
		for _, key := range slices.Sorted(maps.Keys(object)) {
			entries = append(entries, toExpr(entry(object, key)))
		}

		return entries, nil
	}
}

// evaluate runs an expression over the values in scope.
func evaluate(expression string, names types.Map, values map[string]any) (any, error) {
	program, err := compile(expression, names)
	if err != nil {
		return nil, err
	}

	machine := vm.VM{MemoryBudget: maxExpressionMemory}

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
	if located, ok := errors.AsType[*file.Error](err); ok {
		for _, name := range clockFunctions {
			if strings.Contains(located.Message, "unknown name "+name) {
				located.Message += "; an expression can't read the clock, its answer must stay the same in a replay"
			}
		}

		return fmt.Errorf("in ${%s}, column %d: %s", expression, located.Column+1, located.Message)
	}

	return fmt.Errorf("in ${%s}: %w", expression, err)
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
func fromExpr(value any) (any, error) {
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
		return listFromExpr(reflected)
	case reflect.Map:
		return objectFromExpr(reflected)
	default:
		return nil, fmt.Errorf("the result is a %T, which no parameter can hold", value)
	}
}

func listFromExpr(reflected reflect.Value) (any, error) {
	list := make([]any, reflected.Len())

	for i := range list {
		var err error
		if list[i], err = fromExpr(reflected.Index(i).Interface()); err != nil {
			return nil, err
		}
	}

	return list, nil
}

func objectFromExpr(reflected reflect.Value) (any, error) {
	object := make(map[string]any, reflected.Len())

	for entry := reflected.MapRange(); entry.Next(); {
		name, ok := reflect.TypeAssert[string](entry.Key())
		if !ok {
			return nil, fmt.Errorf("the result has the key %v; a key must be text", entry.Key().Interface())
		}

		var err error
		if object[name], err = fromExpr(entry.Value().Interface()); err != nil {
			return nil, err
		}
	}

	return object, nil
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
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	}

	encoded, err := json.Marshal(value)

	return string(encoded), err
}
