package workflows_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/workflows"
)

// TestGoldenHistoriesReplay replays histories of earlier jobs: those of each release, and those of the next one. A running job whose
// history does not replay hangs.
func TestGoldenHistoriesReplay(t *testing.T) {
	t.Parallel()

	const folder = "testdata/histories"

	histories, err := filepath.Glob(folder + "/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, histories)

	released, err := filepath.Glob(folder + "/v*/*.json")
	require.NoError(t, err)

	for _, path := range append(histories, released...) {
		t.Run(strings.TrimPrefix(path, folder+"/"), func(t *testing.T) {
			t.Parallel()

			file, err := os.Open(path)
			require.NoError(t, err)

			t.Cleanup(func() { require.NoError(t, file.Close()) })

			history, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
			require.NoError(t, err)

			started := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()

			replayer := worker.NewWorkflowReplayer()
			workflows.Register(replayer)

			// The IDs of children contain the job's own ID.
			require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(nil, history, worker.ReplayWorkflowHistoryOptions{
				OriginalExecution: workflow.Execution{ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId()},
			}))
		})
	}
}
