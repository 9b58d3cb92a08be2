package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// wait waits for some time, or until a moment.
func (m *machine) wait(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	if s.frame.Deadline == nil {
		params, err := resolve[scenario.Wait](m, ctx, s)
		if err != nil {
			return nil, err
		}

		deadline := workflow.Now(ctx).Add(time.Duration(params.Duration))
		if params.Until != "" {
			if deadline, err = expression.ParseMoment(params.Until); err != nil {
				return nil, failedWith(job.CodeParameterInvalid, "until: %v", err)
			}
		}

		s.frame.Deadline = &deadline
	}

	_, err := m.await(ctx, s, s.frame.Deadline, func() bool { return false })

	return nil, err
}

// await waits until a condition holds, or until a deadline, if there is one. It reports whether the condition holds. If the
// job continues as new, await returns errContinueAsNew, and the next run waits again.
func (m *machine) await(ctx workflow.Context, s *step, deadline *time.Time, holds func() bool) (bool, error) {
	m.beforeBlocking(ctx)

	// Cancelling the context removes the timer, so that a loop of waits does not accumulate timers.
	ctx, cancel := workflow.WithCancel(ctx)
	defer cancel()

	over := func() bool { return m.isContinuing(ctx) || holds() }

	if deadline == nil {
		if err := workflow.Await(ctx, over); err != nil {
			return false, err
		}
	} else {
		options := workflow.AwaitOptions{
			Timeout:      deadline.Sub(workflow.Now(ctx)),
			TimerOptions: workflow.TimerOptions{Summary: s.DisplayTitle()},
		}

		ended, err := workflow.AwaitWithOptions(ctx, options, over)
		if err != nil || !ended {
			return false, err
		}
	}

	if holds() {
		return true, nil
	}

	return false, errContinueAsNew
}
