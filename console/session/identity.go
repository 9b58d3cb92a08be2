package session

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Identity is an access to an app that a key has.
type Identity struct {
	App    string   // The ID of the app.
	Access string   // The name of the access.
	Rights []string // The rights of the key in the app.
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
	var found struct {
		Apps []struct {
			ID     string   `json:"id"`
			Access string   `json:"access"`
			Rights []string `json:"rights"`
		} `json:"apps"`
	}

	if err := s.call(r, "getApps?"+url.Values{"appId": {appID}}.Encode(), key, &found); err != nil {
		return Identity{}, err
	}

	if len(found.Apps) > 0 {
		app := found.Apps[0]

		return Identity{App: app.ID, Access: app.Access, Rights: slices.Clip(app.Rights)}, nil
	}

	refused := &RefusedError{
		Status: http.StatusForbidden, Code: "forbidden", Message: "this key is for no app; ask the operator for access",
	}
	if appID != "" {
		refused.Message = fmt.Sprintf("this key is not for app %s", appID)
	}

	return Identity{}, refused
}

// call makes a call of the API with the key, for the browser that sent the request. The error is a [*RefusedError] if the API has
// refused it, or has not responded in time.
func (s *Sessions) call(r *http.Request, name, key string, result any) error {
	// The context of the request belongs to its connection, of which the server must see one request at a time.
	ctx, cancel := context.WithTimeout(context.Background(), identifyTimeout)
	defer cancel()
	defer context.AfterFunc(r.Context(), cancel)()

	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		ctx = context.WithValue(ctx, http.LocalAddrContextKey, local)
	}

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/"+name, http.NoBody)
	if err != nil {
		return err
	}

	request.Host, request.RemoteAddr = r.Host, r.RemoteAddr
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Sec-Fetch-Site", "same-origin") // A browser makes the call.

	response := &response{header: http.Header{}, status: http.StatusOK}
	s.options.API.ServeHTTP(response, request)

	if response.body.Len() == 0 && ctx.Err() != nil {
		return &RefusedError{
			Status: http.StatusServiceUnavailable, Code: "timeout", RetryAfter: retryAfter,
			Message: "the server has not verified the key in time; try again",
		}
	}

	return response.decode(result)
}

// response receives the response of the API.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the header of the response.
func (r *response) Header() http.Header { return r.header }

// WriteHeader sets the status.
func (r *response) WriteHeader(status int) { r.status = status }

// Write appends to the body.
func (r *response) Write(part []byte) (int, error) { return r.body.Write(part) }

// decode reads the result of a call. The error of a refused one is a [*RefusedError].
func (r *response) decode(result any) error {
	var read struct {
		Status string          `json:"status"`
		Result json.RawMessage `json:"result"`
	}

	if err := json.Unmarshal(r.body.Bytes(), &read); err != nil {
		return fmt.Errorf("the response of the API with status %d can't be read: %w", r.status, err)
	}

	if r.status == http.StatusOK {
		return json.Unmarshal(read.Result, result)
	}

	var failed struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(read.Result, &failed); err != nil {
		return err
	}

	seconds, _ := strconv.Atoi(r.header.Get("Retry-After"))

	return &RefusedError{
		Status: r.status, Code: failed.Code, RetryAfter: time.Duration(seconds) * time.Second,
		Message: strings.TrimSuffix(strings.ReplaceAll(failed.Message, "apiKey", "API key"), "."),
	}
}
