package workflows

import (
	"errors"

	"go.temporal.io/sdk/workflow"
)

// maxSlots bounds the concurrency slots of a job beside its first, in all its nested loops and branches together. Each slot
// has one pending activity or child at a time, and Temporal allows 2,000 of each per workflow: a workflow that schedules
// more gets stuck. A checkpoint with more begun rounds would be too large, too. The places where a job opens a slot are
// part of its history: running jobs depend on this number.
const maxSlots = 1_000

// concurrently runs a function in count concurrency slots, and returns when all have ended. If the job has too few slots
// left, it uses fewer, but always one for each begun round or branch.
//
// The first failure stops the other slots. If the job continues as new, each slot returns errContinueAsNew, and the
// checkpoint stores how the others have ended: after a failure, the next run stops the remaining slots, so that their
// finally steps run.
func (m *machine) concurrently(
	ctx workflow.Context, s *step, begun, count int, run func(ctx workflow.Context) error,
) error {
	count = max(min(count, maxSlots-m.slots+1), begun, 1)

	m.slots += count - 1
	defer func() { m.slots -= count - 1 }()

	ctx, stop := workflow.WithCancel(ctx)
	defer stop()

	if s.frame.Failure != nil {
		stop()
	}

	continuing := false
	group := workflow.NewWaitGroup(ctx)

	record := func(err error) {
		failed, isFailure := asFailure(err)

		switch {
		case errors.Is(err, errContinueAsNew):
			continuing = true
		case isFailure && s.frame.Failure == nil:
			s.frame.Failure = failed

			stop()
		case err != nil && !isFailure && s.frame.Ending == nil:
			s.frame.Ending = endingOf(err) // A cancellation, or a Return.
		}
	}

	for range count - 1 {
		group.Add(1)
		workflow.GoNamed(ctx, s.instance, func(ctx workflow.Context) {
			defer group.Done()
			defer func() {
				if panicked := recover(); panicked != nil {
					record(m.failureOfPanic(ctx, s, panicked))
				}
			}()

			record(run(ctx))
		})
	}

	record(run(ctx))
	group.Wait(ctx)

	switch {
	case continuing:
		return errContinueAsNew
	case s.frame.Failure != nil:
		return s.frame.Failure
	case s.frame.Ending != nil:
		return s.frame.Ending.err()
	}

	return nil
}
