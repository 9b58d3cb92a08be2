package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// effect is what the ledger of a source knows a change by, in every attempt of the step; part tells it from other changes
// that the step makes.
func (s *step) effect(ctx context.Context, part string) source.IdempotencyKey {
	return source.IdempotencyKey{
		Job: s.task.JobID, Run: activity.GetInfo(ctx).WorkflowExecution.RunID, Step: s.task.Step + part, Read: &s.read,
	}
}

// once does what a step does to a source, unless an earlier attempt has done it and only its answer was lost. So it reads
// nothing again, which may be gone by now, and sends nothing again.
func (s *step) once(ctx context.Context, in string, do func() (*job.StepOutcome, error)) (*job.StepOutcome, error) {
	if activity.GetInfo(ctx).Attempt > 1 {
		written, done, err := s.recorded(ctx, in, "")
		if err != nil {
			return nil, err
		}

		if s.before = done; done {
			return outcomeOf(written), nil
		}
	}

	return do()
}

// recorded returns what an earlier attempt has done to a source that keeps a ledger.
func (s *step) recorded(ctx context.Context, in, part string) (source.Written, bool, error) {
	keeper, release, err := open[source.Source](ctx, s, in, "be used")
	if err != nil {
		return source.Written{}, false, err
	}

	defer release()

	ledger, keepsOne := keeper.(source.Ledger)
	if !keepsOne {
		return source.Written{}, false, nil
	}

	return ledger.Recorded(ctx, s.effect(ctx, part))
}

func outcomeOf(written source.Written) *job.StepOutcome {
	return &job.StepOutcome{Rows: written.Rows, Conversions: written.Conversions, Read: written.Read}
}
