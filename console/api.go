package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"

	"github.com/jobwright/jobwright/client"
)

// transport sends requests to the API within the process, on behalf of the visitor whose request it has: the API sees the
// visitor's address, so that its log and its limits concern the visitor.
type transport struct {
	api   http.Handler
	visit *http.Request
}

// newClient returns a client of the API with a key.
func newClient(api http.Handler, visit *http.Request, key string) (*client.Client, error) {
	return client.New(client.Options{
		URL: "http://localhost", Key: key, HTTP: &http.Client{Transport: transport{api, visit}}, Patience: -1,
	})
}

// RoundTrip calls the API and returns its whole response, which is a page of a list or of results.
func (t transport) RoundTrip(request *http.Request) (returned *http.Response, err error) {
	ctx, cancel := detach(request.Context(), t.visit)
	defer cancel()

	response := &response{header: http.Header{}, status: http.StatusOK}

	defer func() {
		if recovered := recover(); recovered != nil {
			err = fmt.Errorf("the API has aborted its response: %v", recovered)
		}
	}()

	t.api.ServeHTTP(response, t.onBehalf(request.WithContext(ctx)))

	return &http.Response{
		StatusCode: response.status, Status: http.StatusText(response.status), Header: response.header, Request: request,
		Body: io.NopCloser(&response.body), ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// onBehalf makes a request for the API one of the visitor's browser.
func (t transport) onBehalf(request *http.Request) *http.Request {
	request.Host, request.RemoteAddr, request.TLS = t.visit.Host, t.visit.RemoteAddr, t.visit.TLS
	request.Header.Set("Sec-Fetch-Site", "same-origin")

	return request
}

// detach returns a context that ends with another one, and has none of its values but the address of the server: other values
// are of the connection, which is one of the visitor's request.
func detach(from context.Context, visit *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(from, cancel)

	if local, ok := visit.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		ctx = context.WithValue(ctx, http.LocalAddrContextKey, local)
	}

	return ctx, func() { stop(); cancel() }
}

// response receives a response of the API.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the header of the response.
func (r *response) Header() http.Header { return r.header }

// WriteHeader receives the status.
func (r *response) WriteHeader(status int) { r.status = status }

// Write receives a part of the body.
func (r *response) Write(part []byte) (int, error) { return r.body.Write(part) }

// copyCall responds with what the API responds to a call by GET: a stream, or a file of any size.
func (r *request) copyCall(w http.ResponseWriter, name string, query map[string]string, header http.Header) error {
	ctx, cancel := detach(r.Context(), r.Request)
	defer cancel()

	call, err := http.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/"+name, http.NoBody)
	if err != nil {
		return err
	}

	parameters := call.URL.Query()
	for parameter, value := range query {
		parameters.Set(parameter, value)
	}

	call.URL.RawQuery = parameters.Encode()

	maps.Copy(call.Header, header)
	call.Header.Set("Authorization", "Bearer "+r.session.Key)

	r.console.options.API.ServeHTTP(w, transport{visit: r.Request}.onBehalf(call))

	return nil
}

// isSignedOut reports whether the API does not accept the key of the session any more.
func isSignedOut(err error) bool {
	failed, ok := errors.AsType[*client.Error](err)

	return ok && failed.HTTPStatus == http.StatusUnauthorized
}
