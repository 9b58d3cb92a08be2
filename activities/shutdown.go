package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
)

// errStopping is why an attempt ends whose worker is being stopped.
var errStopping = errors.New("the worker that ran it was stopped; another one tries it again")

// untilStopped returns a context that ends a while after the worker was told to stop, before the worker ends: so there is
// time to tell Temporal, which gives the step to another worker at once. From one that is just gone, it would wait for
// heartbeats first.
func (a *Activities) untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stopping := activity.GetWorkerStopChannel(ctx)

	go func() {
		select {
		case <-ctx.Done():
			return
		case <-stopping:
		}

		grace := time.NewTimer(a.grace)
		defer grace.Stop()

		select {
		case <-ctx.Done():
		case <-grace.C:
			cancel(errStopping)
		}
	}()

	return ctx, func() { cancel(nil) }
}
