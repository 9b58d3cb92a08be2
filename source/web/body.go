package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/jobwright/jobwright/source"
)

// maxPause limits a pause in the body of a response, unless the source's timeout is longer.
const maxPause = 5 * time.Minute

// errPaused ends a request whose response paused for too long.
var errPaused = errors.New("the response paused for too long")

// send sends a request and returns the response with a [body].
func (s *Source) send(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())

	response, err := s.client.Do(request.WithContext(ctx))
	if err != nil {
		cancel(nil)

		return nil, s.unreachable(request.Context(), request, err)
	}

	content := &body{ReadCloser: response.Body, source: s, request: request, ctx: ctx, cancel: cancel}
	response.Body = content

	if response.ContentLength > 0 {
		response.Body = &sizedBody{content, response.ContentLength}
	}

	return response, nil
}

// sizedBody is a body whose size the server has announced.
type sizedBody struct {
	*body

	size int64
}

// Size returns the size of the body.
func (b *sizedBody) Size() int64 { return b.size }

// body is the body of a response. It returns a retryable error if the body ends too early or pauses for too long.
type body struct {
	io.ReadCloser

	source  *Source
	request *http.Request
	ctx     context.Context //nolint:containedctx // The context of the request, which lasts as long as the body.
	cancel  context.CancelCauseFunc
}

// Read waits as long as the source may pause. The time between two calls does not count.
func (b *body) Read(into []byte) (int, error) {
	timer := time.AfterFunc(b.source.pause, func() { b.cancel(errPaused) })
	n, err := b.ReadCloser.Read(into)

	timer.Stop()

	switch {
	case err == nil || err == io.EOF:
		return n, err
	case errors.Is(context.Cause(b.ctx), errPaused):
		return n, &source.Error{
			Code: source.CodeUnavailable, Source: b.source.name, Retryable: true,
			Message: fmt.Sprintf("the response to %s %s paused for %s", b.request.Method, b.request.URL.Path, b.source.pause),
		}
	}

	return n, b.source.unreachable(b.request.Context(), b.request, err)
}

// Close ends the request.
func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)

	return err
}
