package worker

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/jobservice"
)

// healthTimeout limits the duration of Temporal's health check.
const healthTimeout = 5 * time.Second

// health is the response of an endpoint.
type health struct {
	Status string `json:"status"`

	// The running jobs that make no progress; nil if Temporal has not counted them. They do not make a worker unavailable:
	// another one could run them as little.
	StuckJobs         *int64 `json:"stuckJobs,omitempty"`
	JobsWithoutWorker *int64 `json:"jobsWithoutWorker,omitempty"`
}

// Health serves GET /healthz, which reports that the process is alive, and GET /readyz, which reports whether the worker is
// running and can reach Temporal, and how many jobs of all workers make no progress.
func Health(jobs *jobservice.Service, running func() bool) http.Handler {
	mux := http.NewServeMux()

	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, health{Status: "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()

		if _, err := jobs.Options().Temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil || !running() {
			respond(w, http.StatusServiceUnavailable, health{Status: "unavailable"})

			return
		}

		ready := health{Status: "ok"}
		if counted, err := jobs.NoProgress(ctx); err == nil {
			ready.StuckJobs, ready.JobsWithoutWorker = &counted.Stuck, &counted.WithoutWorker
		}

		respond(w, http.StatusOK, ready)
	})

	return mux
}

func respond(w http.ResponseWriter, code int, response health) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(response) //nolint:errchkjson // The client may have disconnected.
}
