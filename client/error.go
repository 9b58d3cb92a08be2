package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/problem"
)

// Error is an error that a server has responded with.
type Error struct {
	HTTPStatus int               `json:"-"`
	Code       jobservice.Code   `json:"code"` // Empty if the response is not one of Jobwright's, but for example of a proxy.
	Message    string            `json:"message"`
	Problems   []problem.Problem `json:"problems,omitempty"` // The mistakes of the request or of a file, if there are several.
	JobID      string            `json:"jobId,omitempty"`    // The job that the error is about.
	RetryAfter time.Duration     `json:"-"`                  // When to repeat the call; 0 if repeating is useless.
}

func (e *Error) Error() string { return e.Message }

// IsRefused reports whether the caller may not make the call, or has made too many.
func (e *Error) IsRefused() bool {
	switch e.HTTPStatus {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return true
	default:
		return false
	}
}

// errorOf returns the error of a response.
func errorOf(response *http.Response, body []byte) *Error {
	failed := &Error{HTTPStatus: response.StatusCode}

	var envelope struct {
		Status string `json:"status"`
		Result *Error `json:"result"`
	}
	envelope.Result = failed

	if err := json.Unmarshal(body, &envelope); err != nil || envelope.Status != "error" || envelope.Result == nil {
		failed = notJobwright(response)
	}

	failed.HTTPStatus = response.StatusCode

	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		failed.RetryAfter = time.Duration(seconds) * time.Second
	}

	return failed
}

// notJobwright returns the error for a response that Jobwright does not send.
func notJobwright(response *http.Response) *Error {
	address := response.Request.URL.Scheme + "://" + response.Request.URL.Host

	return &Error{HTTPStatus: response.StatusCode, Message: fmt.Sprintf(
		"%s responds with %q, and not as a server of Jobwright; check the URL", address, strings.TrimSpace(response.Status))}
}
