package worker

import (
	"context"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"
)

// healthTimeout limits the duration of Temporal's health check.
const healthTimeout = 5 * time.Second

// Health serves GET /healthz, which reports that the process is alive, and GET /readyz, which reports whether the worker is
// running and can reach Temporal.
func Health(temporal client.Client, running func() bool) http.Handler {
	mux := http.NewServeMux()

	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()

		if _, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil || !running() {
			respond(w, http.StatusServiceUnavailable, "unavailable")

			return
		}

		respond(w, http.StatusOK, "ok")
	})

	return mux
}

func respond(w http.ResponseWriter, code int, status string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(`{"status":"` + status + `"}`)) // The client may have disconnected.
}
