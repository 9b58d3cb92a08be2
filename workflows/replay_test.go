package workflows_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

// The histories are of jobs that ran before. One that does not replay would be a job that hangs after an upgrade.
func TestGoldenHistoriesReplay(t *testing.T) {
	t.Parallel()

	histories, err := filepath.Glob("testdata/histories/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, histories)

	for _, path := range histories {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()

			file, err := os.Open(path)
			require.NoError(t, err)

			t.Cleanup(func() { require.NoError(t, file.Close()) })

			history, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
			require.NoError(t, err)

			started := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()

			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})
			replayer.RegisterWorkflowWithOptions(workflows.AppVariables, workflow.RegisterOptions{Name: job.VariablesWorkflow})

			// A job's own ID is part of what it does: its children have IDs that begin with it.
			require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(nil, history, worker.ReplayWorkflowHistoryOptions{
				OriginalExecution: workflow.Execution{ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId()},
			}))
		})
	}
}
