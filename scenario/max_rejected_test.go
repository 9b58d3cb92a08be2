package scenario_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
)

func TestMaxRejectedLimitsANumberOrAShare(t *testing.T) {
	t.Parallel()

	const most, running, end = 1_000_000, true, true

	for _, test := range []struct {
		value                  string
		rejected, read         int64
		whileRunning, atTheEnd bool
	}{
		{"null", 0, 0, !running, !end},
		{"null", 1_000, 2_000, !running, !end},
		{"null", 1_001, 2_000, !running, end},
		{"null", 10_000, most, !running, !end},
		{"null", 10_001, most, !running, end},
		{"null", 1, 1, !running, end}, // All.
		{"0", 0, 5, !running, !end},
		{"0", 1, 5, running, end},
		{"7", 7, 8, !running, !end},
		{"7", 8, most, running, end},
		{"7", 7, 7, !running, end},
		{`"0%"`, 0, 5, !running, !end},
		{`"0%"`, 1, most, !running, end},
		{`"2.5 %"`, 25, 1_000, !running, !end},
		{`"2.5 %"`, 26, 1_000, !running, end},
		{`"0.07 %"`, 7, 10_000, !running, !end}, // 0.07 * 100 is more than 7 in floating point.
		{`"0.07 %"`, 7, 9_999, !running, end},
		{`"100 %"`, 9, 10, !running, !end},
		{`"100 %"`, 10, 10, !running, end},
	} {
		var given scenario.MaxRejected
		require.NoError(t, json.Unmarshal([]byte(test.value), &given))

		limit, err := given.Limit()
		require.NoError(t, err)
		require.Equal(t, test.whileRunning, limit.ExceededBy(test.rejected), test)
		require.Equal(t, test.atTheEnd, limit.ExceededAtEnd(test.rejected, test.read), test)
	}
}

func TestMaxRejectedRefusesOtherValues(t *testing.T) {
	t.Parallel()

	for _, value := range []any{int64(-1), 1.5, "1", "1 percent", "-1 %", "100.1 %", "1e1 %", "%", true, []any{}} {
		_, err := scenario.MaxRejected{Any: value}.Limit()
		require.ErrorContains(t, err, "maxRejected must be a number of records, or a percentage such as 1 %, but is", value)
		require.NotEmpty(t, scenario.FormMaxRejected.Mismatch("maxRejected", value))
	}

	require.Empty(t, scenario.FormMaxRejected.Mismatch("maxRejected", "1 %"))
	require.NotEmpty(t, scenario.FormMaxRejected.Mismatch("maxRejected", nil))
}
