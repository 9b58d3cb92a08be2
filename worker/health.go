package worker

import (
	"context"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"
)

// healthTimeout bounds how long Temporal may take to answer a health check.
const healthTimeout = 5 * time.Second

// Health answers GET /healthz, that the process lives, and GET /readyz, that its worker is running and Temporal answers it.
func Health(temporal client.Client, running func() bool) http.Handler {
	mux := http.NewServeMux()

	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()

		if _, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil || !running() {
			answer(w, http.StatusServiceUnavailable, "unavailable")

			return
		}

		answer(w, http.StatusOK, "ok")
	})

	return mux
}

func answer(w http.ResponseWriter, code int, status string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(`{"status":"` + status + `"}`)) // Who asked may be gone.
}
