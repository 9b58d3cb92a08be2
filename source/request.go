package source

import (
	"context"
	"io"
	"net/url"
)

// Requester is a source that answers HTTP requests.
type Requester interface {
	Source

	// Request sends a request and returns the response when its headers have been received. The caller closes the body. An
	// unexpected status is an [*Error], which is retryable for 408, 425, 429 and most of 5xx.
	Request(ctx context.Context, request Request) (*Response, error)
}

// Request is an HTTP request.
type Request struct {
	Method  string     // GET if it is empty.
	Path    string     // The path below the source's address, which may have a query.
	Params  url.Values // Further parameters of the query.
	Headers map[string]string
	Body    io.Reader // nil for no body.
	Length  int64     // The length of the body in bytes, if net/http can't determine it; 0 if it is unknown.

	ContentType    string  // The content type of the body.
	Statuses       []int64 // The expected statuses; 200 to 299 if it is empty.
	IdempotencyKey string  // The header Idempotency-Key. It is the same in every attempt, so the server can detect repetitions.
}

// Response is the response to a [Request].
type Response struct {
	Status      int
	Headers     map[string]string // By canonical name; multiple values are joined by commas.
	ContentType string            // The media type in lower case, without parameters.
	Body        io.ReadCloser     // If its size is known, a [github.com/jobwright/jobwright/source/format.Sizer].
}

// FileKeeper is a source whose files can be read and written as bytes.
type FileKeeper interface {
	Source

	// OpenFile opens a file for reading. If its size is known, the result is also a
	// [github.com/jobwright/jobwright/source/format.Sizer].
	OpenFile(ctx context.Context, name string) (io.ReadCloser, error)

	// WriteFile atomically creates or replaces a file, and returns its size in bytes.
	WriteFile(ctx context.Context, name string, content io.Reader) (int64, error)
}
