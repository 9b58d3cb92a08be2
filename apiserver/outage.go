package apiserver

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.temporal.io/api/serviceerror"
)

// Bounds of a request to Temporal that is not waiting for a job. The client tries again until then, so that nobody notices a
// restart of Temporal; when one call has waited in vain, those that come soon after learn sooner that it can't be reached.
const (
	callTimeout = 5 * time.Second
	awayTimeout = time.Second
	awayFor     = 3 * time.Second // For so long, what one call has learned counts for others.
)

// outage remembers when Temporal could not be reached. That it is slow is none.
type outage struct{ met atomic.Int64 } // In nanoseconds since 1970; 0 when it was reached since.

// bound bounds a request to Temporal.
func (o *outage) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if time.Since(time.Unix(0, o.met.Load())) < awayFor {
		return context.WithTimeout(ctx, awayTimeout)
	}

	return context.WithTimeout(ctx, callTimeout)
}

// note notes how a request ended. Only a connection that is not there tells of an outage, and only an answer of its end.
func (o *outage) note(err error) {
	if _, isAway := errors.AsType[*serviceerror.Unavailable](err); isAway {
		o.met.Store(time.Now().UnixNano())
	} else if !isDeadline(err) && !errors.Is(err, context.Canceled) {
		o.met.Store(0)
	}
}
