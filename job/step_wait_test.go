package job_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
)

func TestStepWaitInWords(t *testing.T) {
	t.Parallel()

	for want, wait := range map[string]job.StepWait{
		"waits for a slot of the source db":                                               {Source: "db"},
		"waits for a slot of the source db: 2 running of 2":                               {Source: "db", Running: 2, Limit: 2},
		"waits for a slot of the source db: at most 0.5 begin in a second":                {Source: "db", PerSecond: 0.5},
		"waits for a slot of the source db: 1 running of 2, at most 10 begin in a second": {Source: "db", Running: 1, Limit: 2, PerSecond: 10},
		"1 run waits for a slot of the source db: 2 running of 2":                         {Source: "db", Running: 2, Limit: 2, Runs: 1},
		"3 runs wait for a slot of the source db":                                         {Source: "db", Runs: 3},
		"waits for a worker: none polls the task queue heavy":                             {TaskQueue: "heavy"},
	} {
		require.Equal(t, want, wait.String())
	}
}

// A step of which some runs work does not wait as a whole.
func TestStepStatusWaits(t *testing.T) {
	t.Parallel()

	waiting := job.StepStatus{State: job.StepRunning, WaitsFor: &job.StepWait{Source: "db"}}
	require.True(t, waiting.Waits())

	waiting.WaitsFor.Runs = 2
	require.False(t, waiting.Waits())

	working := job.StepStatus{State: job.StepRunning}
	require.False(t, working.Waits())
}
