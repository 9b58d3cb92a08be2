// Package heartbeat sends the heartbeats of activities that wait, so that Temporal repeats them soon after their worker was
// killed.
package heartbeat

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// Start sends a heartbeat for the activity of ctx at once and then after each interval, until ctx ends or stop is called.
func Start(ctx context.Context, interval time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)

	go func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()

		for {
			activity.RecordHeartbeat(ctx)

			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()

	return cancel
}
