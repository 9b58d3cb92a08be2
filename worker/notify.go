package worker

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jobwright/jobwright/jobservice"
)

// notifyInterval is the average time between two sweeps for jobs whose end is to be reported, although their workflow could not
// do so. The time varies, so that several workers do not sweep at the same moment.
const notifyInterval = 20 * time.Second

// notifyPeriodically sweeps until ctx ends.
func notifyPeriodically(ctx context.Context, notifier *jobservice.Notifier, log *slog.Logger) {
	for {
		started, err := notifier.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			log.Warn("Jobs whose end is to be reported can't be listed", "error", err)
		}

		if started > 0 {
			log.Info("Reporting the ends of jobs that were terminated, or failed by Temporal", "count", started)
		}

		wait := time.NewTimer(notifyInterval/2 + rand.N(notifyInterval)) //nolint:gosec // The time need not be unpredictable.

		select {
		case <-ctx.Done():
			wait.Stop()

			return
		case <-wait.C:
		}
	}
}
