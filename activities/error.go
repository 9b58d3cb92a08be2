package activities

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/result/spool"
	"github.com/jobwright/jobwright/source"
)

// appError reports an app that is missing or invalid on this worker, unlike when the job was started. The next deployment of
// the app may correct it.
type appError struct{ err error }

func (e *appError) Error() string { return e.err.Error() }
func (e *appError) Unwrap() error { return e.err }

// storeError reports a failed operation of the result store.
type storeError struct {
	message string
	err     error
}

func (e *storeError) Error() string { return e.message + ": " + e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// variableError reports that the workflow of an app's variables can't be reached.
type variableError struct{ err error }

func (e *variableError) Error() string {
	return "the app's variables can't be reached: " + e.err.Error()
}
func (e *variableError) Unwrap() error { return e.err }

// limitError reports a value that exceeds a limit of jobs.
type limitError struct{ message string }

func (e *limitError) Error() string { return e.message }

// rejectedError reports that a load has rejected more records than its maxRejected allows, or all.
type rejectedError struct {
	message  string
	rejected int64
}

func (e *rejectedError) Error() string { return e.message }

// defectError reports a bug in Jobwright. The worker's log contains the details.
type defectError struct{ reference string }

func (e *defectError) Error() string {
	return "an internal error occurred; its reference in the worker's log is " + e.reference
}

// defect logs a panic, and returns an error that refers to the log. It is not retryable: a retry would panic again.
func defect(ctx context.Context, panicked *source.PanicError) error {
	reference := uuid.NewString()

	activity.GetLogger(ctx).Error("An operation panicked", "reference", reference,
		"error", panicked, "stack", string(panicked.Stack))

	return &defectError{reference}
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
		ofSource    *source.Error
		ofApp       *appError
		ofStore     *storeError
		ofVariables *variableError
		ofLimit     *limitError
		ofRejected  *rejectedError
		ofDefect    *defectError
		ofSecret    *secretError
	)

	detail := job.ErrorDetail{Attempt: attemptOf(ctx, task)}

	var retryAfter time.Duration

	switch {
	case errors.Is(err, errStopping):
		code = job.CodeWorkerStopped
	case errors.Is(err, errDisconnected):
		code = job.CodeWorkerCutOff
	case errors.As(err, &ofDefect):
		retryable = false
	case errors.As(err, &ofRejected):
		code, retryable, detail.Rejected = job.CodeRejectedExceeded, false, ofRejected.rejected
	case errors.As(err, &ofSource):
		code, retryable, retryAfter = string(ofSource.Code), ofSource.Retryable, ofSource.RetryAfter
	case errors.As(err, &ofSecret): // Another worker, or this one after its next start, may have the key.
		code, retryable = job.CodeSecretUnreadable, errors.Is(err, seal.ErrKeyMissing)
	case errors.As(err, &ofApp):
		code = job.CodeAppInvalid
	case errors.Is(err, result.ErrInvalid):
		code, retryable = job.CodeResultInvalid, false
	case errors.As(err, &ofLimit), errors.Is(err, spool.ErrTooLarge):
		code, retryable = job.CodeLimitExceeded, false
	case errors.As(err, &ofStore):
		code = job.CodeResultStore
	case errors.As(err, &ofVariables):
		code = job.CodeVariableStore
	}

	return temporal.NewApplicationErrorWithOptions(err.Error(), code, temporal.ApplicationErrorOptions{
		NonRetryable:   !retryable,
		NextRetryDelay: retryAfter,
		Details:        []any{detail},
	})
}
