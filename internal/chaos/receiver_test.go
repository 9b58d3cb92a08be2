package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// signingSecret signs the callbacks of the jobs.
const signingSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

// receiver receives callbacks. It verifies their signatures, and refuses some of them, which Jobwright repeats.
type receiver struct {
	server *httptest.Server

	mutex    sync.Mutex
	calls    int
	refused  int
	jobs     map[string]map[string]string // The status of the job in the calls with each webhook-id, by jobId.
	problems []string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()

	verifier, err := standardwebhooks.NewWebhook(signingSecret)
	require.NoError(t, err)

	r := &receiver{jobs: map[string]map[string]string{}}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return // The connection was cut.
		}

		if !r.receive(request.Header.Get("Webhook-Id"), body, verifier.Verify(body, request.Header)) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(r.server.Close)

	return r
}

// receive records a call, and reports whether the receiver accepts it.
func (r *receiver) receive(id string, body []byte, unverified error) bool {
	var message struct {
		Data struct {
			JobID  string `json:"jobId"`
			Status string `json:"status"`
		} `json:"data"`
	}

	r.mutex.Lock()
	defer r.mutex.Unlock()

	if err := json.Unmarshal(body, &message); err != nil || unverified != nil {
		r.problems = append(r.problems, fmt.Sprintf("the callback %s is invalid: %v, %v: %s", id, unverified, err, body))

		return true
	}

	const often = 5

	r.calls++
	if r.calls%often == 0 {
		r.refused++

		return false
	}

	if r.jobs[message.Data.JobID] == nil {
		r.jobs[message.Data.JobID] = map[string]string{}
	}

	r.jobs[message.Data.JobID][id] = message.Data.Status

	return true
}

// hasCallback reports whether the job asks for a callback. Each request for the job has to be the same.
func (j *trackedJob) hasCallback() bool { return j.jobID[0] < '8' || j.scenario == "Terminate" }

// checkCallbacks verifies that the end of each job that asked for it was reported at least once, always with one ID, and
// no other end.
func (c *checker) checkCallbacks(t *testing.T) {
	t.Helper()

	ctx, cancel := context.WithTimeout(t.Context(), endTimeout) // The pauses between attempts get longer.
	defer cancel()

	r := c.system.receiver

	for _, job := range c.callers.jobs {
		if !job.hasCallback() || job.state == "" {
			continue
		}

		c.counts["callbacks"]++

		var calls map[string]string

		for ; len(calls) == 0 && ctx.Err() == nil; pause(ctx, 100*time.Millisecond) {
			r.mutex.Lock()
			calls = r.jobs[job.jobID]
			r.mutex.Unlock()
		}

		if len(calls) == 0 {
			c.counts["losses"]++
			c.addProblemf("the end of %s %s was not reported", job.scenario, job.jobID)
		}

		if len(calls) > 1 {
			c.addProblemf("the end of %s %s was reported with %d IDs", job.scenario, job.jobID, len(calls))
		}

		for _, state := range calls {
			if state != job.state {
				c.addProblemf("%s %s ended %s and was reported as %s", job.scenario, job.jobID, job.state, state)
			}
		}
	}

	r.mutex.Lock()
	defer r.mutex.Unlock()

	c.problems = append(c.problems, r.problems...)
	c.counts["callbacks refused by the receiver"] = r.refused
	c.counts["callbacks repeated"] = r.calls - c.counts["callbacks"]
}
