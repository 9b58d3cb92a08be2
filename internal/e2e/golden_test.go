package e2e_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

var update = flag.Bool("update", false, "record the golden histories anew")

// TestGoldenHistory runs the jobs whose histories are the golden ones, and replays what they have become today. With
// -update, it records them.
func TestGoldenHistory(t *testing.T) {
	t.Parallel()

	golden := map[string]struct {
		app, scenario string
		status        int
	}{
		"main":    {app: "7", scenario: "Main", status: http.StatusOK},
		"failing": {app: newApp(t, contractApp), scenario: "Failing", status: http.StatusUnprocessableEntity},
	}

	for name, of := range golden {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			jobID := "golden-" + uuid.NewString()
			got := api().execute(t, with(runScenario(of.app, of.scenario, object{}), object{"jobId": jobID}))
			require.Equal(t, of.status, got.status, got.text)

			history := historyOf(t, jobID)

			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})
			require.NoError(t, replayer.ReplayWorkflowHistory(nil, history))

			if *update {
				record(t, filepath.Join("..", "..", "workflows", "testdata", "histories", name+".json"), history)
			}
		})
	}
}

func historyOf(t *testing.T, jobID string) *historypb.History {
	t.Helper()

	var history historypb.History

	events := shared.client.GetWorkflowHistory(t.Context(), jobID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)

		history.Events = append(history.Events, event)
	}

	return &history
}

// machine matches what names the machine and the process that recorded: identities, and sticky task queues.
var machine = regexp.MustCompile(`"(identity|workerIdentity|name)": "[^"]*[@:][^"]*"`)

func record(t *testing.T, path string, history *historypb.History) {
	t.Helper()

	encoded, err := protojson.Marshal(history)
	require.NoError(t, err)

	// protojson varies its white space on purpose.
	var indented bytes.Buffer

	require.NoError(t, json.Indent(&indented, encoded, "", "  "))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, append(machine.ReplaceAll(indented.Bytes(), []byte(`"$1": "recorder"`)), '\n'), 0o600))
}
