package e2e_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

var update = flag.Bool("update", false, "record the golden histories anew")

// golden is a job whose history is recorded.
type golden struct {
	app      map[string]string // nil for the example's.
	scenario string
	long     bool // Whether it waits for an hour, so that something else has to end it.
	moves    bool // Whether its Temporal suggests to continue as new all the time; then each of its runs is recorded.
	act      func(t *testing.T, s *system, appID, jobID string)
}

// dropApp loads files that it drops then: one by its name, and others by a pattern.
var dropApp = map[string]string{
	"app.yaml":       "sources:\n  files: {kind: FileSource, path: files}\n  stage: {kind: SQLiteSource}\n",
	"files/one.csv":  "id\n1\n",
	"files/in/1.csv": "id\n2\n",
	"files/in/2.csv": "id\n3\n4\n",
	"scenarios/Main.yaml": `
steps:
  - {opName: LoadTableFromSource, opParams: {source: files, table: one.csv, targetSource: stage, targetTable: one, dropSource: true}}
  - {opName: LoadTableFromSource, opParams: {source: files, table: "in/*.csv", targetSource: stage, targetTable: many, dropSource: true}}
`,
}

func goldenJobs() map[string]golden {
	stop := func(t *testing.T, s *system, _, jobID string) {
		t.Helper()
		require.NoError(t, s.client.CancelWorkflow(t.Context(), jobID, ""))
	}
	signal := func(t *testing.T, s *system, appID, jobID string) {
		t.Helper()

		// The early ones make the history longer, and are kept.
		for _, name := range []string{"early", "early", "early", "early", "go-WaitForSignal"} {
			got := caller{s.server.URL}.signal(t, object{
				"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": name, "data": object{"yes": true},
			})
			require.Equal(t, http.StatusOK, got.status, got.text)
		}
	}

	jobs := map[string]golden{
		"main":                  {scenario: "Main"},
		"failing":               {app: contractApp, scenario: "Failing"},
		"fail":                  {app: languageApp, scenario: "Fail"},
		"drop-source":           {app: dropApp, scenario: "Main"},
		"wait-for-signal":       {app: languageApp, scenario: "WaitForSignal", long: true, act: signal},
		"moved-wait-for-signal": {app: languageApp, scenario: "WaitForSignal", long: true, moves: true, act: signal},
	}

	for scenario := range whole {
		jobs[scenario] = golden{app: languageApp, scenario: scenario}
	}

	for _, scenario := range []string{"While", "ForEach", "Parallel", "TryCatch", "RunScenario", "Records"} {
		jobs["moved-"+scenario] = golden{app: languageApp, scenario: scenario, moves: true}
	}

	for _, scenario := range []string{"Failure", "Ending", "Caught", "Timeout", "Wait", "Stopped"} {
		jobs["moved-"+scenario] = golden{app: positionApp, scenario: scenario, moves: true}
	}

	for _, scenario := range []string{"While", "ForEach", "Parallel", "TryCatch"} {
		jobs["stopped-"+scenario] = golden{app: languageApp, scenario: scenario, long: true, act: stop}
		jobs["moved-stopped-"+scenario] = golden{app: languageApp, scenario: scenario, long: true, moves: true, act: stop}
	}

	return jobs
}

// TestGoldenHistory runs the jobs whose histories are the golden ones, and replays what they have become today. With
// -update, it records them.
func TestGoldenHistory(t *testing.T) {
	t.Parallel()

	for name, of := range goldenJobs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			system := shared
			if of.moves {
				var err error
				system, err = continuingSystem()
				require.NoError(t, err)
			}

			jobID := "golden-" + uuid.NewString()
			of.run(t, system, jobID)

			histories := system.historiesOf(t, jobID)
			if of.moves {
				require.Greater(t, len(histories), 1, "it did not move")
			}

			for i, history := range histories {
				replayer := worker.NewWorkflowReplayer()
				replayer.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})

				started := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
				require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(nil, history, worker.ReplayWorkflowHistoryOptions{
					OriginalExecution: workflow.Execution{ID: jobID, RunID: started.GetOriginalExecutionRunId()},
				}))

				if *update && i < recordedRuns {
					file := strings.ToLower(name)
					if of.moves {
						file = fmt.Sprintf("%s-%d", file, i+1)
					}

					record(t, filepath.Join("..", "..", "workflows", "testdata", "histories", file+".json"), history)
				}
			}
		})
	}
}

// TestGoldenHistoryOfVariables does the same with the workflow that holds an app's variables.
func TestGoldenHistoryOfVariables(t *testing.T) {
	t.Parallel()

	t.Run("app-variables", func(t *testing.T) { // By this name it can be recorded alone.
		t.Parallel()

		appID := newApp(t, languageApp)
		for range 3 {
			got := api().execute(t, runScenario(appID, "AppVariable", object{}))
			require.Equal(t, http.StatusOK, got.status, got.text)
		}

		history := historyOf(t, job.VariablesID(appID))

		replayer := worker.NewWorkflowReplayer()
		replayer.RegisterWorkflowWithOptions(workflows.AppVariables, workflow.RegisterOptions{Name: job.VariablesWorkflow})
		require.NoError(t, replayer.ReplayWorkflowHistory(nil, history))

		if *update {
			record(t, filepath.Join("..", "..", "workflows", "testdata", "histories", "app-variables.json"), history)
		}
	})
}

// recordedRuns bounds how many runs of a job that moves are recorded.
const recordedRuns = 4

// run runs the job to its end.
func (g golden) run(t *testing.T, s *system, jobID string) {
	t.Helper()

	appID, parameters := "7", object{}

	if g.app != nil {
		appID = "golden-" + uuid.NewString()
		writeApp(t, filepath.Join(s.dir, "apps", appID), g.app)
	}

	if g.long {
		parameters["long"] = true
	}

	api := caller{s.server.URL}
	wait := api.executeLater(t, with(runScenario(appID, g.scenario, parameters), object{"jobId": jobID}))

	if g.act != nil {
		await(t, func() bool { return api.status(t, appID, jobID).status == http.StatusOK })
		api.eventually(t, appID, jobID, isWaitingLong)
		g.act(t, s, appID, jobID)
	}

	wait()
}

// historiesOf returns the histories of all runs of a job, in order.
func (s *system) historiesOf(tb testing.TB, jobID string) []*historypb.History {
	tb.Helper()

	var histories []*historypb.History

	for runID := ""; ; {
		history := historyOfRun(tb, s.client, jobID, runID)
		histories = append([]*historypb.History{history}, histories...)

		runID = history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId()
		if runID == "" {
			return histories
		}
	}
}

func historyOf(t *testing.T, jobID string) *historypb.History {
	t.Helper()

	return historyOfRun(t, shared.client, jobID, "")
}

// historyOfRun returns the history of one run of a job; of the last one when it has no ID.
func historyOfRun(tb testing.TB, temporal client.Client, jobID, runID string) *historypb.History {
	tb.Helper()

	var history historypb.History

	events := temporal.GetWorkflowHistory(tb.Context(), jobID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(tb, err)

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
