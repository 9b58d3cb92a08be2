package worker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/worker"
)

func TestCapacityValidate(t *testing.T) {
	t.Parallel()

	require.NoError(t, worker.Capacity{}.Validate())
	require.NoError(t, worker.Capacity{TargetCPU: 0.8, TargetMemory: 0.9, BulkSteps: 3}.Validate())

	for message, wrong := range map[string]worker.Capacity{
		"a task queue needs a name":      {TaskQueues: []string{"a queue"}},
		"can't be -1":                    {BulkSteps: -1},
		"at least 2 workflow tasks":      {WorkflowTasks: 1},
		"minimum of 5 polls":             {MinPollers: 5, MaxPollers: 4},
		"a target is a share between 0 ": {TargetCPU: 80},
	} {
		require.ErrorContains(t, wrong.Validate(), message)
	}
}

// TestCapacityBulkFollowsTheMemory expects the machine to have memory for some loads, but not for a thousand.
func TestCapacityBulkFollowsTheMemory(t *testing.T) {
	t.Parallel()

	require.GreaterOrEqual(t, worker.Capacity{}.Bulk(), 2)
	require.LessOrEqual(t, worker.Capacity{}.Bulk(), 100)
	require.Equal(t, 7, worker.Capacity{BulkSteps: 7}.Bulk())
	require.Zero(t, worker.Capacity{TargetMemory: 0.8}.Bulk())
}
