package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/faulttest"
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

	ctx, cancel := context.WithTimeout(t.Context(), endTimeout)
	defer cancel()

	r := c.system.receiver

	for _, job := range c.callers.jobs {
		if !job.hasCallback() || job.state == "" {
			continue
		}

		c.counts["callbacks"]++

		calls := c.awaitCallback(ctx, job)
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

// awaitCallback returns the states that calls have reported of the job, by webhook-id. The pauses between attempts triple, so a
// delivery that has failed several times during the faults is repeated by a call. A delivery without an attempt is not: it could
// be one that was never started.
func (c *checker) awaitCallback(ctx context.Context, job *trackedJob) map[string]string {
	for {
		if calls := c.system.receiver.callsOf(job.jobID); len(calls) > 0 || ctx.Err() != nil {
			return calls
		}

		if c.isRetried(ctx, job.jobID) {
			_, _, err := c.callers.call(ctx, http.MethodPost, "redeliverCallback.jsp", map[string]any{
				"apiKey": key, "appId": appID, "jobId": job.jobID,
			})
			if err == nil {
				c.counts["callbacks repeated by a call"]++
			}
		}

		faulttest.Pause(ctx, time.Second)
	}
}

// callsOf returns the states of the calls for a job, by webhook-id.
func (r *receiver) callsOf(jobID string) map[string]string {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	return maps.Clone(r.jobs[jobID])
}

// isRetried reports whether attempts of the job's callback have failed, and another one follows.
func (c *checker) isRetried(ctx context.Context, jobID string) bool {
	_, response, err := c.callers.status(ctx, jobID)
	if err != nil {
		return false
	}

	var status struct {
		Result struct {
			Callbacks []struct {
				State    string `json:"state"`
				Attempts int    `json:"attempts"`
			} `json:"callbacks"`
		} `json:"result"`
	}

	if err := json.Unmarshal([]byte(response), &status); err != nil || len(status.Result.Callbacks) == 0 {
		return false
	}

	return status.Result.Callbacks[0].State == "pending" && status.Result.Callbacks[0].Attempts > 1
}
