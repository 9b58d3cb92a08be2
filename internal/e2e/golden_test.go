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
	"github.com/jobwright/jobwright/schedule"
	"github.com/jobwright/jobwright/workflows"
)

var (
	update  = flag.Bool("update", false, "re-record the golden histories")
	release = flag.String("release", "", "with -update, record the golden histories of a release, for example v0.1.0")
)

// golden is a job whose history is recorded.
type golden struct {
	app       map[string]string // nil for the example's.
	scenario  string
	long      bool // Whether it waits for an hour, unless a signal or a stop ends the wait.
	continues bool // Whether Temporal suggests to continue as new after every few events; several runs are recorded.
	act       func(t *testing.T, s *system, appID, jobID string)
}

// dropApp loads files and then drops them: one by its name, and others by a pattern.
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

// slotsApp has steps that wait for each other, because their source permits one at a time, and a step of bulk class.
var slotsApp = map[string]string{
	"app.yaml":      "sources:\n  files: {kind: FileSource, path: files}\n  stage: {kind: SQLiteSource, maxConcurrentSteps: 1}\n",
	"files/one.csv": "id\n1\n",
	"scenarios/Main.yaml": `
steps:
  - {opName: LoadTableFromSource, opParams: {source: files, table: one.csv, targetSource: stage, targetTable: one}}
  - opName: ForEach
    opParams:
      in: [1, 2, 3]
      as: n
      maxConcurrency: 3
      steps:
        - {opName: RunSourceScript, opParams: {source: stage, script: "INSERT INTO one VALUES (:n)", bind: {n: "${n}"}}}
`,
}

func goldenJobs() map[string]golden {
	stop := func(t *testing.T, s *system, _, jobID string) {
		t.Helper()
		require.NoError(t, s.client.CancelWorkflow(t.Context(), jobID, ""))
	}
	stopByCall := func(t *testing.T, s *system, appID, jobID string) {
		t.Helper()
		requireStop(t, object{"jobId": jobID, "status": "stop started"}, caller{s.server.URL}.stop(t, appID, jobID))
	}
	signal := func(t *testing.T, s *system, appID, jobID string) {
		t.Helper()

		// Early signals lengthen the history, and the job stores them.
		for _, name := range []string{"early", "early", "early", "early", "go-WaitForSignal"} {
			got := caller{s.server.URL}.signal(t, object{
				"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": name, "data": object{"yes": true},
			})
			require.Equal(t, http.StatusOK, got.status, got.text)
		}
	}

	jobs := map[string]golden{
		"main":                      {scenario: "Main"},
		"failing":                   {app: contractApp, scenario: "Failing"},
		"fail":                      {app: languageApp, scenario: "Fail"},
		"drop-source":               {app: dropApp, scenario: "Main"},
		"source-slots":              {app: slotsApp, scenario: "Main"},
		"wait-for-signal":           {app: languageApp, scenario: "WaitForSignal", long: true, act: signal},
		"stopped-by-call":           {app: languageApp, scenario: "TryCatch", long: true, act: stopByCall},
		"continued-wait-for-signal": {app: languageApp, scenario: "WaitForSignal", long: true, continues: true, act: signal},
	}

	for scenario := range returnValues {
		jobs[scenario] = golden{app: languageApp, scenario: scenario}
	}

	for _, scenario := range []string{"While", "ForEach", "Parallel", "TryCatch", "RunScenario", "Records"} {
		jobs["continued-"+scenario] = golden{app: languageApp, scenario: scenario, continues: true}
	}

	for _, scenario := range []string{"Failure", "Ending", "Caught", "Timeout", "Wait", "Stopped"} {
		jobs["continued-"+scenario] = golden{app: checkpointApp, scenario: scenario, continues: true}
	}

	for _, scenario := range []string{"While", "ForEach", "Parallel", "TryCatch"} {
		jobs["stopped-"+scenario] = golden{app: languageApp, scenario: scenario, long: true, act: stop}
		jobs["continued-stopped-"+scenario] = golden{app: languageApp, scenario: scenario, long: true, continues: true, act: stop}
	}

	return jobs
}

// TestGoldenHistory runs the jobs of the golden histories and replays their new histories. With -update, it records them.
func TestGoldenHistory(t *testing.T) {
	t.Parallel()

	for name, of := range goldenJobs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			system := shared
			if of.continues {
				var err error
				system, err = continuingSystem()
				require.NoError(t, err)
			}

			jobID := "golden-" + uuid.NewString()
			of.run(t, system, jobID)

			histories := system.historiesOf(t, jobID)
			if of.continues {
				require.Greater(t, len(histories), 1, "the job did not continue as new")
			}

			for i, history := range histories {
				file := strings.ToLower(name)
				if of.continues {
					file = fmt.Sprintf("%s-%d", file, i+1)
				}

				replayAndRecord(t, file, history, i < recordedRuns)
			}
		})
	}
}

// TestGoldenHistoryOfVariables does the same with the workflow that stores an app's variables.
func TestGoldenHistoryOfVariables(t *testing.T) {
	t.Parallel()

	t.Run("app-variables", func(t *testing.T) { // The name lets make golden record it alone.
		t.Parallel()

		appID := newApp(t, languageApp)
		for range 3 {
			got := api().execute(t, runScenario(appID, "AppVariable", object{}))
			require.Equal(t, http.StatusOK, got.status, got.text)
		}

		replayAndRecord(t, "app-variables", historyOf(t, job.VariablesID(appID)), true)
	})
}

