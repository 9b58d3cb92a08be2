package chaos_test

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/faulttest"
)

// goroutines returns the total number of goroutines of the workers.
func (s *system) goroutines(t *testing.T) (count int) {
	t.Helper()

	for _, worker := range s.workers {
		text, err := faulttest.Get(t.Context(), worker.http+"/metrics")
		require.NoError(t, err)

		match := regexp.MustCompile(`(?m)^go_goroutines (\d+)$`).FindSubmatch(text)
		require.NotNil(t, match, "%s", text)

		number, err := strconv.Atoi(string(match[1]))
		require.NoError(t, err)

		count += number
	}

	return count
}

// checkGoroutines verifies that the workers leak no goroutines: when they are idle, they have about as many as before the
// first job. It waits because unused connections are closed after a minute.
func (c *checker) checkGoroutines(t *testing.T, before int) {
	t.Helper()

	const (
		tolerance = 20
		row       = "goroutines of idle workers"
	)

	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); faulttest.Pause(t.Context(), time.Second) {
		if c.counts[row] = c.system.goroutines(t); c.counts[row] <= before+tolerance {
			return
		}
	}

	c.addProblemf("the idle workers have %d goroutines, and had %d before the first job", c.counts[row], before)
}
