package cluster_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
)

var duration = flag.Duration("duration", 0, "how long to soak the cluster; 0 restarts and kills each kind of process once")

const (
	killInterval    = time.Minute
	restartInterval = 5 * time.Minute

	// steady is the shortest soak in which no process may grow. In a shorter one, caches fill.
	steady = 20 * time.Minute
)

func TestMain(m *testing.M) { testserver.Main(m) }

func TestCluster(t *testing.T) { //nolint:tparallel // The contract is tested before the disruptions.
	t.Parallel()

	c := newCluster(t)
	c.start(t)

	t.Run("contract", func(t *testing.T) { testContract(t, c) })

	s := &soak{cluster: c, load: startLoad(t, c), started: time.Now(), kills: map[string]int{}}
	s.load.awaitProgress(t)

	if *duration == 0 {
		s.restart(t)
		s.load.awaitProgress(t)

		for _, victim := range c.victims() {
			s.kill(t, victim)
			s.load.awaitProgress(t)
		}
	} else {
		s.growth = startSampling(t.Context(), c.processes, 5*time.Second)
		s.run(t)
		s.growth.finish()
	}

	s.load.stop()

	for _, process := range c.processes {
		for _, failure := range process.Failures() {
			t.Logf("%s ended by itself: %s", process.Name, failure)
		}
	}

	table := s.table(s.load.check(t, c))
	t.Log("\n" + table)
	require.Empty(t, strings.Join(s.load.problems, "\n"))

	for _, process := range slices.Backward(c.processes) {
		require.NoError(t, process.Stop())
	}
}

// soak restarts and kills processes under a steady load.
type soak struct {
	cluster  *cluster
	load     *load
	started  time.Time
	growth   *growth
	restarts int
	kills    map[string]int
}

// run restarts all processes every five minutes, and kills one of another kind every minute.
func (s *soak) run(t *testing.T) {
	t.Helper()

	var (
		victims = s.cluster.victims()
		minutes = time.NewTicker(killInterval)
	)

	defer minutes.Stop()

	for next := 0; time.Since(s.started) < *duration; next++ {
		if time.Since(s.started) >= time.Duration(s.restarts)*restartInterval {
			s.restart(t)
		}

		s.kill(t, victims[next%len(victims)])
		<-minutes.C
	}
}

func (s *soak) restart(t *testing.T) {
	t.Helper()
	s.cluster.restart(t)
	s.restarts++
}

func (s *soak) kill(t *testing.T, victim victim) {
	t.Helper()
	begin := time.Now()
	victim.kill(t)
	t.Logf("%s was killed and ready after %s", victim.name, time.Since(begin).Round(time.Millisecond))
	s.kills[victim.name]++
}

// table formats the figures of a run as the table in docs/guarantees.md, and adds processes that have grown to the problems.
func (s *soak) table(found losses) string {
	var text strings.Builder

	row := func(label string, value any) { fmt.Fprintf(&text, "| %s | %v |\n", label, value) }

	fmt.Fprintf(&text, "| %s, %d jobs per second | |\n|---|---:|\n", time.Since(s.started).Round(time.Second), jobsPerSecond)
	row("jobs", len(s.load.jobs))
	row("calls", s.load.calls)
	row("calls repeated without a response or after a 429 or 503", s.load.repeated)
	row("expected records", found.Expected)
	row("duplicates", found.Duplicates)
	row("losses", found.Lost)
	row("failed jobs", found.failed)
	row("stuck jobs", found.stuck)
	row("duration of a job, p50", s.durationOfJobs(50))
	row("duration of a job, p99", s.durationOfJobs(99))
	row("rolling restarts", s.restarts)

	for _, victim := range s.cluster.victims() {
		row("SIGKILL "+victim.name, s.kills[victim.name])
	}

	for _, process := range s.cluster.processes {
		ends := process.Ends()
		if ends.Overdue > 0 {
			row("SIGKILL "+process.Name+", because its stop took too long", ends.Overdue)
		}

		if failures := len(process.Failures()); failures > 0 {
			row("ends of "+process.Name+" by itself", failures)
		}
	}

	if s.growth != nil {
		s.addGrowth(&text)
	}

	return text.String()
}

// addGrowth adds a table of the memory and the goroutines.
func (s *soak) addGrowth(text *strings.Builder) {
	fmt.Fprint(text, "\n| process | memory, second quarter | last quarter | goroutines, second quarter | last quarter |\n|---|---:|---:|---:|---:|\n")

	for _, process := range s.cluster.processes {
		second, last := medians(s.growth.samples[process.Name], memory)
		secondGoroutines, lastGoroutines := medians(s.growth.samples[process.Name], goroutines)

		numbers := fmt.Sprintf("%d | %d", secondGoroutines, lastGoroutines)
		if process.metrics == "" {
			numbers = "unknown | unknown"
		}

		fmt.Fprintf(text, "| %s | %d MB | %d MB | %s |\n", process.Name, second>>20, last>>20, numbers)

		if *duration < steady {
			continue
		}

		if !isFlat(second, last, 32<<20) {
			s.load.addProblemf("%s: the memory has grown from %d to %d MB", process.Name, second>>20, last>>20)
		}

		if !isFlat(secondGoroutines, lastGoroutines, 50) {
			s.load.addProblemf("%s: the goroutines have grown from %d to %d", process.Name, secondGoroutines, lastGoroutines)
		}
	}
}

// durationOfJobs returns a percentile of the durations of the jobs.
func (s *soak) durationOfJobs(percentile int) time.Duration {
	durations := make([]time.Duration, 0, len(s.load.jobs))
	for _, job := range s.load.jobs {
		durations = append(durations, job.took)
	}

	slices.Sort(durations)

	return durations[len(durations)*percentile/100].Round(time.Millisecond)
}
