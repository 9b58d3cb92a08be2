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

// TestGoldenHistoriesReplay replays histories of earlier jobs. A running job whose history does not replay hangs.
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
			replayer.RegisterWorkflowWithOptions(workflows.AppSlots, workflow.RegisterOptions{Name: job.SlotsWorkflow})
			replayer.RegisterWorkflowWithOptions(workflows.FireSchedule, workflow.RegisterOptions{Name: job.FireScheduleWorkflow})

			// The IDs of children contain the job's own ID.
			require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(nil, history, worker.ReplayWorkflowHistoryOptions{
				OriginalExecution: workflow.Execution{ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId()},
			}))
		})
	}
}
