package apiserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.temporal.io/api/serviceerror"

	"github.com/jobwright/jobwright/scenario/problem"
)

// Code identifies a kind of error of a call. Codes are stable; docs/errors.md explains each.
type Code string

// The error codes of calls.
const (
	CodeRequestInvalid       Code = "request_invalid"
	CodeUnauthorized         Code = "unauthorized"
	CodeForbidden            Code = "forbidden"
	CodeBrowserRefused       Code = "browser_refused"
	CodeHostNotAllowed       Code = "host_not_allowed"
	CodeCallNotFound         Code = "call_not_found"
	CodeAppNotFound          Code = "app_not_found"
	CodeAppInvalid           Code = "app_invalid"
	CodeScenarioNotFound     Code = "scenario_not_found"
	CodeJobNotFound          Code = "job_not_found"
	CodeMethodNotAllowed     Code = "method_not_allowed"
	CodeJobIDTaken           Code = "job_id_taken"
	CodeJobEnded             Code = "job_ended"
	CodeResultExpired        Code = "result_expired"
	CodeResultNotFound       Code = "result_not_found"
	CodeSignalForbidden      Code = "signal_forbidden"
	CodeSignalNotFound       Code = "signal_not_found"
	CodeNotAcceptable        Code = "not_acceptable"
	CodeRequestTimeout       Code = "request_timeout"
	CodeRequestTooLarge      Code = "request_too_large"
	CodeMediaTypeUnsupported Code = "media_type_unsupported"
	CodeScenarioInvalid      Code = "scenario_invalid"
	CodeJobStopped           Code = "job_stopped"
	CodeJobTerminated        Code = "job_terminated"
	CodeTooManyRequests      Code = "too_many_requests"
	CodeTooManyFailures      Code = "too_many_failures"
	CodeSecretKeyMissing     Code = "secret_key_missing"
	CodeTemporalUnavailable  Code = "temporal_unavailable"
	CodeInternal             Code = "internal"
)

// Codes returns every error code of calls.
func Codes() []Code {
	return []Code{
		CodeRequestInvalid, CodeUnauthorized, CodeForbidden, CodeBrowserRefused, CodeHostNotAllowed, CodeCallNotFound,
		CodeAppNotFound, CodeAppInvalid, CodeScenarioNotFound, CodeJobNotFound, CodeMethodNotAllowed, CodeJobIDTaken,
		CodeJobEnded, CodeResultExpired, CodeResultNotFound, CodeSignalNotFound, CodeSignalForbidden, CodeNotAcceptable,
		CodeRequestTimeout, CodeRequestTooLarge, CodeMediaTypeUnsupported, CodeScenarioInvalid, CodeJobStopped,
		CodeJobTerminated, CodeTooManyRequests, CodeTooManyFailures, CodeSecretKeyMissing, CodeTemporalUnavailable,
		CodeInternal,
	}
}

// callError is the error of a call, as the response shows it.
type callError struct {
	Status     int               `json:"-"` // The HTTP status.
	RetryAfter time.Duration     `json:"-"` // When to repeat the call; 0 if repeating is useless.
	Code       Code              `json:"code"`
	Message    string            `json:"message"`
	JobID      string            `json:"jobId,omitempty"`
	Problems   []problem.Problem `json:"problems,omitempty"`
}

func (e *callError) Error() string { return e.Message }

func newError(status int, code Code, format string, arguments ...any) *callError {
	return &callError{Status: status, Code: code, Message: fmt.Sprintf(format, arguments...)}
}

func badRequest(format string, arguments ...any) *callError {
	return newError(http.StatusBadRequest, CodeRequestInvalid, format, arguments...)
}

// withProblems returns an error with the problems, both as its message and as a list for programs.
func withProblems(status int, code Code, problems problem.List) *callError {
	return &callError{Status: status, Code: code, Message: problems.Error(), Problems: problems}
}

// retryAfter is the time after which to repeat a call that failed because of an outage.
const retryAfter = 5 * time.Second

// asCallError turns any error into a callError. The line of the call in the log has the errors that callers can't act on; the
// response of an internal error refers to it.
func (s *Server) asCallError(c *gin.Context, err error) *callError {
	if known, ok := errors.AsType[*callError](err); ok {
		return known
	}

	var (
		unavailable *serviceerror.Unavailable
		exhausted   *serviceerror.ResourceExhausted
		namespace   *serviceerror.NamespaceNotFound
		argument    *serviceerror.InvalidArgument
	)

	failed := newError(http.StatusServiceUnavailable, CodeTemporalUnavailable, "Temporal can't be reached; repeat the call")
	failed.RetryAfter = retryAfter

	switch {
	case errors.As(err, &exhausted), isDeadline(err) && s.responds(c.Request.Context()):
		failed.Status, failed.Code = http.StatusTooManyRequests, CodeTooManyRequests
		failed.Message = "Temporal is too busy at the moment; repeat the call"
	case isDeadline(err), errors.As(err, &unavailable), errors.Is(err, context.Canceled):
	case errors.As(err, &namespace), errors.As(err, &argument) && strings.Contains(argument.Message, "search attribute"):
		failed.Message = "Temporal is not set up for Jobwright, or the setup has not taken effect yet; " +
			"repeat the call and, if the error persists, run jobwright setup"
	default:
		failed = newError(http.StatusInternalServerError, CodeInternal,
			"an internal error occurred; its reference in the server's log is %s", reference(c))
	}

	logOf(c).err = err

	return failed
}

// respondError responds with the error and ends the handling of the request.
func (s *Server) respondError(c *gin.Context, err error) {
	failed := s.asCallError(c, err)
	log := logOf(c)
	log.code, log.jobID = failed.Code, cmp.Or(failed.JobID, log.jobID)

	if failed.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(failed.RetryAfter.Seconds()))))
	}

	if failed.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", "Bearer")
	}

	c.AbortWithStatusJSON(failed.Status, envelope{Status: "error", Result: failed})
}
