package jobservice

import (
	"context"
	"errors"
	"time"
)

// ErrRunning is the error of a wait that ends before the job does.
var ErrRunning = errors.New("the job has not ended yet")

// newsGrace is how long a request that has started its job waits for the end to be reported within the process, before it also
// asks Temporal: the job may run in another process. Most synchronous jobs are shorter, and cost no request beside their start.
const newsGrace = 500 * time.Millisecond

// Await waits for the end of a job that [Service.Start] has returned. The error is [ErrRunning] if the job does not end until
// the time of its request or until the service closes.
func (s *Service) Await(ctx context.Context, started *Started, until time.Time) (*Outcome, error) {
	if earliest := time.Now().Add(callTimeout); started.hasEnded && until.Before(earliest) {
		until = earliest // The request only reads the outcome, also if it does not wait.
	}

	waiting, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()

	var grace time.Duration
	if started.IsNew { // Another one may have ended.
		grace = newsGrace
	}

	ended, err := s.waitForOutcome(waiting, started.JobID, started.runID, started.end, grace)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return nil, ErrRunning
	}

	if err == nil {
		s.recent.add(started.JobID, started.appID, time.Now())
	}

	return ended, s.asError(ctx, started.JobID, err)
}
