package apiserver

import (
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

	"github.com/jobwright/jobwright/scenario"
)

// Code is the stable name of a kind of error that a call can be answered with; docs/errors.md explains each.
type Code string

// The codes of errors of calls.
const (
	CodeRequestInvalid       Code = "request_invalid"
	CodeUnauthorized         Code = "unauthorized"
	CodeForbidden            Code = "forbidden"
	CodeCallNotFound         Code = "call_not_found"
	CodeAppNotFound          Code = "app_not_found"
	CodeScenarioNotFound     Code = "scenario_not_found"
	CodeJobNotFound          Code = "job_not_found"
	CodeMethodNotAllowed     Code = "method_not_allowed"
	CodeJobIDTaken           Code = "job_id_taken"
	CodeJobEnded             Code = "job_ended"
	CodeResultExpired        Code = "result_expired"
	CodeResultNotFound       Code = "result_not_found"
	CodeNotAcceptable        Code = "not_acceptable"
	CodeRequestTooLarge      Code = "request_too_large"
	CodeMediaTypeUnsupported Code = "media_type_unsupported"
	CodeScenarioInvalid      Code = "scenario_invalid"
	CodeJobStopped           Code = "job_stopped"
	CodeJobTerminated        Code = "job_terminated"
	CodeTooManyRequests      Code = "too_many_requests"
	CodeTemporalUnavailable  Code = "temporal_unavailable"
	CodeInternal             Code = "internal"
)

// Codes returns every code of an error of a call.
func Codes() []Code {
	return []Code{
		CodeRequestInvalid, CodeUnauthorized, CodeForbidden, CodeCallNotFound, CodeAppNotFound, CodeScenarioNotFound,
		CodeJobNotFound, CodeMethodNotAllowed, CodeJobIDTaken, CodeJobEnded, CodeResultExpired, CodeResultNotFound,
		CodeNotAcceptable, CodeRequestTooLarge,
		CodeMediaTypeUnsupported, CodeScenarioInvalid, CodeJobStopped, CodeJobTerminated, CodeTooManyRequests,
		CodeTemporalUnavailable, CodeInternal,
	}
}

// callError is an error that a call is answered with.
type callError struct {
	Status     int                `json:"-"` // The HTTP status.
	RetryAfter time.Duration      `json:"-"` // When to try again; 0 where trying again is no use.
	Code       Code               `json:"code"`
	Message    string             `json:"message"`
	JobID      string             `json:"jobId,omitempty"`
	Problems   []scenario.Problem `json:"problems,omitempty"`
}

func (e *callError) Error() string { return e.Message }

func newError(status int, code Code, format string, arguments ...any) *callError {
	return &callError{Status: status, Code: code, Message: fmt.Sprintf(format, arguments...)}
}

func badRequest(format string, arguments ...any) *callError {
	return newError(http.StatusBadRequest, CodeRequestInvalid, format, arguments...)
}

// withProblems is an error whose message tells the mistakes for people, and whose list tells them for machines.
func withProblems(status int, code Code, problems scenario.Problems) *callError {
	return &callError{Status: status, Code: code, Message: problems.Error(), Problems: problems}
}

// retryAfter is when a call is to be repeated that met an outage, which may end at any moment.
const retryAfter = 5 * time.Second

// asCallError turns any error into one to answer with. What it can't explain to a caller is for the log: the caller gets
// the request's reference.
func (s *Server) asCallError(c *gin.Context, err error) *callError {
	if known, ok := errors.AsType[*callError](err); ok {
		return known
	}

	var (
		unavailable *serviceerror.Unavailable
		deadline    *serviceerror.DeadlineExceeded
		exhausted   *serviceerror.ResourceExhausted
		namespace   *serviceerror.NamespaceNotFound
		argument    *serviceerror.InvalidArgument
	)

	answer := newError(http.StatusServiceUnavailable, CodeTemporalUnavailable, "Temporal can't be reached; repeat the call")
	answer.RetryAfter = retryAfter

	switch {
	case errors.As(err, &unavailable), errors.As(err, &deadline),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
	case errors.As(err, &exhausted):
		answer.Status, answer.Code = http.StatusTooManyRequests, CodeTooManyRequests
		answer.Message = "Temporal takes no more requests at the moment; repeat the call"
	case errors.As(err, &namespace), errors.As(err, &argument) && strings.Contains(argument.Message, "search attribute"):
		answer.Message = "Temporal is not set up for Jobwright, or does not know it yet; " +
			"repeat the call, and if that does not help, run jobwright setup"
	default:
		answer = newError(http.StatusInternalServerError, CodeInternal,
			"an internal error occurred; its reference in the server's log is %s", reference(c))
	}

	s.options.Log.Error("call failed", "reference", reference(c), "code", answer.Code, "error", err)

	return answer
}

// answerError answers with the envelope of an error, and ends the handling.
func (s *Server) answerError(c *gin.Context, err error) {
	answer := s.asCallError(c, err)

	if answer.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(answer.RetryAfter.Seconds()))))
	}

	if answer.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", "Bearer")
	}

	c.AbortWithStatusJSON(answer.Status, envelope{Status: "error", Result: answer})
}
