package chaos_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

var (
	duration = flag.Duration("duration", 5*time.Second, "how long the system is broken")
	seed     = flag.Uint64("seed", 0, "what decides how it is broken; 0 for one of chance")
)

// ending is how long jobs may take to end once nothing is broken any more.
const ending = 5 * time.Minute

func TestChaos(t *testing.T) {
	t.Parallel()

	if *seed == 0 {
		*seed = rand.Uint64()
	}

	t.Logf("seed %d, for %s", *seed, *duration)

	s := newSystem(t)
	s.connected(t, func(ctx context.Context, data *pgx.Conn) {
		_, err := data.Exec(ctx, tables)
		require.NoError(t, err)
	})

	began := s.goroutines(t)

	var (
		callers  = newCallers(s.api, s.app(), *seed)
		faults   = newFaults(t, s, *seed)
		contests []*contest
		calling  sync.WaitGroup
	)

	begin, stop := context.WithTimeout(t.Context(), *duration)
	defer stop()

	give, giveUp := context.WithTimeout(t.Context(), *duration+ending)
	defer giveUp()

	for range 8 {
		calling.Go(func() { callers.run(begin, give) })
	}

	calling.Go(func() { contests = callers.hold(begin) })

	faults.run(begin)

	for _, p := range s.processes() {
		require.NoError(t, p.await())
	}

	calling.Wait()

	found := &check{system: s, callers: callers, counts: map[string]int{"doubles": 0, "losses": 0, "stuck": 0}}
	found.windUp(t.Context(), contests)
	found.run(t)
	found.inOrder(contests)

	if *duration >= time.Minute { // A short run is not to take a minute longer.
		found.quiet(t, began)
	}

	for _, p := range slices.Backward(s.processes()[1:]) {
		require.Equal(t, 0, p.stop(t), "%s printed:\n%s", p.name, &p.printed)
	}

	found.idle(t)
	found.files(t)

	t.Log("\n" + table(callers, faults, found))
	require.Empty(t, strings.Join(found.broken, "\n"))
}

// table tells a run, as docs/guarantees.md prints it.
func table(callers *callers, faults *faults, found *check) string {
	var text strings.Builder

	row := func(what string, value any) { fmt.Fprintf(&text, "| %s | %v |\n", what, value) }

	fmt.Fprintf(&text, "| %s, seed %d | |\n|---|---:|\n", *duration, *seed)
	row("jobs", len(callers.jobs))

	for _, name := range slices.Sorted(maps.Keys(found.counts)) {
		row(name, found.counts[name])
	}

	strikes := 0

	for _, name := range slices.Sorted(maps.Keys(faults.counts)) {
		strikes += faults.counts[name]
		row(name, faults.counts[name])
	}

	row("all of these faults", strikes)

	resumed := resumptions(faults.outages, callers.jobs)
	if len(resumed) > 0 {
		row("until the first job that an outage met has ended, p50", resumed[len(resumed)/2].Round(time.Millisecond))
		row("the same, p99", resumed[len(resumed)*99/100].Round(time.Millisecond))
	}

	return text.String()
}

// resumptions are how long it took from each time that something served again until a job ended that had run when it went
// down, in order.
func resumptions(outages []outage, jobs []*ran) []time.Duration {
	var found []time.Duration

	for _, outage := range outages {
		first := time.Duration(-1)

		for _, job := range jobs {
			if took := job.ended.Sub(outage.to); job.began.Before(outage.from) && took > 0 && (first < 0 || took < first) {
				first = took
			}
		}

		if first >= 0 {
			found = append(found, first)
		}
	}

	slices.Sort(found)

	return found
}
