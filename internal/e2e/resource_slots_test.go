//go:build linux

package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// requestingApp has a bulk step and a light one, which wait for the response to a request.
var requestingApp = map[string]string{
	"app.yaml": `
sources:
  web: {kind: HTTPSource, url: "${env:JOBWRIGHT_TEST_WEB}", maxConnections: 20}
  files: {kind: FileSource, path: files}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
	"files/numbers.txt": "The folder has to exist.\n",
	"scenarios/Bulk.yaml": `
steps:
  - {opName: LoadTableFromSource, opParams: {source: web, table: numbers.csv, targetSource: files, targetTable: "${job.id}.csv"}}
`,
	"scenarios/Light.yaml": `
steps:
  - {opName: HTTPRequest, execution: activity, opParams: {source: web, path: /}}
`,
}

// heldRequests is an HTTP server that answers a request when the test lets it.
type heldRequests struct {
	*httptest.Server

	now, most atomic.Int64 // The numbers of requests that wait now, and that waited at the same time.
	answers   chan struct{}
}

func newHeldRequests(t *testing.T) *heldRequests {
	t.Helper()

	h := &heldRequests{answers: make(chan struct{})}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := h.now.Add(1)
		defer h.now.Add(-1)

		for most := h.most.Load(); now > most && !h.most.CompareAndSwap(most, now); {
			most = h.most.Load()
		}

		select {
		case <-h.answers:
			_, _ = io.WriteString(w, "n\n1\n")
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(h.Close)

	return h
}

// TestResourceBasedSlotsHaveBounds gives workers, whose slots follow the load of their process, bursts of jobs.
func TestResourceBasedSlotsHaveBounds(t *testing.T) {
	t.Parallel()

	const slots = "--bulk-steps 3 --light-steps 4 --target-cpu 1 --target-memory "

	for name, row := range map[string]struct {
		arguments   string
		bulk, light int64 // How many steps run at the same time.
	}{
		"the load permits more":          {slots + "1", 3, 4},
		"each process needs more memory": {slots + "0.000001", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			p, requests := newProduction(t), newHeldRequests(t)
			p.environment = append(p.environment, "JOBWRIGHT_TEST_WEB="+requests.URL)
			writeApp(t, filepath.Join(p.apps, "8"), requestingApp)

			_, api := p.apiserver(t)
			p.worker(t, strings.Fields(row.arguments)...)

			requests.requireSteps(t, api, "Bulk", row.bulk)
			requests.requireSteps(t, api, "Light", row.light)
		})
	}
}

// burst is the number of jobs that start at the same time.
const burst = 12

// requireSteps starts jobs of a step each, and checks how many of them run at the same time.
func (h *heldRequests) requireSteps(t *testing.T, api caller, scenario string, slots int64) {
	t.Helper()
	h.most.Store(0)

	jobIDs := make([]string, burst)
	for i := range jobIDs {
		jobIDs[i] = uuid.NewString()
		got := api.execute(t, with(runScenario("8", scenario, object{}),
			object{"apiKey": callerKey, "jobId": jobIDs[i], "isAsync": true}))
		require.Equal(t, http.StatusOK, got.status, got.text)
	}

	// As many steps as possible run, until the last jobs end.
	for remaining := int64(burst); remaining > 0; remaining-- {
		await(t, func() bool { return h.now.Load() >= min(slots, remaining) })
		require.Equal(t, slots, h.most.Load())

		h.answers <- struct{}{}
	}

	for _, jobID := range jobIDs {
		got := api.call(t, http.MethodGet, "/api/v1/getJobStatus?"+jobQuery(callerKey, "8", jobID)+"&waitSeconds=60", nil, "")
		require.Equal(t, "completed", got.result(t)["status"], got.text)
	}
}
