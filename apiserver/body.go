package apiserver

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Limits of the body of a request.
const (
	// maxBody is the largest body in bytes. The pinned program needs the rest of the 2 MiB that Temporal allows for a
	// workflow's input.
	maxBody = 1 << 20

	// Deeper nesting or more values would take much longer to decode than to send.
	maxBodyDepth  = 100
	maxBodyValues = 100_000
)

// DefaultBodyTimeout is the default of [Options.BodyTimeout].
const DefaultBodyTimeout = 30 * time.Second

// limitBody sets the deadline for the body of a request. Unless the call reads the body, the response ends the connection: the
// server would have to wait for the rest of the body before it responds.
func (s *Server) limitBody(c *gin.Context) {
	if c.Request.Body != http.NoBody {
		setReadDeadline(c, time.Now().Add(s.options.BodyTimeout))
		c.Header("Connection", "close")
	}
}

// bodyArrived ends the deadline for the body, because the call may wait longer for the job, and keeps the connection.
func bodyArrived(c *gin.Context) {
	setReadDeadline(c, time.Time{})
	c.Writer.Header().Del("Connection")
}

// setReadDeadline sets the deadline of the connection. Requests without a connection, as in tests, have none.
func setReadDeadline(c *gin.Context, deadline time.Time) {
	//nolint:errcheck // If the connection is closed, reading fails too.
	http.NewResponseController(c.Writer).SetReadDeadline(deadline)
}

// readBody reads the body as a JSON object.
func readBody(c *gin.Context) (jsonvalue.Object, error) {
	if err := checkContentType(c.GetHeader("Content-Type")); err != nil {
		return nil, err
	}

	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))

	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, jobservice.NewError(jobservice.CodeRequestTooLarge,
			"the body has more than %d bytes; store large data in a source and refer to it in the operation", tooLarge.Limit)
	}

	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, jobservice.NewError(codeRequestTimeout, "the body did not arrive in time")
	}

	if err != nil {
		return nil, jobservice.Invalid("the body can't be read: %v", err)
	}

	bodyArrived(c)

	if err := checkJSON(text); err != nil {
		return nil, err
	}

	value, err := jsonvalue.Decode(text)
	if err != nil {
		return nil, jobservice.Invalid("the body is not valid JSON: %v", err)
	}

	object, ok := value.(map[string]any)
	if !ok {
		return nil, jobservice.Invalid("the body must be a JSON object")
	}

	return object, nil
}

// checkContentType requires JSON. A web page can't send it to another origin without asking, so the header is required too.
func checkContentType(given string) error {
	if given == "" {
		return jobservice.NewError(codeMediaTypeUnsupported,
			"the header Content-Type is missing; it must be application/json")
	}

	mediaType, parameters, err := mime.ParseMediaType(given)
	charset := strings.ToLower(parameters["charset"])

	if err != nil || mediaType != "application/json" || (charset != "" && charset != "utf-8") {
		return jobservice.NewError(codeMediaTypeUnsupported,
			"the body must be application/json in UTF-8, not %.100q", given)
	}

	return nil
}

// checkJSON checks the syntax of the body and the limits of its values, in a single pass that stores nothing. Names may not
// repeat within an object.
func checkJSON(text []byte) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(text))

	for values := 0; ; {
		token, err := decoder.ReadToken()
		if errors.Is(err, io.EOF) {
			if values == 0 {
				return jobservice.Invalid("the body is not valid JSON: it is empty")
			}

			return nil
		}

		if err != nil {
			return jobservice.Invalid("the body is not valid JSON: %.300s", strings.TrimPrefix(err.Error(), "jsontext: "))
		}

		if kind := token.Kind(); kind != '}' && kind != ']' {
			values++
		}

		if values > maxBodyValues {
			return jobservice.Invalid("the body has more than %d values and names; store large data in a source", maxBodyValues)
		}

		if decoder.StackDepth() > maxBodyDepth {
			return jobservice.Invalid("the body is nested deeper than %d levels", maxBodyDepth)
		}
	}
}
