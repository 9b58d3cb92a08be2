package expression_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

func TestEvaluateRejectsLoopsOverLongTexts(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{}, nil, jsonvalue.Object{
		"long": []any{map[string]any{"text": strings.Repeat("x", 4<<10+1)}}, "short": strings.Repeat("x", 4<<10),
	})

	for text, refused := range map[string]bool{
		"${len(long[0].text)}":             false,
		"${len(filter([1], short != ''))}": false,
		"${len(filter([1], long != nil))}": true,
		"${map(long, 1)}":                  true,
	} {
		_, err := scope.Evaluate(text, expression.Moment{})
		if refused {
			require.ErrorContains(t, err, "long holds a text of more than 4096 bytes, too long for a function that goes through a list")
		} else {
			require.NoError(t, err)
		}
	}
}

func TestCostIsMeasured(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{}, nil, nil)
	inner := scope.Inner(jsonvalue.Object{}, jsonvalue.Object{})

	for range 2 {
		_, err := inner.Evaluate("a ${1} ${2}", expression.Moment{})
		require.NoError(t, err)
	}

	require.Equal(t, int64(4), scope.Cost())

	_, err := inner.Evaluate("${map([1], #)}", expression.Moment{})
	require.NoError(t, err)
	require.Equal(t, int64(15), scope.Cost(), "a loop counts for more")

	require.NoError(t, inner.Set("text", strings.Repeat("x", 1_600)))

	_, err = inner.Evaluate("${map([1], text)}", expression.Moment{})
	require.NoError(t, err)
	require.Greater(t, scope.Cost(), int64(15+11+100-1), "and so does what it may look at each time")
}

func TestCostDoesNotDependOnEarlierEvaluations(t *testing.T) {
	t.Parallel()

	// To compile the pattern counts as much as to look for it.
	const code = "${count(1..2, repeat('a', 9000) matches '^(a{1,500}b?){1,2}$')}"

	scope := scenario.NewScope(scenario.JobScope{}, nil, nil)

	for evaluations := range int64(3) {
		first := scope.Cost() / max(1, evaluations)

		_, err := scope.Evaluate(code, expression.Moment{})
		require.NoError(t, err)

		if evaluations > 0 {
			require.Equal(t, (evaluations+1)*first, scope.Cost())
		}
	}
}
