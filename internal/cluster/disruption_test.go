package cluster_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// restart stops and starts one process after the other, as an upgrade does: each is ready before the next one stops.
func (c *cluster) restart(t *testing.T) {
	t.Helper()

	for _, service := range []string{"worker", "apiserver", "temporal", "temporal-ui"} {
		for _, process := range c.processesOf(service) {
			begin := time.Now()
			require.NoError(t, process.Stop())
			stopped := time.Since(begin)
			require.NoError(t, process.Start())
			process.awaitReady(t)
			t.Logf("%s stopped within %s and was ready after %s", process.Name, stopped.Round(time.Millisecond),
				time.Since(begin).Round(time.Millisecond))
		}
	}
}

// victim is a process to kill.
type victim struct {
	name string
	kill func(t *testing.T) // Kills it, and returns when it is ready again.
}

// victims returns a victim of each kind.
func (c *cluster) victims() (victims []victim) {
	for _, process := range slices.Concat(c.processesOf("worker")[:1], c.processesOf("apiserver")[:1], c.processesOf("temporal")) {
		victims = append(victims, victim{process.Name, func(t *testing.T) {
			t.Helper()
			process.Kill()
			process.awaitReady(t)
		}})
	}

	return append(victims, victim{"postgresql", func(t *testing.T) {
		t.Helper()
		c.postgres.Kill(t)
		c.postgres.Start(t)
	}})
}

// awaitProgress waits until some jobs have ended that had not started before, so that everything works again.
func (l *load) awaitProgress(t *testing.T) {
	t.Helper()

	l.mutex.Lock()
	before := len(l.jobs)
	l.mutex.Unlock()

	require.Eventually(t, func() bool {
		l.mutex.Lock()
		defer l.mutex.Unlock()

		ended := 0

		for _, job := range l.jobs[before:] {
			if job.took > 0 {
				ended++
			}
		}

		return ended >= len(kinds)
	}, patience, 100*time.Millisecond, "no job ends")
}
