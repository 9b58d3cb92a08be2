package workflows

import (
	"errors"

	"go.temporal.io/sdk/workflow"
)

// maxLanes is how many lanes a job has at most beside its first, however its loops and branches stand within each other. A
// lane has one activity or child under way at a time, and Temporal lets a workflow have 2,000 of each: one that asks for more
// gets stuck. Nor would the position of more rounds that have begun find room. Where a job opens a lane is part of its
// history: running jobs depend on this number.
const maxLanes = 1_000

// lanes runs a function as often as count says at the same time, and returns when all have ended. Where the job has no lanes
// left, it runs less often, which takes longer; but always as often as there are begun rounds or branches, each of which
// goes on in a lane of its own. The first failure stops the others. When the job is moving, all of them leave where they
// stand in the position; how a lane ended is kept there too: after a failure the others are stopped in the next run, so that
// their finally steps run, and where a lane was stopped, the whole was.
func (m *machine) lanes(ctx workflow.Context, s *step, begun, count int, lane func(ctx workflow.Context) error) error {
	count = max(min(count, maxLanes-m.opened+1), begun, 1)

	m.opened += count - 1
	defer func() { m.opened -= count - 1 }()

	ctx, stop := workflow.WithCancel(ctx)
	defer stop()

	if s.frame.Failure != nil {
		stop()
	}

	moving := false
	group := workflow.NewWaitGroup(ctx)

	note := func(err error) {
		failed, isFailure := asFailure(err)

		switch {
		case errors.Is(err, errMoving):
			moving = true
		case isFailure && s.frame.Failure == nil:
			s.frame.Failure = failed

			stop()
		case err != nil && !isFailure && s.frame.Ending == nil:
			s.frame.Ending = keep(err) // A cancellation, or a Return.
		}
	}

	for range count - 1 {
		group.Add(1)
		workflow.GoNamed(ctx, s.instance, func(ctx workflow.Context) {
			defer group.Done()
			defer func() {
				if panicked := recover(); panicked != nil {
					note(m.defect(ctx, s, panicked))
				}
			}()

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
	case s.frame.Ending != nil:
		return s.frame.Ending.err()
	}

	return nil
}
