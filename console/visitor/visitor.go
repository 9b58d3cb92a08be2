// Package visitor calls the API within the process, on behalf of the visitor of a page: the API sees the visitor's address, so
// that its log and its limits concern the visitor.
package visitor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/jobwright/jobwright/client"
)

// NewClient returns a client of the API with a key, for the visitor whose request is visit. It does not repeat calls.
func NewClient(api http.Handler, visit *http.Request, key string) (*client.Client, error) {
	return client.New(client.Options{
		URL: "http://localhost", Key: key, HTTP: &http.Client{Transport: transport{api, visit}}, Patience: -1,
	})
}

// Forward makes a call for the visitor, and responds with what the API responds: a stream, or a file of any size.
func Forward(w http.ResponseWriter, api http.Handler, visit, call *http.Request) {
	ctx, cancel := detach(call.Context(), visit)
	defer cancel()

	call = call.WithContext(ctx)
	call.Host, call.RemoteAddr, call.TLS = visit.Host, visit.RemoteAddr, visit.TLS
	call.Header.Set("Sec-Fetch-Site", "same-origin") // A browser makes the call.

	api.ServeHTTP(w, call)
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

// transport makes the calls of a client for a visitor.
type transport struct {
	api   http.Handler
	visit *http.Request
}

// RoundTrip calls the API and returns its whole response, which is a page of a list or of results.
func (t transport) RoundTrip(request *http.Request) (returned *http.Response, err error) {
	response := &response{header: http.Header{}, status: http.StatusOK}

	defer func() {
		if recovered := recover(); recovered != nil {
			err = fmt.Errorf("the API has aborted its response: %v", recovered)
		}
	}()

	Forward(response, t.api, t.visit, request)

	return &http.Response{
		StatusCode: response.status, Status: http.StatusText(response.status), Header: response.header, Request: request,
		Body: io.NopCloser(&response.body), ProtoMajor: 1, ProtoMinor: 1,
	}, nil
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
