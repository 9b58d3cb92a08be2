package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/source"
)

// appError is an app on this worker that is not as the job's start found it, which the app's next deployment may heal.
type appError struct{ err error }

func (e *appError) Error() string { return e.err.Error() }
func (e *appError) Unwrap() error { return e.err }

// storeError is a result store that did not take a result.
type storeError struct{ err error }

func (e *storeError) Error() string { return "the result can't be stored: " + e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// asFailure turns the error of an attempt into one that tells Temporal its code, and whether trying again may help.
func asFailure(ctx context.Context, err error) error {
	if cancelled := ctx.Err(); cancelled != nil {
		return cancelled
	}

	code, curable := job.CodeInternal, true

	var (
		ofSource *source.Error
		ofApp    *appError
		ofStore  *storeError
	)

	switch {
	case errors.As(err, &ofSource):
		code, curable = string(ofSource.Code), ofSource.Curable
	case errors.As(err, &ofApp):
		code = job.CodeAppInvalid
	case errors.Is(err, result.ErrInvalid):
		code, curable = job.CodeResultInvalid, false
	case errors.As(err, &ofStore):
		code = job.CodeResultStore
	}

	return temporal.NewApplicationErrorWithOptions(err.Error(), code, temporal.ApplicationErrorOptions{
		NonRetryable: !curable,
		Details:      []any{job.ErrorDetail{Attempt: activity.GetInfo(ctx).Attempt}},
	})
}
