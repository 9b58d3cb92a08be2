package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// idempotencyKey returns the key under which a source's ledger records a write of the step. It is the same in every
// attempt. The suffix distinguishes several writes of one step.
func (s *step) idempotencyKey(ctx context.Context, suffix string) source.IdempotencyKey {
	return source.IdempotencyKey{
		Job: s.task.JobID, Run: activity.GetInfo(ctx).WorkflowExecution.RunID, Step: s.task.Step + suffix,
	}
}

// files returns the files that the step has read completely.
func (s *step) files() []source.Part { return s.read }

// once calls do, unless the ledger of the target records that an earlier attempt has written it and only its report to
// Temporal was lost. Then once returns the recorded outcome; it reads no input, which may have changed or be gone.
func (s *step) once(ctx context.Context, target string, do func() (*job.StepOutcome, error)) (*job.StepOutcome, error) {
	if activity.GetInfo(ctx).Attempt == 1 {
		return do()
	}

	opened, err := open[source.Source](ctx, s, target, "be used")
	if err != nil {
		return nil, err
	}

	ledger, hasLedger := opened.(source.Ledger)
	if !hasLedger {
		return do()
	}

	written, isRecorded, err := ledger.Recorded(ctx, s.idempotencyKey(ctx, ""))
	if err != nil {
		return nil, err
	}

	if !isRecorded {
		return do()
	}

	return outcomeOf(written), nil
}

func outcomeOf(written source.Written) *job.StepOutcome {
	return &job.StepOutcome{Rows: written.Rows, Conversions: written.Conversions, Read: written.Read}
}
