package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/result/spool"
	"github.com/jobwright/jobwright/source"
)

// failure is an error of an attempt with its classification, which is made where the error occurs.
type failure struct {
	code      string
	retryable bool
	rejected  int64 // The records that a load has rejected, if there are too many.
	err       error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// appFailure returns the failure of an app that is missing or invalid on this worker, unlike when the job was started. The next
// deployment of the app may correct it.
func appFailure(err error) error {
	return &failure{code: job.CodeAppInvalid, retryable: true, err: err}
}

// storeFailure returns the failure of an operation of the result store.
func storeFailure(message string, err error) error {
	return &failure{code: job.CodeResultStore, retryable: true, err: fmt.Errorf("%s: %w", message, err)}
}

// limitFailuref returns the failure of a value that exceeds a limit of jobs.
func limitFailuref(format string, arguments ...any) error {
	return &failure{code: job.CodeLimitExceeded, err: fmt.Errorf(format, arguments...)}
}

// defect logs a panic, and returns an error that refers to the log. It is not retryable: a retry would panic again.
func defect(ctx context.Context, panicked *source.PanicError) error {
	reference := uuid.NewString()

	activity.GetLogger(ctx).Error("An operation panicked", "reference", reference,
		"error", panicked, "stack", string(panicked.Stack))

	return &failure{code: job.CodeInternal, err: errors.New(
		"an internal error occurred; its reference in the worker's log is " + reference)}
}

// asFailure converts the error of an attempt to an error of Temporal with its code, and whether Temporal retries the step.
func asFailure(ctx context.Context, task job.Task, err error) error {
	if task.Local != nil {
		if failed := localFailure(ctx, err); failed != nil {
			return failed
		}
	}

	cancelled := ctx.Err()

	if errors.Is(context.Cause(ctx), errStopping) {
		err, cancelled = errStopping, nil
	} else if lost := disconnected(ctx); lost != nil {
		err, cancelled = lost, nil
	}

	if cancelled != nil {
		return cancelled
	}

	code, retryable := job.CodeInternal, true

	var (
		ofSource *source.Error
		found    *failure
	)

	detail := job.ErrorDetail{Attempt: attemptOf(ctx, task)}

	var retryAfter time.Duration

	switch {
	case errors.Is(err, errStopping):
		code = job.CodeWorkerStopped
	case errors.Is(err, errDisconnected):
		code = job.CodeWorkerCutOff
	case errors.As(err, &ofSource):
		code, retryable, retryAfter = string(ofSource.Code), ofSource.Retryable, ofSource.RetryAfter
	case errors.Is(err, result.ErrInvalid):
		code, retryable = job.CodeResultInvalid, false
	case errors.Is(err, spool.ErrTooLarge):
		code, retryable = job.CodeLimitExceeded, false
	case errors.As(err, &found):
		code, retryable, detail.Rejected = found.code, found.retryable, found.rejected
	}

	return temporal.NewApplicationErrorWithOptions(err.Error(), code, temporal.ApplicationErrorOptions{
		NonRetryable:   !retryable,
		NextRetryDelay: retryAfter,
		Details:        []any{detail},
	})
}
