package e2e_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/schedule"
	"github.com/jobwright/jobwright/worker"
)

// Temporal is killed for longer than the catch-up window of a schedule, while the other processes run.
func TestScheduleCatchesUpAfterAnOutageOfTemporal(t *testing.T) {
	t.Parallel()

	const (
		interval = 2 * time.Second
		window   = 10 * time.Second // The shortest that Temporal has.
	)

	s := &system{dir: t.TempDir()}
	require.NoError(t, os.MkdirAll(filepath.Join(s.dir, "apps"), 0o750))
	require.NoError(t, s.start())
	t.Cleanup(func() { require.NoError(t, s.stop()) })

	writeApp(t, filepath.Join(s.dir, "apps", "8"), scheduledScenarios)
	writeApp(t, filepath.Join(s.dir, "apps", "8"), map[string]string{
		"app.yaml": "schedules:\n  often: {scenario: Echo, interval: 2s, catchUpWindow: 10s, overlap: allowAll}\n",
	})

	jobs := worker.New(s.client, worker.Options{
		Apps: s.apps, Results: s.results, Namespace: client.DefaultNamespace, DataDir: s.dir, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, jobs.Start())
	t.Cleanup(jobs.Stop)
	require.NoError(t, schedule.New(newJobs(s.client), s.apps).Reconcile(t.Context()))

	api := caller{s.server.URL}
	api.awaitRuns(t, "8", "often", func(runs []schedule.Run) bool { return len(runs) > 1 && runs[1].EndedAt != nil })

	address := s.temporal.Frontend

	s.temporal.kill()

	killed := time.Now()

	await(t, func() bool { return time.Since(killed) > window+4*interval })

	var err error
	s.temporal, err = startTemporalAt(address, s.dir, 0)
	require.NoError(t, err)

	restarted := time.Now()

	// Later firings are punctual. All that Temporal makes up for have then ended.
	isPunctual := func(run schedule.Run) bool {
		return run.ScheduledAt.After(restarted) && run.StartedAt.Sub(run.ScheduledAt) < interval && run.EndedAt != nil
	}
	runs := api.awaitRuns(t, "8", "often", func(runs []schedule.Run) bool {
		return slices.ContainsFunc(runs, isPunctual) &&
			!slices.ContainsFunc(runs, func(run schedule.Run) bool { return run.ScheduledAt.Before(restarted) && run.EndedAt == nil })
	})

	missed, madeUp := 0, 0

	for i, run := range runs {
		if run.EndedAt != nil { // A firing that has just begun has no job yet.
			require.Equal(t, "8:often:"+run.ScheduledAt.Format(time.RFC3339), run.JobID)
			require.Equal(t, job.FiringStarted, run.Status, run.Reason)
			require.Equal(t, "completed", api.awaitStatus(t, "8", run.JobID, ended)["status"])
		}

		if run.ScheduledAt.After(killed) && run.StartedAt.Sub(run.ScheduledAt) >= interval {
			madeUp++

			require.LessOrEqual(t, run.StartedAt.Sub(run.ScheduledAt), window+interval*2, "it is not within the window")
		}

		if i > 0 {
			since := run.ScheduledAt.Sub(runs[i-1].ScheduledAt)
			require.Positive(t, since, "a firing was doubled")

			missed += int(since/interval) - 1
		}
	}

	t.Logf("%d firings, %d made up for, %d missed", len(runs), madeUp, missed)
	require.GreaterOrEqual(t, madeUp, 3, "firings within the window were lost")
	require.Positive(t, missed, "the outage was longer than the window")
	require.EqualValues(t, missed, api.schedule(t, "8", "often").Counts.Missed)
}
