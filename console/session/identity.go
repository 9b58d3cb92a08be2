package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/console/visitor"
)

// Identity is an access to an app that a key has.
type Identity struct {
	App    string      // The ID of the app.
	Access string      // The name of the access.
	Rights []app.Right // The rights of the key in the app.
}

// RefusedError is the error for a key that the API does not accept.
type RefusedError struct {
	Status     int    // The HTTP status.
	Code       string // The code of the API's error.
	Message    string
	RetryAfter time.Duration // After which the next attempt may be made; 0 if at once.
}

func (e *RefusedError) Error() string { return e.Message }

// isFinal reports whether the key is of no use, now and later.
func (e *RefusedError) isFinal() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// identifyTimeout limits the call that verifies a key.
const identifyTimeout = 15 * time.Second

// retryAfter is the time after which to repeat a call that has taken longer.
const retryAfter = 5 * time.Second

// identify returns the access that a key has to an app, or to the first app of the key if appID is empty. The API verifies the
// key, so that a wrong one counts as a failed authentication of the address of the browser.
func (s *Sessions) identify(r *http.Request, appID, key string) (Identity, error) {
	ctx, cancel := context.WithTimeout(r.Context(), identifyTimeout)
	defer cancel()

	api, err := visitor.NewClient(s.options.API, r, key)
	if err != nil {
		return Identity{}, err
	}

	found, err := api.App(ctx, appID)
	if err != nil {
		return Identity{}, refusedBy(ctx, err)
	}

	if found != nil {
		return Identity{App: found.ID, Access: found.Access, Rights: found.Rights}, nil
	}

	refused := &RefusedError{
		Status: http.StatusForbidden, Code: "forbidden", Message: "this key is for no app; ask the operator for access",
	}
	if appID != "" {
		refused.Message = fmt.Sprintf("this key is not for app %s", appID)
	}

	return Identity{}, refused
}

// refusedBy returns the error of a call: a [*RefusedError] if the API has refused it, or has not responded before ctx ended.
func refusedBy(ctx context.Context, err error) error {
	if failed, ok := errors.AsType[*client.Error](err); ok && failed.Code != "" {
		return &RefusedError{
			Status: failed.HTTPStatus, Code: string(failed.Code), RetryAfter: failed.RetryAfter,
			Message: strings.TrimSuffix(strings.ReplaceAll(failed.Message, "apiKey", "API key"), "."),
		}
	}

	if ctx.Err() != nil {
		return &RefusedError{
			Status: http.StatusServiceUnavailable, Code: "timeout", RetryAfter: retryAfter,
			Message: "the server has not verified the key in time; try again",
		}
	}

	return err
}
