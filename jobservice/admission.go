package jobservice

import (
	"context"
)

// maxStarts is the number of jobs that a server starts at the same time. Temporal processes more concurrent starts more slowly,
// up to the timeout of each.
const maxStarts = 32

// admission limits how many calls start a job at the same time. The others wait in the order of their arrival.
type admission chan struct{}

func newAdmission() admission { return make(admission, maxStarts) }

// enter waits for its turn, which ends with leave. The error asks the caller to repeat the call after ctx has ended.
func (a admission) enter(ctx context.Context) (leave func(), err error) {
	select {
	case a <- struct{}{}:
		return func() { <-a }, nil
	case <-ctx.Done():
		return nil, NewError(CodeTooManyRequests,
			"too many calls start jobs at the moment; no job was started; repeat the call").RepeatAfter(retryAfter)
	}
}
