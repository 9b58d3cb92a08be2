package apiserver

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.temporal.io/api/serviceerror"
)

// Bounds of a request to Temporal that is not waiting for a job. The client tries again until then, so that nobody notices a
// restart of Temporal; when one call has waited in vain, the next ones learn at once that it can't be reached.
const (
	callTimeout = 5 * time.Second
	awayTimeout = 500 * time.Millisecond
	patientOnce = 30 * time.Second // During an outage, one call in so long waits as before, lest a slow Temporal is never heard.
)

// outage remembers whether Temporal could be reached.
type outage struct {
	met   atomic.Bool
	tried atomic.Int64 // When a call last waited as long as any may, in nanoseconds since 1970.
}

// bound bounds a request to Temporal.
func (o *outage) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	now, last := time.Now().UnixNano(), o.tried.Load()

	isPatient := !o.met.Load() || (now-last > int64(patientOnce) && o.tried.CompareAndSwap(last, now))
	if isPatient {
		return context.WithTimeout(ctx, callTimeout)
	}

	return context.WithTimeout(ctx, awayTimeout)
}

// note notes how a request ended. That its caller hung up tells nothing.
func (o *outage) note(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}

	_, isUnavailable := errors.AsType[*serviceerror.Unavailable](err)
	o.met.Store(isUnavailable || isDeadline(err))
}
