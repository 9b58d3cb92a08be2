package apiserver

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/schedule"
)

// The codes of errors of calls that do not reach the job service.
const (
	codeUnauthorized         jobservice.Code = "unauthorized"
	codeKeyExpired           jobservice.Code = "key_expired"
	codeTokenExpired         jobservice.Code = "token_expired"
	codeBrowserRefused       jobservice.Code = "browser_refused"
	codeHostNotAllowed       jobservice.Code = "host_not_allowed"
	codeCallNotFound         jobservice.Code = "call_not_found"
	codeAppNotFound          jobservice.Code = "app_not_found"
	codeAppInvalid           jobservice.Code = "app_invalid"
	codeMethodNotAllowed     jobservice.Code = "method_not_allowed"
	codeResultExpired        jobservice.Code = "result_expired"
	codeResultNotFound       jobservice.Code = "result_not_found"
	codeNotAcceptable        jobservice.Code = "not_acceptable"
	codeRequestTimeout       jobservice.Code = "request_timeout"
	codeMediaTypeUnsupported jobservice.Code = "media_type_unsupported"
	codeTooManyFailures      jobservice.Code = "too_many_failures"

	codeIdentityProviderUnavailable jobservice.Code = "identity_provider_unavailable"
)

// httpStatuses are the error codes of calls and the HTTP status of a response with each. The outcome of a job that was stopped or
// terminated is the response to a call that has waited for it.
var httpStatuses = map[jobservice.Code]int{
	jobservice.CodeRequestInvalid:      http.StatusBadRequest,
	codeUnauthorized:                   http.StatusUnauthorized,
	codeKeyExpired:                     http.StatusUnauthorized,
	codeTokenExpired:                   http.StatusUnauthorized,
	jobservice.CodeForbidden:           http.StatusForbidden,
	codeBrowserRefused:                 http.StatusForbidden,
	jobservice.CodeCallbackForbidden:   http.StatusForbidden,
	jobservice.CodeSignalForbidden:     http.StatusForbidden,
	codeAppNotFound:                    http.StatusNotFound,
	codeCallNotFound:                   http.StatusNotFound,
	jobservice.CodeCallbackNotFound:    http.StatusNotFound,
	codeResultNotFound:                 http.StatusNotFound,
	jobservice.CodeJobNotFound:         http.StatusNotFound,
	schedule.CodeScheduleNotFound:      http.StatusNotFound,
	jobservice.CodeSourceNotFound:      http.StatusNotFound,
	jobservice.CodeScenarioNotFound:    http.StatusNotFound,
	jobservice.CodeSignalNotFound:      http.StatusNotFound,
	codeMethodNotAllowed:               http.StatusMethodNotAllowed,
	codeNotAcceptable:                  http.StatusNotAcceptable,
	codeRequestTimeout:                 http.StatusRequestTimeout,
	jobservice.CodeStepNotFound:        http.StatusNotFound,
	jobservice.CodeJobEnded:            http.StatusConflict,
	jobservice.CodeJobNotEnded:         http.StatusConflict,
	jobservice.CodeJobStopping:         http.StatusConflict,
	jobservice.CodeRetryRefused:        http.StatusConflict,
	schedule.CodeScheduleBusy:          http.StatusConflict,
	jobservice.CodeJobIDTaken:          http.StatusConflict,
	codeResultExpired:                  http.StatusGone,
	jobservice.CodeRequestTooLarge:     http.StatusRequestEntityTooLarge,
	codeMediaTypeUnsupported:           http.StatusUnsupportedMediaType,
	codeHostNotAllowed:                 http.StatusMisdirectedRequest,
	jobservice.CodeScenarioInvalid:     http.StatusUnprocessableEntity,
	jobservice.CodeJobStopped:          http.StatusUnprocessableEntity,
	jobservice.CodeJobTerminated:       http.StatusUnprocessableEntity,
	codeTooManyFailures:                http.StatusTooManyRequests,
	jobservice.CodeTooManyRequests:     http.StatusTooManyRequests,
	jobservice.CodeQuotaExceeded:       http.StatusTooManyRequests,
	jobservice.CodeInternal:            http.StatusInternalServerError,
	jobservice.CodeSecretKeyMissing:    http.StatusNotImplemented,
	codeAppInvalid:                     http.StatusServiceUnavailable,
	codeIdentityProviderUnavailable:    http.StatusServiceUnavailable,
	jobservice.CodeTemporalUnavailable: http.StatusServiceUnavailable,
}

// Codes returns every error code of calls, in order.
func Codes() []jobservice.Code { return slices.Sorted(maps.Keys(httpStatuses)) }

// retryAfter is the time after which to repeat a call that came too early.
const retryAfter = 5 * time.Second

// respondError responds with the error and ends the handling of the request. The line of the call in the log has the reason that
// callers can't act on; the response of an internal error refers to it.
func (s *Server) respondError(c *gin.Context, err error) {
	failed, known := errors.AsType[*jobservice.Error](err)
	log := logOf(c)

	switch {
	case !known:
		failed, log.err = jobservice.NewError(jobservice.CodeInternal, "an internal error occurred"), err
	case failed.Unwrap() != nil:
		log.err = failed.Unwrap()
	}

	if failed.Code == jobservice.CodeInternal {
		failed.Message = fmt.Sprintf("%s; its reference in the server's log is %s", failed.Message, reference(c))
	}

	log.code, log.jobID = failed.Code, cmp.Or(failed.JobID, log.jobID)

	if failed.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(failed.RetryAfter.Seconds()))))
	}

	status := httpStatuses[failed.Code]
	if status == http.StatusUnauthorized {
		challenge := "Bearer"
		if headerKey(c) != "" {
			challenge += ` error="invalid_token"` // RFC 6750, section 3.1.
		}

		c.Header("WWW-Authenticate", challenge)
	}

	c.AbortWithStatusJSON(status, envelope{Status: "error", Result: failed})
}
