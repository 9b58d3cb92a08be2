package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A job is pinned to a version whose only worker dies. The API server and the worker of another version count it, until a worker of
// its version starts.
func TestJobsWithoutWorkerAreCounted(t *testing.T) {
	t.Parallel()

	u := newUpgrade(t)
	older := u.olderWorker(t)

	await(t, func() bool {
		status, _ := u.jobwright(t, "deployment", "set-current", olderBuild)

		return status == 0
	})

	jobID := u.start(t, "Waiting")
	await(t, func() bool {
		got := u.api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp?"+jobQuery(callerKey, "8", jobID), nil, "")

		return got.status == http.StatusOK && got.result(t)["signals"] != nil
	})

	other := u.worker(t, "--deployment", deploymentName, "--build-id", "newer")
	health := caller{"http://" + other.await(t, `"worker is up","http":"([0-9.:]+)"`)}
	requireCounted := func(count int) {
		t.Helper()

		// Temporal remembers for a while that a worker has polled, and the gauge is updated every 15 seconds.
		awaitFor(t, 3*time.Minute, func() bool {
			return strings.Contains(metrics(t, metricsOf(t, u.server)), fmt.Sprintf("\njobwright_jobs_without_worker %d\n", count))
		})
		await(t, func() bool {
			ready := health.call(t, http.MethodGet, "/readyz", nil, "")
			require.Equal(t, http.StatusOK, ready.status, ready.text) // The worker can run other jobs.

			return strings.Contains(ready.text, fmt.Sprintf(`"jobsWithoutWorker":%d`, count))
		})
	}

	requireCounted(0)

	older.kill()
	requireCounted(1)

	u.olderWorker(t)
	requireCounted(0)

	u.signals(t, []string{jobID})
	u.requireEnds(t, []string{jobID}, 42, olderBuild)
}
