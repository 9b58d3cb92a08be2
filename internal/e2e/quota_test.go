package e2e_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
)

// quotaApp returns an app with limits and a scenario that waits for a signal.
func quotaApp(limits string) map[string]string {
	return map[string]string{
		"app.yaml":             "limits: " + limits,
		"scenarios/Waits.yaml": "steps: [{opName: WaitForSignal, opParams: {name: go}}]",
	}
}

// startWaiting posts a request for a job that waits for a signal.
func (c caller) startWaiting(t *testing.T, appID, jobID string) apiResponse {
	t.Helper()

	return c.execute(t, with(runScenario(appID, "Waits", object{}), object{"jobId": jobID, "isAsync": true}))
}

// requireQuotaExceeded requires that the call was refused because of a limit.
func requireQuotaExceeded(t *testing.T, got apiResponse, limit string) {
	t.Helper()

	require.Equal(t, http.StatusTooManyRequests, got.status, got.text)
	require.Equal(t, "quota_exceeded", got.result(t)["code"])
	require.Contains(t, got.result(t)["message"], limit)

	after, err := strconv.Atoi(got.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Positive(t, after)
}

func TestRunningJobsRefuses(t *testing.T) {
	t.Parallel()

	appID := newApp(t, quotaApp("{runningJobs: 2}"))
	a, b, c, d := uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString()
	other := serve(t, apiserver.Options{})

	for _, jobID := range []string{a, b} {
		got := api().startWaiting(t, appID, jobID)
		require.Equal(t, http.StatusOK, got.status, got.text)
	}

	for _, server := range []caller{api(), other} {
		requireQuotaExceeded(t, server.startWaiting(t, appID, c), "app "+appID+" runs 2 jobs, and limits.runningJobs in its app.yaml")
		require.Equal(t, http.StatusNotFound, server.status(t, appID, c).status)
	}

	got := other.startWaiting(t, appID, a) // A repeated call finds its job.
	require.Equal(t, http.StatusOK, got.status, got.text)

	started := func(jobID string) func() (bool, string) {
		return func() (bool, string) {
			got := other.startWaiting(t, appID, jobID)

			return got.status == http.StatusOK, got.text
		}
	}

	// The end of a job frees its slot, and so does an operator who terminates one.
	require.Equal(t, http.StatusOK, api().stop(t, appID, a).status)
	awaitLists(t, started(c))
	requireQuotaExceeded(t, api().startWaiting(t, appID, d), "limits.runningJobs")
	require.NoError(t, shared.client.TerminateWorkflow(t.Context(), b, "", "as an operator does"))
	awaitLists(t, started(d))
	requireQuotaExceeded(t, api().startWaiting(t, appID, uuid.NewString()), "limits.runningJobs")
}

func TestRunningJobsQueues(t *testing.T) {
	t.Parallel()

	appID := newApp(t, quotaApp("{runningJobs: 1, whenFull: queue}"))
	first, second, third := uuid.NewString(), uuid.NewString(), uuid.NewString()
	is := func(state string) func(object) bool {
		return func(status object) bool { return status["status"] == state }
	}
	waits := func(status object) bool { return status["signals"] != nil }

	require.Equal(t, http.StatusOK, api().startWaiting(t, appID, first).status)
	api().awaitStatus(t, appID, first, waits)

	for _, jobID := range []string{second, third} {
		require.Equal(t, http.StatusOK, api().startWaiting(t, appID, jobID).status)

		status := api().awaitStatus(t, appID, jobID, is("queued"))
		require.Equal(t, "pending", status["steps"].([]any)[0].(object)["state"])
	}

	// A job that is stopped while it is queued leaves the queue.
	require.Equal(t, http.StatusOK, api().stop(t, appID, second).status)
	api().awaitStatus(t, appID, second, is("stopped"))
	require.Equal(t, "queued", api().status(t, appID, third).result(t)["status"])

	got := api().signal(t, object{"apiKey": devKey, "appId": appID, "jobId": first, "signal": "go"})
	require.Equal(t, http.StatusOK, got.status, got.text)
	api().awaitStatus(t, appID, first, is("completed"))
	api().awaitStatus(t, appID, third, waits)
}

func TestCallsPerMinute(t *testing.T) {
	t.Parallel()

	appID := newApp(t, quotaApp("{callsPerMinute: 3}"))
	jobID := uuid.NewString()

	require.Equal(t, http.StatusOK, api().startWaiting(t, appID, jobID).status)

	for range 2 {
		require.Equal(t, http.StatusOK, api().status(t, appID, jobID).status)
	}

	requireQuotaExceeded(t, api().status(t, appID, jobID), "limits.callsPerMinute in its app.yaml permits, 3 in a minute")
	requireQuotaExceeded(t, api().startWaiting(t, appID, uuid.NewString()), "limits.callsPerMinute")
	require.Equal(t, http.StatusOK, api().stop(t, appID, jobID).status, "stopJob is never refused")
}
