package source

import (
	"context"
	"io"
	"net/url"
)

// Requester is a source that answers requests of HTTP.
type Requester interface {
	Source

	// Request sends a request, and returns the answer when its headers are there. The caller closes its body. A status that
	// was not expected is an [*Error]; it is retryable where the server says so, by 408, 425, 429 and most of 5xx.
	Request(ctx context.Context, request Request) (*Response, error)
}

// Request is a request of HTTP.
type Request struct {
	Method  string     // GET where it is empty.
	Path    string     // Below the source's address.
	Params  url.Values // What stands behind the question mark of the address, beside what the path has of it.
	Headers map[string]string
	Body    io.Reader // nil for none.
	Length  int64     // Of the body in bytes, where it is known and can't be seen in it; 0 otherwise.

	ContentType    string  // Of the body.
	Statuses       []int64 // Those that are expected; 200 to 299 where there are none.
	IdempotencyKey string  // The header of that name: the same in each attempt, so that the server can tell that it is one.
}

// Response is the answer to a [Request].
type Response struct {
	Status      int
	Headers     map[string]string // By their canonical names; several values of one name are joined by commas.
	ContentType string            // Without its parameters, in small letters.
	Body        io.ReadCloser
}

// FileKeeper is a source whose files can be read and written as they are.
type FileKeeper interface {
	Source

	// OpenFile opens a file for reading. Where its size is known, it is a [github.com/jobwright/jobwright/source/format.Sizer]
	// too.
	OpenFile(ctx context.Context, name string) (io.ReadCloser, error)

	// WriteFile makes a file of that name with that content, at once, and returns its size in bytes.
	WriteFile(ctx context.Context, name string, content io.Reader) (int64, error)
}
