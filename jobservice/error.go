package jobservice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"

	"github.com/jobwright/jobwright/scenario/problem"
)

// Code identifies a kind of error. Codes are stable; docs/errors.md explains each.
type Code string

// The codes of the service's errors, and of the outcomes of jobs that did not fail by themselves.
const (
	CodeRequestInvalid      Code = "request_invalid"
	CodeForbidden           Code = "forbidden"
	CodeScenarioNotFound    Code = "scenario_not_found"
	CodeScenarioInvalid     Code = "scenario_invalid"
	CodeSourceNotFound      Code = "source_not_found"
	CodeJobNotFound         Code = "job_not_found"
	CodeJobIDTaken          Code = "job_id_taken"
	CodeJobEnded            Code = "job_ended"
	CodeJobStopping         Code = "job_stopping"
	CodeStepNotFound        Code = "step_not_found"
	CodeRetryRefused        Code = "retry_refused"
	CodeJobStopped          Code = "job_stopped"
	CodeJobTerminated       Code = "job_terminated"
	CodeJobNotEnded         Code = "job_not_ended"
	CodeCallbackForbidden   Code = "callback_forbidden"
	CodeCallbackNotFound    Code = "callback_not_found"
	CodeSignalForbidden     Code = "signal_forbidden"
	CodeSignalNotFound      Code = "signal_not_found"
	CodeRequestTooLarge     Code = "request_too_large"
	CodeTooManyRequests     Code = "too_many_requests"
	CodeQuotaExceeded       Code = "quota_exceeded"
	CodeSecretKeyMissing    Code = "secret_key_missing"
	CodeTemporalUnavailable Code = "temporal_unavailable"
	CodeInternal            Code = "internal"
)

// Error is the error of a request, for the one who sent it. Every method of [Service] that returns an error returns an *Error, or
// the error of a context that has ended.
type Error struct {
	Code       Code              `json:"code"            description:"The kind of the error; docs/errors.md explains each."`
	Message    string            `json:"message"         description:"What is wrong, where, and what to do."`
	JobID      string            `json:"jobId,omitempty" description:"The job that the error is about."`
	Problems   []problem.Problem `json:"problems,omitempty" description:"Each mistake of the request or of a file."`
	RetryAfter time.Duration     `json:"-"` // When to repeat the request; 0 if repeating is useless.

	cause error // The reason that the message does not contain; nil if it does.
}

// NewError returns an error whose message has the format and the arguments of [fmt.Sprintf].
func NewError(code Code, format string, arguments ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// OfJob adds the job that the error is about, and returns the error.
func (e *Error) OfJob(jobID string) *Error {
	e.JobID = jobID

	return e
}

// RepeatAfter adds when to repeat the request, and returns the error.
func (e *Error) RepeatAfter(length time.Duration) *Error {
	e.RetryAfter = length

	return e
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the reason that the message does not contain, for the log, or nil.
func (e *Error) Unwrap() error { return e.cause }

// HasCode reports whether an error is an [*Error] with the code.
func HasCode(err error, code Code) bool {
	failed, ok := errors.AsType[*Error](err)

	return ok && failed.Code == code
}

// Invalid returns the error of an invalid request.
func Invalid(format string, arguments ...any) *Error {
	return NewError(CodeRequestInvalid, format, arguments...)
}

// WithProblems returns an error with the problems, both as its message and as a list for programs.
func WithProblems(code Code, problems problem.List) *Error {
	return &Error{Code: code, Message: problems.Error(), Problems: problems}
}

// retryAfter is the time after which to repeat a request that failed because of an outage.
const retryAfter = 5 * time.Second

// TemporalError turns the error of a request to Temporal into an [*Error]. An error that is one, and that of a context that has
// ended, remain.
func (s *Service) TemporalError(ctx context.Context, err error) error { return s.asError(ctx, "", err) }

// asError turns the error of a request about a job, if any, into an [*Error]. The error of a context that has ended remains.
func (s *Service) asError(ctx context.Context, jobID string, err error) error {
	if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}

	failed, known := errors.AsType[*Error](err)
	if !known {
		failed = s.temporalError(ctx, err)
		failed.JobID = jobID
	}

	return failed
}

// asErrorOf is asError for a method with a named error, by defer.
func (s *Service) asErrorOf(ctx context.Context, jobID string, err *error) { //nolint:gocritic // The deferred call sets it.
	*err = s.asError(ctx, jobID, *err)
}

// temporalError returns the error for a request that failed because of Temporal, or for another reason on which its sender can't
// act.
func (s *Service) temporalError(ctx context.Context, err error) *Error {
	var (
		unavailable *serviceerror.Unavailable
		exhausted   *serviceerror.ResourceExhausted
		notReady    *serviceerror.WorkflowNotReady
		namespace   *serviceerror.NamespaceNotFound
		argument    *serviceerror.InvalidArgument
	)

	failed := NewError(CodeTemporalUnavailable, "Temporal can't be reached; repeat the call")
	failed.RetryAfter, failed.cause = retryAfter, err

	switch {
	case errors.As(err, &exhausted), errors.As(err, &notReady), isDeadline(err) && s.responds(ctx):
		failed.Code, failed.Message = CodeTooManyRequests, "Temporal is too busy at the moment; repeat the call"
	case isDeadline(err), errors.As(err, &unavailable), errors.Is(err, context.Canceled):
	case hasServerFailed(err):
		failed.Message = "Temporal has failed to handle a request; repeat the call"
	case errors.As(err, &namespace), errors.As(err, &argument) && strings.Contains(argument.Message, "search attribute"):
		failed.Message = "Temporal is not set up for Jobwright, or the setup has not taken effect yet; " +
			"repeat the call and, if the error persists, run jobwright setup"
	default:
		failed = &Error{Code: CodeInternal, Message: "an internal error occurred", cause: err}
	}

	return failed
}

// hasServerFailed reports whether a server of Temporal has not handled a request for a reason that is not in the request: a part
// of it is starting, stopping or unreachable.
func hasServerFailed(err error) bool {
	failed, isServer := errors.AsType[serviceerror.ServiceError](err)
	if !isServer {
		return false
	}

	switch failed.Status().Code() {
	case codes.Aborted, codes.Canceled, codes.Internal, codes.Unknown:
		return true
	default:
		return false
	}
}
