package activities

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// Bounds of an attempt in a local activity. While it runs, its job answers no query and receives no stop. A step that exceeds one
// begins again as a regular activity. With the bounds of its records and bytes, a large load loses milliseconds, not a second.
const (
	localTime    = time.Second
	localRecords = 10_000
	localBytes   = 4 << 20
)

// errHandedOver ends an attempt in a local activity whose step a regular activity runs instead.
var errHandedOver = errors.New("the step continues as a regular activity")

// errTimedOut ends an attempt in a local activity at the timeout of its step.
var errTimedOut = errors.New("no attempt ended in time (StartToClose timeout)")

// bounded returns a context for an attempt in a local activity, and a function that ends the attempt.
func bounded(ctx context.Context, local *job.LocalAttempt) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)

	limit, cause := localTime, errHandedOver
	if local.Timeout <= limit {
		limit, cause = local.Timeout, errTimedOut
	}

	timer := time.AfterFunc(limit, func() { cancel(cause) })

	return ctx, func(cause error) {
		timer.Stop()
		cancel(cause)
	}
}

// localFailure returns the error of an attempt in a local activity that has ended for a reason of local activities only, or nil.
func localFailure(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(err, errHandedOver), errors.Is(err, source.ErrUnrecorded), errors.Is(cause, errHandedOver):
		return temporal.NewApplicationErrorWithOptions(errHandedOver.Error(), job.HandedOver, temporal.ApplicationErrorOptions{
			NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign,
		})
	case errors.Is(cause, errTimedOut):
		return temporal.NewApplicationErrorWithOptions(errTimedOut.Error(), job.CodeStepTimedOut,
			temporal.ApplicationErrorOptions{Details: []any{job.ErrorDetail{Attempt: 1}}})
	}

	return nil
}

// checkLocalResult returns errHandedOver if the outcome is too large for the result of a local activity.
func (s *step) checkLocalResult(outcome any) error {
	if s.task.Local == nil || isWithin(outcome, s.task.Local.MaxResult) {
		return nil
	}

	encoded, err := json.Marshal(outcome)
	if err == nil && len(encoded) > s.task.Local.MaxResult {
		return errHandedOver
	}

	return err
}

// isWithin reports whether an outcome certainly has at most that many bytes as JSON. It is faster than to encode the outcome.
func isWithin(outcome any, most int) bool {
	const (
		fields   = 200 // Bytes of the outcome without its value.
		escaping = 6   // The most bytes that JSON needs for a byte of a text.
	)

	found, isOutcome := outcome.(*job.StepOutcome)
	if !isOutcome || found == nil || found.Result != nil || len(found.Read) > 0 || len(found.Conversions) > 0 {
		return false
	}

	return fields+escaping*jsonvalue.SizeOf(found.Value.Any) <= most
}

// checkRepeatable returns errHandedOver if the attempt is in a local activity, which a crash repeats, and the step is not safe
// to repeat.
func (s *step) checkRepeatable(isSafe bool) error {
	if isSafe || s.task.Local == nil || s.task.Local.MayRepeat {
		return nil
	}

	return errHandedOver
}

// recordsWrites reports whether a source records its changes, so that they take effect once.
func recordsWrites(in source.Source) bool {
	ledger, hasLedger := in.(source.Ledger)

	return hasLedger && ledger.RecordsWrites()
}
