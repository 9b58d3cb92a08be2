package e2e_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/replay"
)

// A worker of another version has begun one of the jobs.
func TestReplayNamesJobsThatWouldBreak(t *testing.T) {
	t.Parallel()

	system := newProduction(t)
	writeApp(t, filepath.Join(system.apps, "8"), languageApp)

	_, namespace, _ := strings.Cut(system.environment[1], "=")
	temporal, err := client.Dial(client.Options{HostPort: shared.temporal.Frontend, Namespace: namespace, Logger: silent{}})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	_, api := system.apiserver(t)
	execute := func(scenario string, isLong bool) string {
		jobID := scenario + "-" + uuid.NewString()
		request := with(runScenario("8", scenario, object{"long": isLong}), object{"apiKey": callerKey, "jobId": jobID, "isAsync": true})
		got := api.execute(t, request)
		require.Equal(t, http.StatusOK, got.status, got.text)

		return jobID
	}

	other := worker.New(temporal, job.TaskQueue, worker.Options{LocalActivityWorkerOnly: true})
	other.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{ActivityID: "1", StartToCloseTimeout: time.Hour})

		return workflow.ExecuteActivity(ctx, "Another", "a secret").Get(ctx, nil)
	}, workflow.RegisterOptions{Name: job.Workflow})
	require.NoError(t, other.Start())

	broken := execute("WaitForSignal", true)
	scheduled := func(jobID string, isScheduled func(event *historypb.HistoryEvent) bool) bool {
		events := temporal.GetWorkflowHistory(t.Context(), jobID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(t, err)

			if isScheduled(event) {
				return true
			}
		}

		return false
	}

	await(t, func() bool {
		return scheduled(broken, func(event *historypb.HistoryEvent) bool {
			return event.GetActivityTaskScheduledEventAttributes() != nil
		})
	})
	other.Stop()

	system.worker(t)

	waiting, completed := execute("WaitForSignal", true), execute("Wait", false)

	await(t, func() bool {
		return scheduled(waiting, func(event *historypb.HistoryEvent) bool { return event.GetTimerStartedEventAttributes() != nil })
	})
	require.NoError(t, temporal.GetWorkflow(t.Context(), completed, "").Get(t.Context(), nil))

	run := func(arguments ...string) (int, string) {
		p := launch(t, system.environment, "jobwright", append([]string{"replay"}, arguments...)...)

		return p.end(t), p.output()
	}

	// Visibility reports changes a little later.
	var (
		checked replay.Checked
		status  int
		text    string
	)

	await(t, func() bool {
		checked = replay.Checked{}
		status, text = run("--json")
		require.NoError(t, json.Unmarshal([]byte(text), &checked), text)

		return checked.Open == 2 && checked.Closed == 1
	})
	require.Equal(t, 1, status)
	require.Len(t, checked.Incompatible, 1, text)
	require.NotEmpty(t, checked.Incompatible[0].RunID)

	found := checked.Incompatible[0]
	require.Equal(t, replay.Incompatible{
		WorkflowID: broken, RunID: found.RunID, WorkflowType: job.Workflow, AppID: "8", Scenario: "WaitForSignal", Open: true,
		EventID: 4,
		Reason:  "the history has the activity of event 5, which this version would not have",
	}, found)

	status, text = run("--closed", "0", "--concurrency", "1")
	require.Equal(t, 1, status)
	require.Equal(t, broken+" (app 8, scenario WaitForSignal, running)\n    run "+found.RunID+", event 4: "+found.Reason+
		"\nReplayed 2 open and 0 closed histories: 1 incompatible\n", text)
	require.NotContains(t, text, "secret")

	status, text = run("--query", "WorkflowId != '"+broken+"'")
	require.Equal(t, 0, status)
	require.Equal(t, "Replayed 1 open and 1 closed histories: 0 incompatible\n", text)

	status, text = run("--query", "Nothing = 1")
	require.Equal(t, 2, status)
	require.Contains(t, text, "Nothing")
}
