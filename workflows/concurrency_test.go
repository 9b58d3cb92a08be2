package workflows_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/workflows"
)

// TestConcurrencySlotsStayWithinTemporalsLimit runs nested loops, whose steps end only after as many steps as possible have
// begun.
func TestConcurrencySlotsStayWithinTemporalsLimit(t *testing.T) {
	t.Parallel()

	const text = `steps: [{opName: ForEach, opParams: {in: "${1..40}", maxConcurrency: 40, steps: [
		{opName: ForEach, opParams: {in: "${1..40}", maxConcurrency: 40, steps: [
			{opName: Transform, opParams: {source: stage, query: SELECT 1, targetTable: t}}]}}]}}]`

	const atOnce = 500 // How many steps end at the same time: the test environment buffers that many events.

	var (
		suite testsuite.WorkflowTestSuite
		mutex sync.Mutex
		open  [][]byte // The tokens of the pending activities.
		most  int
		begun int
		seen  int // How many had begun at the last look.
		ended int
	)

	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(5 * time.Minute)
	env.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})
	env.RegisterActivityWithOptions(
		func(ctx context.Context, _ job.Task, _ jsonvalue.Object) (*job.StepOutcome, error) {
			mutex.Lock()
			defer mutex.Unlock()

			begun++
			open = append(open, activity.GetInfo(ctx).TaskToken)
			most = max(most, len(open))

			return nil, activity.ErrResultPending
		}, activity.RegisterOptions{Name: "Transform"})

	var complete func()

	complete = func() {
		mutex.Lock()
		tokens := open[:min(len(open), atOnce)]
		if begun > seen { // On a busy machine, more steps may still begin.
			tokens, seen = nil, begun
		}

		open = open[len(tokens):]
		mutex.Unlock()

		for _, token := range tokens {
			require.NoError(t, env.CompleteActivity(token, &job.StepOutcome{}, nil))
		}

		if ended += len(tokens); ended < 1_600 {
			env.RegisterDelayedCallback(complete, time.Second)
		}
	}

	env.RegisterDelayedCallback(complete, time.Second)
	env.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, text)}, nil)

	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 1_600, ended)
	require.Equal(t, 1_001, most)
}
