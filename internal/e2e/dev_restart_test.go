package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// Without the server's help, regular activities of the killed process would end with the heartbeat timeout of 15 s, and local ones
// with the timeout of their workflow task, 10 s.
func TestDevContinuesRunningStepsAtOnceAfterKill(t *testing.T) {
	t.Parallel()

	for _, execution := range []scenario.Execution{scenario.ExecutionActivity, scenario.ExecutionAuto} {
		t.Run(string(execution), func(t *testing.T) {
			t.Parallel()

			requireContinuedAfterKill(t, execution)
		})
	}
}

func requireContinuedAfterKill(t *testing.T, execution scenario.Execution) {
	t.Helper()

	const (
		jobs = 5
		most = 4 * jobs // Requests: a local activity sends one, and the regular one that follows another.
	)

	var (
		requests = make(chan time.Time, most)
		release  = make(chan struct{})
	)

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- time.Now()

		select {
		case <-release:
		case <-r.Context().Done():
		}

		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)

	apps, data := t.TempDir(), t.TempDir()
	writeApp(t, filepath.Join(apps, "8"), map[string]string{
		"app.yaml":            fmt.Sprintf("execution: %s\nsources:\n  slow: {kind: HTTPSource, url: %q}\n", execution, server.URL),
		"scenarios/Main.yaml": "steps:\n  - {opName: HTTPRequest, opParams: {source: slow, path: /}}\n",
	})

	// await waits until each job has sent a request, and returns the time of the last.
	await := func() (last time.Time) {
		for range jobs {
			select {
			case last = <-requests:
			case <-time.After(time.Minute):
				require.Fail(t, "a step did not send its request")
			}
		}

		return last
	}

	first := dev(t, data, "--apps", apps)
	for i := range jobs {
		request := with(runScenario("8", "Main", object{}), object{"jobId": fmt.Sprint(i), "isAsync": true})
		got := apiOf(t, first).execute(t, request)
		require.Equal(t, http.StatusOK, got.status, got.text)
	}

	await()
	first.kill()

	restarted := time.Now()
	second := dev(t, data, "--apps", apps)
	api := apiOf(t, second)
	up := time.Now()
	last := await()

	t.Logf("after the restart, the API was up after %s, all steps ran after %s", up.Sub(restarted), last.Sub(restarted))
	require.Less(t, last.Sub(up), 5*time.Second)
	close(release)

	for i := range jobs {
		require.Equal(t, "completed", api.awaitStatus(t, "8", fmt.Sprint(i), ended)["status"])
	}

	if execution == scenario.ExecutionActivity {
		requireRescheduled(t, second.await(t, `Temporal +([0-9.:]+), namespace`), jobs)
	}
}

// requireRescheduled requires that the second attempt of each job's step followed the end of its worker.
func requireRescheduled(t *testing.T, address string, jobs int) {
	t.Helper()

	temporal, err := client.Dial(client.Options{HostPort: address, Logger: silent{}})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	for i := range jobs {
		events := temporal.GetWorkflowHistory(t.Context(), fmt.Sprint(i), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)

		var attempt *historypb.ActivityTaskStartedEventAttributes

		for events.HasNext() {
			event, err := events.Next()
			require.NoError(t, err)

			if event.GetActivityTaskStartedEventAttributes() != nil {
				attempt = event.GetActivityTaskStartedEventAttributes()
			}
		}

		require.EqualValues(t, 2, attempt.GetAttempt())
		require.Equal(t, job.CodeWorkerStopped, attempt.GetLastFailure().GetApplicationFailureInfo().GetType())
	}
}
