package chaos_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/jobwright/jobwright/internal/faulttest"
)

var (
	duration = flag.Duration("duration", 5*time.Second, "how long to inject faults")
	seed     = flag.Uint64("seed", 0, "the seed of all random decisions; 0 chooses one")
)

// endTimeout is the time within which jobs must end after the last fault.
const endTimeout = 5 * time.Minute

func TestGuaranteesUnderRandomFaults(t *testing.T) {
	t.Parallel()

	if *seed == 0 {
		*seed = rand.Uint64()
	}

	t.Logf("seed %d, for %s", *seed, *duration)

	s := newSystem(t)
	faulttest.WithPostgreSQL(t, s.database, func(ctx context.Context, connection *pgx.Conn) {
		_, err := connection.Exec(ctx, tables)
		require.NoError(t, err)
	})

	goroutinesBefore := s.goroutines(t)

	var (
		temporal   = connect(t, s)
		callers    = newCallers(s, terminator(temporal), *seed)
		faults     = newFaults(t, s, *seed)
		sharedJobs []*sharedJob
		calling    sync.WaitGroup
	)

	startContext, cancelStart := context.WithTimeout(t.Context(), *duration)
	defer cancelStart()

	followContext, cancelFollow := context.WithTimeout(t.Context(), *duration+endTimeout)
	defer cancelFollow()

	for range 8 {
		calling.Go(func() { callers.run(startContext, followContext) })
	}

	calling.Go(func() { sharedJobs = callers.runSharedJobs(startContext) })

	faults.run(startContext)

	for _, p := range s.processes() {
		require.NoError(t, p.awaitReady())
	}

	calling.Wait()

	check := &checker{system: s, callers: callers, counts: map[string]int{"duplicates": 0, "losses": 0, "stuck jobs": 0}}
	check.stopSharedJobs(t.Context(), sharedJobs)
	check.run(t)
	check.checkSchedule(t, temporal)
	check.checkLinearizability(sharedJobs)

	if *duration >= time.Minute { // The check waits for idle connections to close, too long for a short run.
		check.checkGoroutines(t, goroutinesBefore)
	}

	for _, p := range slices.Backward(s.processes()[1:]) {
		require.NoError(t, p.Stop())
		require.Zero(t, p.Ends().Overdue, "%s has not ended in time", p.Name)
	}

	check.checkSessions(t)
	check.checkResultStore(t)

	t.Log("\n" + table(callers, faults, check))
	require.Empty(t, strings.Join(check.problems, "\n"))
}

// connect returns a client of Temporal.
func connect(t *testing.T, s *system) client.Client {
	t.Helper()

	temporal, err := client.NewLazyClient(client.Options{
		HostPort: s.temporalProxy.address(), Namespace: namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	return temporal
}

// terminator returns a function that terminates a job.
func terminator(temporal client.Client) func(ctx context.Context, jobID string) error {
	return func(ctx context.Context, jobID string) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()

		return temporal.TerminateWorkflow(ctx, jobID, "", "chaos")
	}
}

// table formats the figures of a run as the table in docs/guarantees.md.
func table(callers *callers, faults *faults, check *checker) string {
	var text strings.Builder

	row := func(label string, value any) { fmt.Fprintf(&text, "| %s | %v |\n", label, value) }

	fmt.Fprintf(&text, "| %s, seed %d | |\n|---|---:|\n", *duration, *seed)
	row("jobs", len(callers.jobs))

	for _, name := range slices.Sorted(maps.Keys(check.counts)) {
		row(name, check.counts[name])
	}

	total, kills := 0, 0

	for _, name := range slices.Sorted(maps.Keys(faults.counts)) {
		total += faults.counts[name]
		row(name, faults.counts[name])

		if strings.HasPrefix(name, "SIGKILL") {
			kills += faults.counts[name]
		}
	}

	row("all SIGKILLs", kills)
	row("all faults", total)

	recoveries := recoveryTimes(faults.outages, callers.jobs)
	if len(recoveries) > 0 {
		row("recovery time after an outage, p50", recoveries[len(recoveries)/2].Round(time.Millisecond))
		row("recovery time after an outage, p99", recoveries[len(recoveries)*99/100].Round(time.Millisecond))
	}

	return text.String()
}

// recoveryTimes returns, for each outage, the time from its end until the first job ended that had started before it. The
// times are sorted.
func recoveryTimes(outages []outage, jobs []*trackedJob) []time.Duration {
	var times []time.Duration

	for _, outage := range outages {
		first := time.Duration(-1)

		for _, job := range jobs {
			took := job.ended.Sub(outage.to)
			if job.started.Before(outage.from) && took > 0 && (first < 0 || took < first) {
				first = took
			}
		}

		if first >= 0 {
			times = append(times, first)
		}
	}

	slices.Sort(times)

	return times
}
