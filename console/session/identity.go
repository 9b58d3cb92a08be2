package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/console/visitor"
)

// refusalOf returns the refusal of a key, or of another sign-in, that an error is.
func refusalOf(err error) (refused *client.Error, is bool) {
	refused, is = errors.AsType[*client.Error](err)

	return refused, is && refused.Code != ""
}

// identifyTimeout limits the call that verifies a key.
const identifyTimeout = 15 * time.Second

// retryAfter is the time after which to repeat a call that has taken longer.
const retryAfter = 5 * time.Second

// identify returns a session with the app, the access and the rights of a key: of its first app if appID is empty. The API
// verifies the key, so that a wrong one counts as a failed authentication of the address of the browser.
func (s *Sessions) identify(r *http.Request, appID, key string) (Session, error) {
	ctx, cancel := context.WithTimeout(r.Context(), identifyTimeout)
	defer cancel()

	api, err := visitor.NewClient(s.options.API, r, key)
	if err != nil {
		return Session{}, err
	}

	found, err := api.App(ctx, appID)
	if err != nil {
		return Session{}, refusedBy(ctx, err)
	}

	if found != nil {
		return Session{App: found.ID, Access: found.Access, Rights: found.Rights}, nil
	}

	refused := &client.Error{
		HTTPStatus: http.StatusForbidden, Code: "forbidden", Message: "this key is for no app; ask the operator for access",
	}
	if appID != "" {
		refused.Message = fmt.Sprintf("this key is not for app %s", appID)
	}

	return Session{}, refused
}

// refusedBy returns the error of a call: a refusal if the API has refused it, or has not responded before ctx ended.
func refusedBy(ctx context.Context, err error) error {
	if failed, ok := refusalOf(err); ok {
		failed.Message = strings.ReplaceAll(failed.Message, "apiKey", "API key")

		return failed
	}

	if ctx.Err() != nil {
		return &client.Error{
			HTTPStatus: http.StatusServiceUnavailable, Code: "timeout", RetryAfter: retryAfter,
			Message: "the server has not verified the key in time; try again",
		}
	}

	return err
}
