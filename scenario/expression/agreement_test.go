package expression_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/expr-lang/expr"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// TestEvaluateMatchesTypedCompilation requires that an expression that validation compiled against declared
// types has the same result when the scope evaluates it with the types of the values.
func TestEvaluateMatchesTypedCompilation(t *testing.T) {
	t.Parallel()

	values := map[string]func(*rapid.T) any{
		"n": func(t *rapid.T) any { return rapid.Int64Range(-4, 4).Draw(t, "n") },
		"m": func(t *rapid.T) any { return rapid.Int64().Draw(t, "m") },
		"f": func(t *rapid.T) any { return rapid.SampledFrom([]float64{-1.5, 0, 0.5, 1, 2, 1e300}).Draw(t, "f") },
		"b": func(t *rapid.T) any { return rapid.Bool().Draw(t, "b") },
		"s": func(t *rapid.T) any { return rapid.SampledFrom([]string{"", "a", "ab", "ä", "1"}).Draw(t, "s") },
		"l": func(t *rapid.T) any {
			return rapid.SampledFrom([]any{[]any{}, []any{int64(1), int64(2)}, []any{"a", 1.5, nil}, []any{int64(2), int64(1)}}).Draw(t, "l")
		},
	}

	rapid.Check(t, func(t *rapid.T) {
		params, env := jsonvalue.Object{}, map[string]any{}

		for name := range strings.FieldsSeq("n m f b s l") {
			params[name] = values[name](t)
			env[name] = asExpr(params[name])
		}

		code := expressionOf(t, 3)

		// Against its names and types, as validation does; what it refuses never runs.
		typed, err := expr.Compile(code, expr.Env(env), expr.DisableBuiltin("now"))
		if err != nil {
			return
		}

		want, wrong := expr.Run(typed, env)
		got, err := scenario.NewScope(scenario.JobScope{}, nil, params).Evaluate("${"+code+"}", expression.Moment{})

		// Types also make some of expr-lang's instructions stricter than the values ask for: n == mean(n).
		if wrong != nil {
			return
		}

		if err != nil { // Infinity, a byte of a text, or a long list.
			require.Regexp(t, "the result (is not a number|has a type that no parameter can hold)$|memory budget exceeded$", err.Error(), code)

			return
		}

		require.Equal(t, fmt.Sprintf("%#v", asExpr(want)), fmt.Sprintf("%#v", asExpr(got)), code)
	})
}

// asExpr converts a value to the types of expr-lang.
func asExpr(value any) any {
	switch v := value.(type) {
	case int64:
		return int(v)
	case nil, string, bool, float64:
		return v
	}

	list := reflect.ValueOf(value)
	if list.Kind() != reflect.Slice {
		return value
	}

	entries := make([]any, list.Len())
	for i := range entries {
		entries[i] = asExpr(list.Index(i).Interface())
	}

	return entries
}

// expressionOf draws an expression over the names of the property above.
func expressionOf(t *rapid.T, depth int) string {
	leaves := strings.Fields(`n m f b s l 0 1 2 -1 1.5 0.0 true false nil "a" "" "ab" [1,2] 1..3 [1,"a"] ["a","b"]`)
	if depth == 0 {
		return rapid.SampledFrom(leaves).Draw(t, "leaf")
	}

	forms := []string{
		"%s", "(%s + %s)", "(%s - %s)", "(%s * %s)", "(%s / %s)", "(%s %% %s)", "(%s ** %s)", "(%s == %s)", "(%s != %s)",
		"(%s < %s)", "(%s >= %s)", "(%s and %s)", "(%s or %s)", "not (%s)", "-(%s)", "(%s in %s)", "(%s not in %s)",
		"(%s ?? %s)", "(%s ? %s : %s)", "len(%s)", "(%s contains %s)", "(%s startsWith %s)", "%s[%s]", "(%s)[%s:%s]",
		"max(%s, %s)", "min(%s, %s)", "abs(%s)", "int(%s)", "float(%s)", "round(%s)", "upper(%s)", "first(%s)", "last(%s)",
		"sum(%s)", "filter(%s, # == %s)", "map(%s, # + %s)", "count(%s, # > %s)", "all(%s, # != %s)", "any(%s, # in %s)",
		"sort(%s)", "reverse(%s)", "(%s matches %s)", "type(%s)", "concat(%s, %s)", "take(%s, %s)", "get(%s, %s)", "mean(%s)",
	}

	form := rapid.SampledFrom(forms).Draw(t, "form")
	parts := make([]any, strings.Count(strings.ReplaceAll(form, "%%", ""), "%s"))

	for i := range parts {
		parts[i] = expressionOf(t, depth-1-rapid.IntRange(0, depth-1).Draw(t, "less"))
	}

	return fmt.Sprintf(form, parts...)
}
