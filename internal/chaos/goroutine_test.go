package chaos_test

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// goroutines are how many the workers have, all together.
func (s *system) goroutines(t *testing.T) (count int) {
	t.Helper()

	for _, worker := range s.workers {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, worker.http+"/metrics", http.NoBody)
		require.NoError(t, err)

		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)

		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())

		found := regexp.MustCompile(`(?m)^go_goroutines (\d+)$`).FindSubmatch(text)
		require.NotNil(t, found, "%s", text)

		number, err := strconv.Atoi(string(found[1]))
		require.NoError(t, err)

		count += number
	}

	return count
}

// quiet holds that workers that have nothing to do come to have as many goroutines as they began with, but for a few:
// connections that nobody uses are closed after a minute.
func (c *check) quiet(t *testing.T, began int) {
	t.Helper()

	const few = 20

	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); pause(t.Context(), time.Second) {
		if c.counts["goroutines of idle workers"] = c.system.goroutines(t); c.counts["goroutines of idle workers"] <= began+few {
			return
		}
	}

	c.failf("the workers have %d goroutines, and began with %d", c.counts["goroutines of idle workers"], began)
}
