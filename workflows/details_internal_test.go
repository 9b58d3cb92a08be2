package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

func TestStepTableSeparatesColumnsAndOmitsEmptyOnes(t *testing.T) {
	t.Parallel()

	started := time.Date(2026, 1, 31, 22, 0, 0, 0, time.UTC)
	ended := started.Add(207 * time.Millisecond)

	steps := []job.StepStatus{
		{Path: "1", Title: "Load", State: job.StepCompleted, Rows: 5, StartedAt: &started, EndedAt: &ended},
		{Path: "2", Title: "Each", State: job.StepRunning, Iterations: 52, Total: 200, StartedAt: &started},
		{Path: "2.steps.1", Title: "a | b", State: job.StepRunning, Runs: 53, Failures: 1},
		{Path: "3", Title: "Then", State: job.StepPending},
	}

	require.Equal(t, "||&#8195;Step|&#8195;State|&#8195;Rows|&#8195;Time|\n|--|--|--|--|--|\n"+
		"|1|&#8195;Load|&#8195;completed|&#8195;5|&#8195;207ms|\n"+
		"|2|&#8195;Each|&#8195;running, 52 of 200|&#8195;|&#8195;since 22:00:00 UTC|\n"+
		"|2.steps.1|&#8195;a &#124; b|&#8195;running, 53 times, 1 failed|&#8195;|&#8195;|\n"+
		"|3|&#8195;Then|&#8195;pending|&#8195;|&#8195;|\n", stepTable(steps))

	steps[0].Rejected, steps[3].LastError = 3, "no <b>entry</b>\nhere"
	require.Contains(t, stepTable(steps), "&#8195;5|&#8195;3|&#8195;207ms|&#8195;|\n")
	require.Contains(t, stepTable(steps), "|3|&#8195;Then|&#8195;pending|&#8195;|&#8195;|&#8195;|&#8195;no &#60;b&#62;entry&#60;&#47;b&#62; here|\n")
}

func TestShownParametersAreBounded(t *testing.T) {
	t.Parallel()

	parameters := jsonvalue.Object{"day": "2026-01-31", "list": []any{int64(1), nil}}
	require.Equal(t, "day = 2026-01-31, list = &#91;1,null&#93;", shownParameters(parameters))

	for i := range 30 {
		parameters[string(rune('a'+i))+"1"] = "1"
	}

	require.Contains(t, shownParameters(parameters), ", 12 more")
}
