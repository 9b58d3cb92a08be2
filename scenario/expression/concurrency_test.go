package expression_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// TestConcurrentEvaluatorsAgree verifies that evaluators, which share compiled expressions, don't affect each other: results,
// errors and costs don't depend on what was evaluated before or is evaluated at the same time.
func TestConcurrentEvaluatorsAgree(t *testing.T) {
	t.Parallel()

	decimal, ok := jsonvalue.ParseDecimal("1.50")
	require.True(t, ok)

	parameters := jsonvalue.Object{
		"number": int64(2), "price": decimal, "pattern": "^a+$", "list": []any{"a", "aa", "b"},
		"long": strings.Repeat("a", 64<<10),
	}

	type result struct {
		value any
		err   string
		cost  int64
	}

	evaluate := func() (results []result) {
		scope := scenario.NewScope(scenario.JobScope{ID: "job"}, nil, parameters)

		for _, text := range []any{
			"${number + 1}", "${price + number}", "${number * 2 + number}", "a ${number} b ${price}",
			"${filter(list, # matches pattern)}", "${filter(list, # matches pattern)}", "${list[7]}", "${number +}",
			"${map(1..100, long + long)}", "${trim(long, 'a')}", "${number + 1}", "no expression", "$${literal}",
			map[string]any{"in": []any{"${number}", "${price}"}},
		} {
			before := scope.Cost()
			value, err := scope.Evaluate(text, expression.Moment{Seed: "job/1"})

			found := result{value: value, cost: scope.Cost() - before}
			if err != nil {
				found.value, found.err = nil, err.Error()
			}

			results = append(results, found)
		}

		for _, query := range []string{"SELECT ${number}, ${price}", "SELECT 1"} {
			resolved, err := scope.Resolve("Transform", jsonvalue.Object{
				"source": "stage", "query": query, "returnValue": true,
			}, expression.Moment{Seed: "job/2"})
			require.NoError(t, err)

			results = append(results, result{value: resolved})
		}

		return results
	}

	first := evaluate()
	require.Equal(t, int64(3), first[0].value)
	require.Equal(t, []any{"a", "aa"}, first[4].value)
	require.NotEmpty(t, first[8].err)
	require.Equal(t, first[4], first[5], "an expression costs the same each time")

	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				require.Equal(t, first, evaluate())
			}
		})
	}

	all.Wait()
}