// TestGoldenHistoryOfNotifications does the same with the workflow that reports the end of a job.
func TestGoldenHistoryOfNotifications(t *testing.T) {
	t.Parallel()

	t.Run("notify", func(t *testing.T) {
		t.Parallel()

		appID, jobID := newApp(t, newReceiver(t, always(http.StatusOK)).callbackApp()), uuid.NewString()
		api().execute(t, with(runScenario(appID, "Fail", object{}), object{"jobId": jobID}))
		api().awaitStatus(t, appID, jobID, inState("delivered"))

		run := historyOf(t, jobID).GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetOriginalExecutionRunId()
		notification := job.Notification{JobID: jobID, RunID: run, Event: job.JobFailed}

		replayAndRecord(t, "notify", historyOf(t, notification.WorkflowID()), true)
	})
}

// TestGoldenHistoryOfSlots does the same with the workflow that grants the slots of a source.
func TestGoldenHistoryOfSlots(t *testing.T) {
	t.Parallel()

	t.Run("app-slots", func(t *testing.T) { // The name lets make golden record it alone.
		t.Parallel()

		appID := newApp(t, slotsApp)
		got := api().execute(t, runScenario(appID, "Main", object{}))
		require.Equal(t, http.StatusOK, got.status, got.text)

		replayAndRecord(t, "app-slots", historyOf(t, job.SlotsID(appID, "stage")), true)
	})
}

// TestGoldenHistoryOfFirings does the same with the workflow that starts the job of a schedule, and stops it.
func TestGoldenHistoryOfFirings(t *testing.T) {
	t.Parallel()

	const schedules = `
  hourly: {scenario: Echo, cron: "0 * * * *", parameters: {day: "${scheduledAt}"}, onlyIf: "$[stage]{SELECT 1}"}
  stopped: {scenario: Wait, cron: "0 * * * *", overlap: stopOther}
  invalid: {scenario: Missing, cron: "0 * * * *"}
`

	for name, of := range map[string]struct{ schedule, file string }{
		"completed": {"hourly", "fire-schedule"}, "stopped": {"stopped", "fire-schedule-stopped"},
		"failed": {"invalid", "fire-schedule-failed"},
	} {
		t.Run(of.file, func(t *testing.T) { // The name lets make golden record it alone.
			t.Parallel()

			appID := newScheduledApp(t, schedules)

			got := api().operate(t, "runSchedule", appID, object{"schedule": of.schedule})
			require.Equal(t, http.StatusOK, got.status, got.text)

			if name == "stopped" {
				api().awaitRuns(t, appID, of.schedule, func(runs []schedule.Run) bool { return len(runs) == 1 && runs[0].JobID != "" })
				api().runNow(t, appID, of.schedule)
			}

			runs := api().awaitRuns(t, appID, of.schedule, func(runs []schedule.Run) bool { return len(runs) > 0 && runs[0].EndedAt != nil })
			require.EqualValues(t, name, runs[0].Status)

			replayAndRecord(t, of.file, historyOf(t, job.FiringWorkflowID(appID, of.schedule, runs[0].ScheduledAt)), true)
		})
	}
}

// recordedRuns bounds the recorded runs of a job that continues as new.
const recordedRuns = 4

// run runs the job to its end.
func (g golden) run(t *testing.T, s *system, jobID string) {
	t.Helper()

	appID, parameters := "7", object{}

	if g.app != nil {
		appID = "golden-" + uuid.NewString()

		files := g.app
		if g.continues {
			files = withActivities(files)
		}

		writeApp(t, filepath.Join(s.dir, "apps", appID), files)
	}

	if g.long {
		parameters["long"] = true
	}

	api := caller{s.server.URL}
	wait := api.startExecute(t, with(runScenario(appID, g.scenario, parameters), object{"jobId": jobID}))

	if g.act != nil {
		await(t, func() bool { return api.status(t, appID, jobID).status == http.StatusOK })
		api.awaitStatus(t, appID, jobID, isWaitingLong)
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

// historyOfRun returns the history of one run of a job; of the last run if runID is empty.
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

// machine matches the names of the recording machine and process: identities, and sticky task queues.
var machine = regexp.MustCompile(`"(identity|workerIdentity|name)": "[^"]*[@:][^"]*"`)

// replayAndRecord replays a history. With -update, it records one that is to be recorded: as a golden history of the next release
// or, with -release, of that one, which must not have any yet.
func replayAndRecord(t *testing.T, name string, history *historypb.History, isRecorded bool) {
	t.Helper()

	started := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()

	replayer := worker.NewWorkflowReplayer()
	workflows.Register(replayer)
	require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(nil, history, worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId()},
	}))

	if !*update || !isRecorded {
		return
	}

	path := filepath.Join("..", "..", "workflows", "testdata", "histories", *release, name+".json")
	if *release != "" {
		require.NoFileExists(t, path, "histories of a release are never recorded again")
	}

	record(t, path, history)
}

func record(t *testing.T, path string, history *historypb.History) {
	t.Helper()

	encoded, err := protojson.Marshal(history)
	require.NoError(t, err)

	// protojson randomizes its white space.
	var indented bytes.Buffer

	require.NoError(t, json.Indent(&indented, encoded, "", "  "))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, append(machine.ReplaceAll(indented.Bytes(), []byte(`"$1": "recorder"`)), '\n'), 0o600))
}
