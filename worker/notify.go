package worker

import (
	"context"
	"log/slog"
	"time"

	"github.com/jobwright/jobwright/jobservice"
)

// notifyInterval is the average time between two sweeps for jobs whose end is to be reported, although their workflow could not
// do so.
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

		if pause(ctx, notifyInterval) != nil {
			return
		}
	}
}
