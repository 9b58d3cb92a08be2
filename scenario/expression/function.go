package expression

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// refusedFunctions are the functions of expr-lang that expressions cannot call, with the reason.
var refusedFunctions = map[string]string{
	"now":      "", // See momentFunctions.
	"date":     refusedTime,
	"duration": refusedTime,
	"timezone": refusedTime,
	"reduce":   refusedWork,
	"flatten":  refusedWork,
	"uniq":     refusedWork,
}

const (
	refusedTime = "dates and timestamps are text; use now, today, addTime, addDays, formatTime and secondsBetween"
	refusedWork = "the cost can't be limited"
)

// RefusedFunctions returns the functions of expr-lang that expressions cannot call, with the reason.
func RefusedFunctions() map[string]string {
	refused := maps.Clone(refusedFunctions)
	maps.DeleteFunc(refused, func(_, reason string) bool { return reason == "" })

	return refused
}

// FunctionNames returns the names of all functions that expressions can call, in order.
func FunctionNames() []string {
	config := conf.CreateNew()
	for _, option := range functions() {
		option(config)
	}

	names := slices.Concat(slices.Sorted(maps.Keys(config.Functions)), momentNames)

	for _, name := range builtin.Names {
		if !config.Disabled[name] && refusedFunctions[name] == "" {
			names = append(names, name)
		}
	}

	slices.Sort(names)

	return slices.Compact(names)
}

func refusedFunction(name string) error {
	return fmt.Errorf("there is no function %s; %s", name, refusedFunctions[name])
}

// functions returns options that disable functions of expr-lang and replace those that iterate over a map in random order,
// that round numbers, or whose results have no size limit.
func functions() []expr.Option {
	own := []struct {
		name string
		call func(...any) (any, error)
		form any // A pointer to a Go function with the signature.
	}{
		{nameDecimal, decimalOf, new(func(any, ...int) any)},
		{"keys", entries(func(key string, _ any) any { return key }), new(func(any) []any)},
		{"values", entries(func(_ string, value any) any { return value }), new(func(any) []any)},
		{"toPairs", entries(func(key string, value any) any { return []any{key, value} }), new(func(any) []any)},
		{"repeat", repeatText, new(func(string, int) string)},
		{"replace", ofTexts(replaceText), new(func(string, string, string) string)},
		{"join", joinTexts, new(func([]any, string) string)},
		{"split", partsOf(strings.SplitSeq), new(func(string, string) []any)},
		{"splitAfter", partsOf(strings.SplitAfterSeq), new(func(string, string) []any)},
		{"string", scalarText, new(func(any) string)},
		{"toJSON", toJSON, new(func(any) string)},
		{"fromJSON", ofTexts(fromJSON), new(func(string) any)},
		{nameIdentifier, ofTexts(identifierOf), new(func(string) string)},
		{"addTime", ofMoment(addTime), new(func(string, string) string)},
		{"addDays", addDays, new(func(string, int) string)},
		{"formatTime", ofMoment(formatTime), new(func(string, string) string)},
		{"secondsBetween", ofMoment(secondsBetween), new(func(string, string) float64)},
	}

	var options []expr.Option

	for _, name := range slices.Sorted(maps.Keys(refusedFunctions)) {
		options = append(options, expr.DisableBuiltin(name))
	}

	for _, function := range own {
		options = append(options, expr.DisableBuiltin(function.name), expr.Function(function.name, function.call, function.form))
	}

	return options
}

// entries returns a function that maps the entries of an object, in the order of their keys.
func entries(entry func(key string, value any) any) func(...any) (any, error) {
	return func(arguments ...any) (any, error) {
		value, err := fromExpr(arguments[0])
		if err != nil {
			return nil, err
		}

		object, ok := value.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("the argument must be an object, but is %s", jsonvalue.Describe(value))
		}

		list := make([]any, 0, len(object))
		for _, key := range slices.Sorted(maps.Keys(object)) {
			list = append(list, toExpr(entry(key, object[key])))
		}

		return list, nil
	}
}

// The signatures above declare the types of the arguments of the following functions. An argument whose type is known only at
// run time may have another type.

func repeatText(arguments ...any) (any, error) {
	text, isText := arguments[0].(string)
	count, isCount := arguments[1].(int)

	if !isText || !isCount || count < 0 {
		return nil, errors.New("the arguments must be a text and a count from 0")
	}

	if text != "" && count > MaxText/len(text) {
		return nil, tooLong()
	}

	return strings.Repeat(text, count), nil
}

func replaceText(texts []string) (any, error) {
	text, from, to := texts[0], texts[1], texts[2]
	if len(text)+strings.Count(text, from)*max(0, len(to)-len(from)) > MaxText {
		return nil, tooLong()
	}

	return strings.ReplaceAll(text, from, to), nil
}

func joinTexts(arguments ...any) (any, error) {
	list, isList := arguments[0].([]any)
	separator, isText := arguments[1].(string)

	if !isList || !isText {
		return nil, errors.New("the arguments must be a list of texts and a text")
	}

	texts, err := asTexts(list)
	if err != nil {
		return nil, err
	}

	length := 0
	for _, text := range texts {
		if length += len(text) + len(separator); length > MaxText {
			return nil, tooLong()
		}
	}

	return strings.Join(texts, separator), nil
}

// partsOf returns a function that splits a text.
func partsOf(split func(text, separator string) iter.Seq[string]) func(...any) (any, error) {
	return ofTexts(func(texts []string) (any, error) {
		if strings.Count(texts[0], texts[1]) > MaxValues {
			return nil, fmt.Errorf("it has more than %d parts", MaxValues)
		}

		parts := []any{}
		for part := range split(texts[0], texts[1]) {
			parts = append(parts, part)
		}

		return parts, nil
	})
}

func scalarText(arguments ...any) (any, error) {
	value, err := fromExpr(arguments[0])
	if err != nil {
		return nil, err
	}

	switch value.(type) {
	case []any, map[string]any:
		return nil, errors.New("the argument must not be a list or an object; use toJSON for them")
	}

	return Text(value)
}

func toJSON(arguments ...any) (any, error) {
	value, err := fromExpr(arguments[0])
	if err != nil {
		return nil, err
	}

	return encode(value)
}

func fromJSON(texts []string) (any, error) {
	value, err := jsonvalue.Decode([]byte(texts[0]))
	if err != nil {
		return nil, err
	}

	// fromExpr limits the size of the value.
	if _, err := fromExpr(value); err != nil {
		return nil, err
	}

	return toExpr(value), nil
}

// ofTexts returns a function whose arguments are texts.
func ofTexts(call func(texts []string) (any, error)) func(...any) (any, error) {
	return func(arguments ...any) (any, error) {
		texts, err := asTexts(arguments)
		if err != nil {
			return nil, err
		}

		return call(texts)
	}
}

func asTexts(values []any) ([]string, error) {
	texts := make([]string, len(values))

	for i, value := range values {
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("the argument must be text, but is %s", jsonvalue.Describe(value))
		}

		texts[i] = text
	}

	return texts, nil
}

func tooLong() error { return fmt.Errorf("its result would have more than %d bytes", MaxText) }

// encode returns a value as JSON, with the keys in order and without escaping <, > and &.
func encode(value any) (string, error) {
	var text bytes.Buffer

	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)

	if err := encoder.Encode(value); err != nil {
		return "", err
	}

	return strings.TrimSuffix(text.String(), "\n"), nil
}
