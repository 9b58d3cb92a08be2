package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/jobservice"
)

// maxResponse is the maximum length of a response that is decoded as a whole, in bytes. Results are read in pages.
const maxResponse = 256 << 20

// The media types of requests and responses.
const (
	mediaJSON   = "application/json"
	mediaEvents = "text/event-stream"
)

// call is a call of the API.
type call struct {
	name         string      // Its name in the API.
	body         any         // A struct or [fields].
	isRepeatable bool        // Whether a repeated call has no other effect than the first one.
	header       http.Header // Further headers; nil for none.
}

// fields are the fields of a body.
type fields map[string]any

// repeatable returns a call that has no other effect if it is repeated.
func repeatable(name string, body any) call { return call{name: name, body: body, isRepeatable: true} }

// call makes a call, and decodes the result of its response into a value.
func (c *Client) call(ctx context.Context, of call, into any) error {
	response, err := c.send(ctx, of)
	if err != nil {
		return err
	}
	defer response.Body.Close()

	body, err := io.ReadAll(io.LimitReader(response.Body, maxResponse+1))
	if err != nil {
		return fmt.Errorf("the response of %s ended early: %w", of.name, err)
	}

	if len(body) > maxResponse {
		return fmt.Errorf("the response of %s has more than %d MiB", of.name, maxResponse>>20)
	}

	var envelope struct {
		Status string          `json:"status"`
		Result json.RawMessage `json:"result"`
	}

	if err := json.Unmarshal(body, &envelope); err != nil || envelope.Status != "success" {
		return notJobwright(response)
	}

	if err := json.Unmarshal(envelope.Result, into); err != nil {
		return fmt.Errorf("the response of %s can't be decoded: %w", of.name, err)
	}

	return nil
}

// result makes a call and returns its result.
func result[R any](ctx context.Context, c *Client, of call) (*R, error) {
	var returned R
	if err := c.call(ctx, of, &returned); err != nil {
		return nil, err
	}

	return &returned, nil
}

// send sends a call until a server accepts it, and returns the response, which the caller closes. The error is an [*Error] if a
// server has refused the call.
func (c *Client) send(ctx context.Context, of call) (*http.Response, error) {
	body, err := json.Marshal(of.body)
	if err != nil {
		return nil, err
	}

	deadline := time.Now().Add(c.patience)

	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		response, err := c.sendOnce(ctx, of, body)
		if err == nil || !of.isRepeatable {
			return response, err
		}

		wait, mayRepeat := repeatAfter(err, pause)
		if !mayRepeat || time.Now().Add(wait).After(deadline) || clock.Sleep(ctx, wait) != nil {
			return nil, err
		}
	}
}

// Pauses before a call is repeated that has not reached its server.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 2 * time.Second
)

// codeAppInvalid is the code of an app whose files have mistakes. Callers want to know them, although a later call may succeed.
const codeAppInvalid jobservice.Code = "app_invalid"

// repeatAfter returns after which time to repeat a call that failed, and whether that can help.
func repeatAfter(err error, pause time.Duration) (time.Duration, bool) {
	if failed, ok := errors.AsType[*Error](err); ok {
		return failed.RetryAfter, failed.RetryAfter > 0 && failed.Code != codeAppInvalid
	}

	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		return 0, false
	}

	// Callers that lost their connection at the same moment do not come back at the same moment.
	return pause/2 + rand.N(pause), !errors.Is(err, context.Canceled) && //nolint:gosec // It need not be unpredictable.
		!errors.Is(err, context.DeadlineExceeded)
}

// sendOnce sends a call, and returns the response if it has a status of success.
func (c *Client) sendOnce(ctx context.Context, of call, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/api/v1/"+of.name, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}

	maps.Copy(request.Header, of.header)

	request.Header.Set("Content-Type", mediaJSON)

	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}

	if c.actAs != "" {
		request.Header.Set("Jobwright-Act-As", c.actAs)
	}

	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.unreachable(err)
	}

	if response.StatusCode < http.StatusBadRequest {
		return response, nil
	}

	defer response.Body.Close()

	text, err := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	if err != nil {
		return nil, fmt.Errorf("the response of %s ended early: %w", of.name, err)
	}

	return nil, errorOf(response, text)
}

// unreachable returns the error of a call that got no response.
func (c *Client) unreachable(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok { // It repeats the address.
		err = failed.Err
	}

	return fmt.Errorf("the server at %s does not respond: %w", c.base, err)
}
