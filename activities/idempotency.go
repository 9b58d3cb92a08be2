package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// idempotencyKey returns the key under which a source's ledger records a write of the step. It is the same in every
// attempt, also in those of a job that continues the step's first one. The suffix distinguishes several writes of one step.
func (s *step) idempotencyKey(ctx context.Context, suffix string) source.IdempotencyKey {
	key := source.IdempotencyKey{
		Job: s.task.JobID, Run: activity.GetInfo(ctx).WorkflowExecution.RunID, Step: s.task.Step + suffix, Input: s.task.Input,
	}
	if earlier := s.task.Earlier; earlier != nil {
		key.Job, key.Run = earlier.JobID, earlier.RunID
	}

	return key
}

// files returns the files that the step has read completely.
func (s *step) files() []source.Part { return s.read }

// earlier returns the outcome of an earlier attempt that has written the target, by the ledger of the target, if only its report
// to Temporal was lost; nil if there is none. Then the step must not read its input, which may have changed or be gone.
func (s *step) earlier(ctx context.Context, target string) (*job.StepOutcome, error) {
	written, isRecorded, err := s.recorded(ctx, target, "")
	if err != nil || !isRecorded {
		return nil, err
	}

	return s.outcomeOf(written, true), nil
}

// recorded returns what the ledger of the target records about a write of an earlier attempt, and whether there is a record.
// The suffix is that of the write's idempotency key.
func (s *step) recorded(ctx context.Context, target, suffix string) (source.Written, bool, error) {
	if s.task.First() && activity.GetInfo(ctx).Attempt == 1 {
		return source.Written{}, false, nil
	}

	opened, err := open[source.Source](ctx, s, target, "be used")
	if err != nil {
		return source.Written{}, false, err
	}

	ledger, hasLedger := opened.(source.Ledger)
	if !hasLedger {
		return source.Written{}, false, nil
	}

	return ledger.Recorded(ctx, s.idempotencyKey(ctx, suffix))
}

// outcomeOf returns what the step has written as its outcome. isRecorded is whether the ledger of the target contains it, which
// matters to local activities.
func (s *step) outcomeOf(written source.Written, isRecorded bool) *job.StepOutcome {
	return &job.StepOutcome{
		Rows: written.Rows, Rejected: written.Rejected, Conversions: written.Conversions, Read: written.Read,
		Recorded: isRecorded && s.task.Local != nil,
	}
}
