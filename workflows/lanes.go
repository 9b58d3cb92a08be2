package workflows

import (
	"errors"

	"go.temporal.io/sdk/workflow"
)

// lanes runs a function as often as count says at the same time, and returns when all have ended. The first failure stops
// the others. When the job is moving, all of them leave where they stand in the position; a failure is kept there too, so
// that in the next run the others are stopped, and their finally steps run.
func (m *machine) lanes(ctx workflow.Context, s *step, count int, lane func(ctx workflow.Context) error) error {
	ctx, stop := workflow.WithCancel(ctx)
	defer stop()

	if s.frame.Failure != nil {
		stop()
	}

	var (
		moving bool
		other  error
	)

	group := workflow.NewWaitGroup(ctx)

	note := func(err error) {
		failed, isFailure := asFailure(err)

		switch {
		case errors.Is(err, errMoving):
			moving = true
		case isFailure && s.frame.Failure == nil:
			s.frame.Failure = failed

			stop()
		case err != nil && !isFailure && other == nil:
			other = err // A cancellation, or a Return.
		}
	}

	for range count - 1 {
		group.Add(1)
		workflow.GoNamed(ctx, s.instance, func(ctx workflow.Context) {
			defer group.Done()

			note(lane(ctx))
		})
	}

	note(lane(ctx))
	group.Wait(ctx)

	switch {
	case moving:
		return errMoving
	case s.frame.Failure != nil:
		return s.frame.Failure
	}

	return other
}
