package scenario_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

func TestScopeReadsOuterScopes(t *testing.T) {
	t.Parallel()

	outer := scenario.NewScope(scenario.JobScope{}, nil, jsonvalue.Object{"a": int64(1), "b": int64(1)})
	outer.AddStep("first", jsonvalue.Object{"rows": int64(1)})

	names, ended := jsonvalue.Object{"b": int64(2)}, jsonvalue.Object{}
	inner := outer.Inner(names, ended)
	inner.AddStep("second", jsonvalue.Object{"rows": int64(2)})
	inner.AddStep("first", jsonvalue.Object{"rows": int64(3)})

	value, err := inner.Evaluate("${[a, b, steps.first.rows, steps.second.rows, len(keys(steps))]}", expression.Moment{})
	require.NoError(t, err)
	require.Equal(t, []any{int64(1), int64(2), int64(3), int64(2), int64(2)}, value)

	value, err = outer.Evaluate("${[a, b, steps.first.rows, keys(steps)]}", expression.Moment{})
	require.NoError(t, err)
	require.Equal(t, []any{int64(1), int64(1), int64(1), []any{"first"}}, value)

	// A known variable is set where it is, a new one here; the maps contain the whole scope.
	require.NoError(t, inner.Set("a", int64(5)))
	require.NoError(t, inner.Set("b", int64(6)))
	require.NoError(t, inner.Set("c", int64(7)))
	inner.Declare("d")
	inner.Declare("a")
	require.Equal(t, jsonvalue.Object{"b": int64(6), "c": int64(7), "d": nil}, names)

	value, err = outer.Inner(names, ended).Evaluate("${[a, b, c, d, steps.second.rows]}", expression.Moment{})
	require.NoError(t, err)
	require.Equal(t, []any{int64(5), int64(6), int64(7), nil, int64(2)}, value)
}

func TestScopeSetKeepsTypeOfVariable(t *testing.T) {
	t.Parallel()

	for rule, test := range map[string]struct {
		before, given, want any
		message             string
	}{
		"the same type":        {"a", "b", "b", ""},
		"an integer":           {1.5, int64(2), 2.0, ""},
		"nothing before":       {nil, "b", "b", ""},
		"nothing now":          {"a", nil, nil, ""},
		"a list":               {[]any{int64(1)}, []any{}, []any{}, ""},
		"a number for integer": {int64(1), 1.5, nil, "x is an integer from where it begins, this is the number 1.5; let it begin as 0.0 if it may have a fraction"},
		"text for an integer":  {int64(1), "a", nil, `x is an integer from where it begins, this is the text "a"`},
		"an object for a list": {[]any{}, map[string]any{}, nil, "x is a list from where it begins, this is an object"},
		"a boolean for text":   {"a", true, nil, "x is text from where it begins, this is the boolean true"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()

			scope := scenario.NewScope(scenario.JobScope{}, nil, nil)
			require.NoError(t, scope.Set("x", test.before))

			err := scope.Inner(jsonvalue.Object{}, jsonvalue.Object{}).Set("x", test.given)
			if test.message != "" {
				require.EqualError(t, err, test.message)

				test.want = test.before
			} else {
				require.NoError(t, err)
			}

			value, err := scope.Evaluate("${x}", expression.Moment{})
			require.NoError(t, err)
			require.Equal(t, test.want, value)
		})
	}
}

func TestConditionMustBeBoolean(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{}, appVariables(), jsonvalue.Object{"x": int64(1)})

	for condition, want := range map[any]bool{true: true, false: false, "${x > 0}": true, "${x > 1}": false} {
		holds, err := scope.Condition(condition, expression.Moment{})
		require.NoError(t, err)
		require.Equal(t, want, holds)
	}

	_, err := scope.Condition("${[x][0]}", expression.Moment{})
	require.EqualError(t, err, "a condition gives true or false, this gives the integer 1")

	_, err = scope.Condition("${counter > 1}", expression.Moment{})

	missing, ok := errors.AsType[*expression.Missing](err)
	require.True(t, ok, err)
	require.Equal(t, []string{"counter"}, missing.Variables)
}

func TestResolveKeepsLazyFields(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{}, nil, nil)
	params := jsonvalue.Object{"condition": "${nope}", "maxIterations": "${2 + 3}"}

	resolved, err := scope.Resolve("While", params, expression.Moment{})
	require.NoError(t, err)
	require.Equal(t, jsonvalue.Object{"condition": "${nope}", "maxIterations": int64(5)}, resolved)

	_, err = scope.Resolve("While", jsonvalue.Object{"condition": true, "maxIterations": "${0}"}, expression.Moment{})
	require.EqualError(t, err, "maxIterations must be from 1 to 1000000000, but is 0 [value_invalid]")

	_, err = scope.Resolve("Wait", jsonvalue.Object{"until": "${'tomor' + 'row'}"}, expression.Moment{})
	require.ErrorContains(t, err, `until: the time must be a timestamp such as 2006-01-02T15:04:05Z or a date such as 2006-01-02, but is "tomorrow"`)
}

// appVariables returns the declarations of two variables of an app.
func appVariables() []scenario.Parameter {
	return []scenario.Parameter{
		{Name: "lastRun", Type: source.Timestamp, Default: "2024-01-02T03:04:05Z"},
		{Name: "counter", Type: source.Integer, Default: int64(0)},
	}
}
