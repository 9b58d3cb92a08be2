package apiserver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"

	"github.com/jobwright/jobwright/jobservice"
)

// watchRequest has the fields of watchJob.
type watchRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  required:"true" description:"The app that the job belongs to."`
	JobID  string `json:"jobId"  required:"true" description:"The job."`
	After  int64  `json:"after"  description:"The version that the caller knows. The header Last-Event-ID takes precedence."`
}

// lastEventID is the header with the ID of the last event that a client has received, when it reconnects.
const lastEventID = "Last-Event-ID"

// mediaEvents is the media type of server-sent events.
const mediaEvents = "text/event-stream"

// The events of watchJob.
const (
	eventStatus = "status" // The status of a running job.
	eventEnd    = "end"    // The status of the ended job; no other event follows.
)

const (
	// keepAlive is the pause after which a comment is sent, so that proxies don't close the connection.
	keepAlive = 15 * time.Second

	// Clients that lose their connection reconnect after a random time between these, and not all at once.
	minReconnect = time.Second
	maxReconnect = 3 * time.Second
)

// watchJob responds with the status of a job as server-sent events: with the current one, unless its version is the one that the
// caller knows, then with each change, up to the end of the job. It sends whole states, so a slow caller misses only states that
// are no longer current.
func (s *Server) watchJob(c *gin.Context, call request[watchRequest]) {
	if watching := s.watching.Add(1); watching > s.maxWatching() {
		s.watching.Add(-1)

		s.refuseWatch(c, jobservice.NewError(jobservice.CodeTooManyRequests,
			"the server has too many calls of watchJob; repeat the call").RepeatAfter(maxReconnect))

		return
	}
	defer s.watching.Add(-1)

	// A client whose call lasts longer connects again, so that its key is checked again.
	ctx, cancel := context.WithTimeout(c.Request.Context(), MaximumWait)
	defer cancel()

	watch, err := s.jobs.Watch(ctx, call.caller.App.ID, call.fields.JobID, knownVersion(c, call))
	if err != nil {
		if c.Request.Context().Err() == nil { // Otherwise the caller has disconnected.
			s.refuseWatch(c, err)
		}

		return
	}
	defer watch.Close()

	if watch.IsOver() {
		c.Status(http.StatusNoContent) // By the standard, an EventSource does not connect again.

		return
	}

	if err := s.stream(ctx, c, watch); err != nil {
		logAborted(c, err)
		panic(http.ErrAbortHandler)
	}
}

// maxWatching is the number of calls of watchJob at a time. The other half of the connections is for other calls.
func (s *Server) maxWatching() int64 { return int64(max(s.options.MaxConnections/2, 1)) } //nolint:mnd // Half.

// refuseWatch responds with an error. A client that reconnects receives a stream that ends, if it may try again: by the standard,
// an EventSource gives up after an error.
func (s *Server) refuseWatch(c *gin.Context, err error) {
	failed, isKnown := errors.AsType[*jobservice.Error](err)

	if !isKnown || failed.RetryAfter == 0 || c.GetHeader(lastEventID) == "" {
		s.respondError(c, err)

		return
	}

	logOf(c).code = failed.Code

	setStreamHeaders(c)
	c.String(http.StatusOK, "retry: %d\n\n", failed.RetryAfter.Milliseconds())
}

// knownVersion returns the version that the caller knows, or nil. A client that reconnects repeats the call with the header.
func knownVersion(c *gin.Context, call request[watchRequest]) *int64 {
	if version, err := strconv.ParseInt(c.GetHeader(lastEventID), 10, 64); err == nil {
		return &version
	}

	if call.has("after") {
		return &call.fields.After
	}

	return nil
}

// stream sends the statuses of a watch. The error is that of writing. The response also ends when the server stops, and when the
// job can't be read any more; in both cases the client connects again.
func (s *Server) stream(ctx context.Context, c *gin.Context, watch *jobservice.Watch) error {
	setStreamHeaders(c)

	w := newDeadlineWriter(c.Writer, s.options.StallTimeout)

	send := func(format string, arguments ...any) error {
		_, err := fmt.Fprintf(w, format, arguments...)

		return errors.Join(err, w.control.Flush())
	}

	reconnect := minReconnect + rand.N(maxReconnect-minReconnect) //nolint:gosec // It need not be unpredictable.
	if err := send("retry: %d\n\n", reconnect.Milliseconds()); err != nil {
		return err
	}

	for {
		status, err := next(ctx, watch)

		switch {
		case err == nil:
			event := eventStatus
			if status.Ended {
				event = eventEnd
			}

			// JSON has no line breaks.
			err = send("id: %d\nevent: %s\ndata: %s\n\n", status.Version, event, status.Fields)
			if err != nil || status.Ended {
				return errors.Join(err, w.clearDeadline())
			}
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			if err := send(": keep-alive\n\n"); err != nil {
				return err
			}
		default:
			return w.clearDeadline()
		}
	}
}

// setStreamHeaders sets the headers of a response that neither this server nor a proxy may buffer.
func setStreamHeaders(c *gin.Context) {
	header := c.Writer.Header()
	header.Set("Content-Type", mediaEvents+"; charset=utf-8")
	header.Set("Cache-Control", "no-store, no-transform")
	header.Set("X-Accel-Buffering", "no") // nginx buffers otherwise.
	header.Set(gzhttp.HeaderNoCompression, "true")
}

// next returns the next status of a watch, or [context.DeadlineExceeded] if there is none for a while.
func next(ctx context.Context, watch *jobservice.Watch) (*jobservice.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, keepAlive)
	defer cancel()

	return watch.Next(ctx)
}
