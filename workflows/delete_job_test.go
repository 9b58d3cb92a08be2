package workflows_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

// TestDeleteJobNamesLedgersThatItCannotReach deletes a job while one database does not respond, and another source no longer exists.
func TestDeleteJobNamesLedgersThatItCannotReach(t *testing.T) {
	t.Parallel()

	var (
		suite    testsuite.WorkflowTestSuite
		mutex    sync.Mutex
		order    []string
		attempts = map[string]int{}
	)

	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute})
	env.RegisterWorkflowWithOptions(workflows.DeleteJob, workflow.RegisterOptions{Name: job.DeleteWorkflow})

	deletion := job.Deletion{
		AppID: "7", JobID: "letter 1", RunID: "first", Sources: []string{"down", "missing", "slow", "stage"}, By: "eraser",
	}

	env.RegisterActivityWithOptions(func(_ context.Context, given job.Deletion) (int64, error) {
		require.Equal(t, deletion, given)

		if order = append(order, "results"); len(order) == 1 {
			return 0, errors.New("the result store is full") // The first attempt.
		}

		return 2, nil
	}, activity.RegisterOptions{Name: job.DeleteResultsActivity})

	env.RegisterActivityWithOptions(func(_ context.Context, given job.Deletion, source string) (int64, error) {
		require.Equal(t, deletion, given)

		mutex.Lock()
		defer mutex.Unlock()

		attempts[source]++

		switch {
		case source == "down":
			return 0, errors.New("the server does not respond")
		case source == "missing":
			return 0, temporal.NewNonRetryableApplicationError("app.yaml no longer has the source", job.SourceMissing, nil)
		case source == "slow" && attempts[source] < 5:
			return 0, errors.New("the ledger is locked")
		}

		order = append(order, source)

		return 3, nil
	}, activity.RegisterOptions{Name: job.DeleteRecordsActivity})

	remaining := []job.RemainingRecords{
		{Source: "down", Reason: "the server does not respond"},
		{Source: "missing", Reason: "app.yaml no longer has the source"},
	}

	env.RegisterActivityWithOptions(func(_ context.Context, given job.Deletion, deleted *job.Deleted) (int64, error) {
		require.Equal(t, deletion, given)
		require.Equal(t, &job.Deleted{Results: 2, LedgerRecords: 6, Remaining: remaining}, deleted)

		order = append(order, "histories")

		return 4, nil
	}, activity.RegisterOptions{Name: job.DeleteHistoriesActivity})

	began := env.Now()
	env.ExecuteWorkflow(job.DeleteWorkflow, deletion)
	require.NoError(t, env.GetWorkflowError())

	var deleted job.Deleted
	require.NoError(t, env.GetWorkflowResult(&deleted))
	require.Equal(t, job.Deleted{Results: 2, LedgerRecords: 6, Runs: 4, Remaining: remaining}, deleted)

	require.Equal(t, []string{"results", "results", "stage", "slow", "histories"}, order, "the histories are the last")
	require.Equal(t, 1, attempts["missing"])
	require.Equal(t, 10, attempts["down"], "as many as the test environment permits for a policy without a limit of its own")
	require.LessOrEqual(t, env.Now().Sub(began), 61*time.Minute)
}
