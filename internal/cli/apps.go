package cli

import (
	"log/slog"
	"sync"

	"go.temporal.io/sdk/client"
)

// ReportApps returns a function for the Loaded of [app.Options], which reports invalid apps in the log and in metrics.
func ReportApps(log *slog.Logger, metrics client.MetricsHandler) func(id string, err error) {
	var (
		mu      sync.Mutex
		invalid = map[string]bool{}
	)

	return func(id string, err error) {
		mu.Lock()
		defer mu.Unlock()

		of := metrics.WithTags(map[string]string{"app": id})

		switch {
		case err != nil:
			log.Error("app.yaml is invalid; the last valid version stays in use, if there is one", "app", id, "error", err)
			of.Counter("jobwright_app_reload_failures").Inc(1)
			of.Gauge("jobwright_app_stale").Update(1)
		case invalid[id]:
			log.Info("app.yaml is valid again", "app", id)

			fallthrough
		default:
			of.Gauge("jobwright_app_stale").Update(0)
		}

		invalid[id] = err != nil
	}
}
