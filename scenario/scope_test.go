package scenario_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
)

func TestAScopeSeesThoseAroundIt(t *testing.T) {
	t.Parallel()

	outer := scenario.NewScope(scenario.JobScope{}, nil, scenario.Params{"a": int64(1), "b": int64(1)})
	outer.AddStep("first", scenario.Params{"rows": int64(1)})

	names, ended := scenario.Params{"b": int64(2)}, scenario.Params{}
	inner := outer.Inner(names, ended)
	inner.AddStep("second", scenario.Params{"rows": int64(2)})
	inner.AddStep("first", scenario.Params{"rows": int64(3)})

	value, err := inner.Evaluate("${[a, b, steps.first.rows, steps.second.rows, len(keys(steps))]}", scenario.Moment{})
	require.NoError(t, err)
	require.Equal(t, []any{int64(1), int64(2), int64(3), int64(2), int64(2)}, value)

	value, err = outer.Evaluate("${[a, b, steps.first.rows, keys(steps)]}", scenario.Moment{})
	require.NoError(t, err)
	require.Equal(t, []any{int64(1), int64(1), int64(1), []any{"first"}}, value)

	// A known variable is set where it is, a new one here; whoever holds the maps can build the scope anew.
	require.NoError(t, inner.Set("a", int64(5)))
	require.NoError(t, inner.Set("b", int64(6)))
	require.NoError(t, inner.Set("c", int64(7)))
	inner.Declare("d")
	inner.Declare("a")
	require.Equal(t, scenario.Params{"b": int64(6), "c": int64(7), "d": nil}, names)

	value, err = outer.Inner(names, ended).Evaluate("${[a, b, c, d, steps.second.rows]}", scenario.Moment{})
	require.NoError(t, err)
	require.Equal(t, []any{int64(5), int64(6), int64(7), nil, int64(2)}, value)
}

func TestAVariableKeepsItsTypeWhenItIsSet(t *testing.T) {
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

			err := scope.Inner(scenario.Params{}, scenario.Params{}).Set("x", test.given)
			if test.message != "" {
				require.EqualError(t, err, test.message)

				test.want = test.before
			} else {
				require.NoError(t, err)
			}

			value, err := scope.Evaluate("${x}", scenario.Moment{})
			require.NoError(t, err)
			require.Equal(t, test.want, value)
		})
	}
}

func TestAConditionIsTrueOrFalse(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{}, surroundings().Variables, scenario.Params{"x": int64(1)})

	for condition, want := range map[any]bool{true: true, false: false, "${x > 0}": true, "${x > 1}": false} {
		holds, err := scope.Condition(condition, scenario.Moment{})
		require.NoError(t, err)
		require.Equal(t, want, holds)
	}

	_, err := scope.Condition("${[x][0]}", scenario.Moment{})
	require.EqualError(t, err, "a condition gives true or false, this gives the integer 1")

	_, err = scope.Condition("${counter > 1}", scenario.Moment{})
	require.Equal(t, []string{"counter"}, missingOf(t, err).Variables)
}

func TestWhatIsEvaluatedLaterStaysAsItIs(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{}, nil, nil)
	params := scenario.Params{"condition": "${nope}", "maxIterations": "${2 + 3}"}

	resolved, err := scope.Resolve("While", params, scenario.Moment{})
	require.NoError(t, err)
	require.Equal(t, scenario.Params{"condition": "${nope}", "maxIterations": int64(5)}, resolved)

	_, err = scope.Resolve("While", scenario.Params{"condition": true, "maxIterations": "${0}"}, scenario.Moment{})
	require.EqualError(t, err, "maxIterations: want a number from 1 to 1000000000, have 0 [value_invalid]")

	_, err = scope.Resolve("Wait", scenario.Params{"until": "${'tomor' + 'row'}"}, scenario.Moment{})
	require.ErrorContains(t, err, `until: want a timestamp such as 2006-01-02T15:04:05Z or a date such as 2006-01-02, have "tomorrow"`)
}

func TestALoopOverALongTextIsRefused(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{}, nil, scenario.Params{
		"long": []any{map[string]any{"text": strings.Repeat("x", 4<<10+1)}}, "short": strings.Repeat("x", 4<<10),
	})

	for text, refused := range map[string]bool{
		"${len(long[0].text)}":             false,
		"${len(filter([1], short != ''))}": false,
		"${len(filter([1], long != nil))}": true,
		"${map(long, 1)}":                  true,
	} {
		_, err := scope.Evaluate(text, scenario.Moment{})
		if refused {
			require.ErrorContains(t, err, "long holds a text of more than 4096 bytes, too long for a function that goes through a list")
		} else {
			require.NoError(t, err)
		}
	}
}

func TestWorkIsMeasured(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{}, nil, nil)
	inner := scope.Inner(scenario.Params{}, scenario.Params{})

	for range 2 {
		_, err := inner.Evaluate("a ${1} ${2}", scenario.Moment{})
		require.NoError(t, err)
	}

	require.Equal(t, int64(4), scope.Work())

	_, err := inner.Evaluate("${map([1], #)}", scenario.Moment{})
	require.NoError(t, err)
	require.Equal(t, int64(15), scope.Work(), "a loop counts for more")

	require.NoError(t, inner.Set("text", strings.Repeat("x", 1_600)))

	_, err = inner.Evaluate("${map([1], text)}", scenario.Moment{})
	require.NoError(t, err)
	require.Greater(t, scope.Work(), int64(15+11+100-1), "and so does what it may look at each time")
}

func TestWorkIsTheSameEachTime(t *testing.T) {
	t.Parallel()

	// To compile the pattern counts as much as to look for it.
	const expression = "${count(1..2, repeat('a', 9000) matches '^(a{1,500}b?){1,2}$')}"

	scope := scenario.NewScope(scenario.JobScope{}, nil, nil)

	for evaluations := range int64(3) {
		first := scope.Work() / max(1, evaluations)

		_, err := scope.Evaluate(expression, scenario.Moment{})
		require.NoError(t, err)

		if evaluations > 0 {
			require.Equal(t, (evaluations+1)*first, scope.Work())
		}
	}
}

func TestSizeIsRoughlyThatOfJSON(t *testing.T) {
	t.Parallel()

	require.Equal(t, 8, scenario.SizeOf(nil))
	require.Equal(t, 8+5, scenario.SizeOf("hello"))
	require.Equal(t, 8+2*8+1, scenario.SizeOf([]any{int64(1), "x"}))
	require.Equal(t, 8+3+8+1, scenario.SizeOf(map[string]any{"key": "x"}))

	scope := scenario.NewScope(scenario.JobScope{}, nil, nil).Inner(scenario.Params{"a": "x"}, scenario.Params{})
	scope.AddStep("s", scenario.Params{"value": "xyz"})
	require.Equal(t, (8+1+8+1)+(8+1+8+5+8+3), scope.Size())
}
