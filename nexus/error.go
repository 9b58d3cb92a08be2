package nexus

import (
	"errors"

	"github.com/nexus-rpc/sdk-go/nexus"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/jobservice"
)

// asHandlerError returns an error as one of Nexus, whose type says whether Temporal repeats the request. The message begins with
// the code. An app.yaml with mistakes is an error that ends when they are corrected.
func asHandlerError(err error) error {
	if errors.Is(err, app.ErrNotFound) {
		return nexus.NewHandlerErrorf(nexus.HandlerErrorTypeNotFound, "%v", err)
	}

	failed, ok := errors.AsType[*jobservice.Error](err)
	if !ok {
		return err
	}

	return &nexus.HandlerError{
		Type: kindOf(failed).name, Message: string(failed.Code) + ": " + failed.Message, Cause: failed.Unwrap(),
	}
}

// kind is a type of errors of Nexus.
type kind struct {
	name      nexus.HandlerErrorType
	retryable bool // Whether Temporal repeats a request with this error.
}

// kindOf returns the kind of an error.
func kindOf(failed *jobservice.Error) kind {
	switch failed.Code { //nolint:exhaustive // All others are mistakes of the request.
	case jobservice.CodeForbidden:
		return kind{name: nexus.HandlerErrorTypeUnauthorized}
	case jobservice.CodeScenarioNotFound:
		return kind{name: nexus.HandlerErrorTypeNotFound}
	case jobservice.CodeJobIDTaken:
		return kind{name: nexus.HandlerErrorTypeConflict}
	case jobservice.CodeTooManyRequests, jobservice.CodeQuotaExceeded:
		return kind{name: nexus.HandlerErrorTypeResourceExhausted, retryable: true}
	case jobservice.CodeTemporalUnavailable:
		return kind{name: nexus.HandlerErrorTypeUnavailable, retryable: true}
	case jobservice.CodeInternal:
		return kind{name: nexus.HandlerErrorTypeInternal, retryable: true}
	default:
		return kind{name: nexus.HandlerErrorTypeBadRequest}
	}
}
