package activities

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

func TestOutcomeWithinALimitIsNotLonger(t *testing.T) {
	t.Parallel()

	const most = 1000

	decimal, ok := jsonvalue.ParseDecimal(strings.Repeat("9", 40) + ".5")
	require.True(t, ok)

	for _, value := range []any{
		nil, true, int64(math.MinInt64), -math.MaxFloat64, math.SmallestNonzeroFloat64, decimal, strings.Repeat("\x00", 100),
		"<&>\u2028\xff",
		[]any{},
		[]any{map[string]any{"\x01\x02": []any{nil, int64(math.MinInt64)}, "": false}},
		strings.Repeat("a", 2000),
	} {
		for count := range 40 {
			outcome := &job.StepOutcome{Rows: math.MinInt64, Rejected: math.MinInt64, Recorded: true}
			outcome.Value.Any = value

			if count > 0 {
				list := make([]any, count)
				for i := range list {
					list[i] = value
				}

				outcome.Value.Any = list
			}

			encoded, err := json.Marshal(outcome)
			require.NoError(t, err)

			if isWithin(outcome, most) {
				require.LessOrEqual(t, len(encoded), most, "%q", value)
			}
		}
	}

	require.True(t, isWithin(&job.StepOutcome{Rows: 1, Value: jsonvalue.Value{Any: int64(7)}}, most))

	for _, outcome := range []any{
		(*job.StepOutcome)(nil), (*struct{})(nil), &job.StepOutcome{Read: []source.Part{{}}}, &job.StepOutcome{Result: &job.Result{}},
		&job.StepOutcome{Conversions: []source.Conversion{{}}},
	} {
		require.False(t, isWithin(outcome, most), "it must be encoded")
	}
}
