package jobservice

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
)

func TestEndedJobsGetExpires(t *testing.T) {
	t.Parallel()

	cache, now := newEndedJobs(10, 1<<20), time.Now()
	ended := &Status{JobID: "night 1", runID: "first"}

	_, ok := cache.get("night 1", now)
	require.False(t, ok)

	cache.put(ended, now)

	got, ok := cache.get("night 1", now.Add(endedTTL-1))
	require.True(t, ok)
	require.Same(t, ended, got)

	_, ok = cache.get("night 1", now.Add(endedTTL))
	require.False(t, ok)
	require.Same(t, ended, cache.ofRun("night 1", "first"), "the status of a run does not expire")
	require.Nil(t, cache.ofRun("night 1", "second"))

	cache.put(ended, now.Add(endedTTL))

	_, ok = cache.get("night 1", now.Add(endedTTL))
	require.True(t, ok)

	cache.remove("night 1")

	_, ok = cache.get("night 1", now)
	require.False(t, ok)
	require.Zero(t, cache.bytes)
}

func TestEndedJobsIsBoundedInJobsAndBytes(t *testing.T) {
	t.Parallel()

	const (
		maxJobs  = 100
		maxBytes = 1 << 20
	)

	now := time.Now()

	for _, size := range []int{0, 1_000, 100_000} {
		cache := newEndedJobs(maxJobs, maxBytes)

		for i := range 10 * maxJobs {
			jobID := fmt.Sprint("night ", i%(2*maxJobs))
			cache.put(&Status{
				JobID: jobID, Fields: make([]byte, size/2), Results: []job.Result{{Inline: make([]byte, size/2)}},
			}, now)

			_, ok := cache.get(jobID, now)
			require.True(t, ok)
			require.LessOrEqual(t, cache.jobs.Len(), maxJobs)
			require.LessOrEqual(t, cache.bytes, maxBytes)
		}

		sum := 0
		for _, entry := range cache.jobs.Values() {
			sum += entry.size
		}

		require.Equal(t, sum, cache.bytes)
		require.Greater(t, cache.jobs.Len(), 5)
	}

	// One large status does not replace all others.
	cache := newEndedJobs(maxJobs, maxBytes)
	cache.put(&Status{JobID: "small"}, now)
	cache.put(&Status{JobID: "large", Fields: make([]byte, maxBytes/4)}, now)
	require.Equal(t, 1, cache.jobs.Len())
}
