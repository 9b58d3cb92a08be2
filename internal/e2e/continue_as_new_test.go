package e2e_test

import (
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/worker"
)

// continuingSystem is a system whose Temporal suggests to continue as new after a few events, so that jobs continue in the
// middle of every operation.
var continuingSystem = sync.OnceValues(func() (*system, error) {
	dir := filepath.Join(shared.dir, "continuing")

	system := &system{dir: dir, suggest: 8}
	if err := os.MkdirAll(filepath.Join(dir, "apps"), 0o750); err != nil {
		return nil, err
	}

	if err := system.start(); err != nil {
		return nil, err
	}

	jobs := worker.New(system.client, worker.Options{
		Apps: system.apps, Results: system.results, Namespace: client.DefaultNamespace, DataDir: dir, Log: slog.New(slog.DiscardHandler),
	})

	system.stopping = append(system.stopping, func() error {
		jobs.Stop()

		return nil
	})
	shared.stopping = append(shared.stopping, system.stop)

	return system, jobs.Start()
})

// withActivities returns the files of an app whose steps are regular activities, so that its jobs have many workflow tasks.
func withActivities(files map[string]string) map[string]string {
	changed := maps.Clone(files)
	changed["app.yaml"] += "\nexecution: activity\n"

	return changed
}

// newContinuingApp adds languageApp to the continuing system.
func newContinuingApp(t *testing.T) (*system, caller, string) {
	t.Helper()

	system, err := continuingSystem()
	require.NoError(t, err)

	id := "test-" + uuid.NewString()
	writeApp(t, filepath.Join(system.dir, "apps", id), withActivities(languageApp))

	return system, caller{system.server.URL}, id
}

// runs returns how many runs a job had, and the length of the longest history.
func (s *system) runs(t *testing.T, jobID string) (count, longest int) {
	t.Helper()

	histories := s.historiesOf(t, jobID)
	for _, history := range histories {
		longest = max(longest, len(history.GetEvents()))
	}

	return len(histories), longest
}

func TestContinueAsNewDoesNotChangeTheOutcome(t *testing.T) {
	t.Parallel()

	for scenario, value := range returnValues {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()

			system, api, appID := newContinuingApp(t)
			jobID := uuid.NewString()

			got := api.execute(t, with(runScenario(appID, scenario, object{}), object{"jobId": jobID}))
			require.Equal(t, http.StatusOK, got.status, got.text)
			require.Equal(t, value, got.result(t)["value"], got.text)

			still := api.status(t, appID, jobID)
			require.Equal(t, http.StatusOK, still.status, "a job keeps its app when it continues as new: %s", still.text)
			require.Equal(t, got.result(t)["results"] == nil, still.result(t)["results"] == nil)

			runs, longest := system.runs(t, jobID)
			require.Less(t, longest, 60)

			if continues := map[string]bool{"While": true, "ForEach": true, "Parallel": true, "TryCatch": true, "RunScenario": true}; continues[scenario] {
				require.Greater(t, runs, 1, "the job did not continue as new")
			}
		})
	}
}

func TestStopAfterContinueAsNewRunsFinally(t *testing.T) {
	t.Parallel()

	for _, scenario := range []string{"While", "ForEach", "Parallel", "TryCatch", "AppVariable", "Records"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()

			system, api, appID := newContinuingApp(t)
			jobID := uuid.NewString()
			wait := api.startExecute(t, with(runScenario(appID, scenario, object{"long": true}), object{"jobId": jobID}))

			await(t, func() bool { return api.status(t, appID, jobID).status == http.StatusOK })
			api.awaitStatus(t, appID, jobID, isWaitingLong)
			require.NoError(t, system.client.CancelWorkflow(t.Context(), jobID, ""))

			got := wait()
			require.Equal(t, "stopped", got.result(t)["status"], got.text)
			require.Contains(t, resultNames(t, got.result(t)), "finally")
		})
	}
}

func TestSignalSurvivesContinueAsNew(t *testing.T) {
	t.Parallel()

	system, api, appID := newContinuingApp(t)
	jobID := uuid.NewString()
	wait := api.startExecute(t, with(runScenario(appID, "WaitForSignal", object{}), object{"jobId": jobID}))

	await(t, func() bool { return api.status(t, appID, jobID).status == http.StatusOK })

	early := object{"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": "early"}
	for range 6 { // Each adds events to the history.
		got := api.signal(t, early)
		require.Equal(t, http.StatusOK, got.status, got.text)
	}

	got := api.signal(t, with(early, object{"signal": "go-WaitForSignal", "data": "came"}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	ended := wait()
	require.Equal(t, "came", ended.result(t)["value"], ended.text)

	runs, _ := system.runs(t, jobID)
	require.Greater(t, runs, 1, "the job did not continue as new")
}
