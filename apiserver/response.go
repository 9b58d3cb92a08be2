package apiserver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// envelope is the body of every response of the API.
type envelope struct {
	Result any    `json:"result"`
	Status string `json:"status"` // success or error.
}

// respond responds with the result of a call, or with its error. A caller that has disconnected gets nothing; if the call changes
// something, the logs have its error all the same.
func (s *Server) respond(c *gin.Context, result any, err error) {
	switch {
	case c.Request.Context().Err() != nil && !s.byPath[c.FullPath()].changes:
	case err != nil:
		s.respondError(c, err)
	default:
		c.JSON(http.StatusOK, envelope{Status: "success", Result: result})
	}
}

// respondOutcome responds to a caller that waited for the job: 200 with the results, or 422 with the failure.
func (s *Server) respondOutcome(c *gin.Context, ended *jobservice.Outcome, format resultFormat) {
	code, status, result := http.StatusOK, "success", any(jobStarted{JobID: ended.JobID, Value: ended.Value})

	if ended.Status != job.Completed {
		code, status, result = http.StatusUnprocessableEntity, "error", ended
		format.mediaType = mediaJSON // CSV and NDJSON can't express a failure.
	}

	fields, err := json.Marshal(result)
	if err != nil {
		s.respondError(c, err)

		return
	}

	s.streamResults(c, code, status, fields, ended.Results, format)
}

// streamResults responds with an envelope of that status, whose result has the fields of a JSON object and the additional field
// results; or, in CSV and NDJSON, with the records of one result alone. Result sets are copied from the store in constant
// memory. If the store fails on the way, the connection is aborted, so that the caller can't take an incomplete response
// for a complete one.
func (s *Server) streamResults(
	c *gin.Context, code int, status string, fields []byte, results []job.Result, format resultFormat,
) {
	ctx := c.Request.Context()

	results, err := format.choose(results)
	if err == nil {
		err = s.checkResults(ctx, results)
	}

	if err != nil {
		s.respondError(c, err)

		return
	}

	c.Header("Content-Type", format.mediaType+"; charset=utf-8")
	c.Writer.Header().Add("Vary", "Accept")
	c.Status(code)

	w := newDeadlineWriter(c.Writer, s.options.StallTimeout)

	if format.mediaType == mediaJSON {
		err = s.writeEnvelope(ctx, w, status, fields, results, format)
	} else {
		err = s.writeRecords(ctx, w, format, results[0])
	}

	if err = errors.Join(err, w.clearDeadline()); err != nil {
		logAborted(c, err)
		panic(http.ErrAbortHandler)
	}
}

// checkResults verifies, before the first byte of the response, that the store still has every result.
func (s *Server) checkResults(ctx context.Context, results []job.Result) error {
	for _, result := range results {
		has, err := s.options.Results.Has(ctx, result)
		if err != nil {
			return err
		}

		if !has {
			return jobservice.NewError(codeResultExpired,
				"the results of this job have expired; run it again with another jobId")
		}
	}

	return nil
}

// DefaultStallTimeout is the default of [Options.StallTimeout].
const DefaultStallTimeout = 2 * time.Minute

// deadlineWriter sets a new write deadline before each write. A client that reads slowly receives the whole response; one
// that reads nothing for that long loses its connection, which frees the reader of the result store.
type deadlineWriter struct {
	http.ResponseWriter

	control *http.ResponseController
	timeout time.Duration
}

func newDeadlineWriter(w http.ResponseWriter, timeout time.Duration) *deadlineWriter {
	return &deadlineWriter{ResponseWriter: w, control: http.NewResponseController(w), timeout: timeout}
}

// Write writes a part of the response.
func (w *deadlineWriter) Write(part []byte) (int, error) {
	if err := w.setDeadline(time.Now().Add(w.timeout)); err != nil {
		return 0, err
	}

	return w.ResponseWriter.Write(part)
}

// clearDeadline removes the deadline, which would also hold for the next response on the connection.
func (w *deadlineWriter) clearDeadline() error { return w.setDeadline(time.Time{}) }

// setDeadline sets the deadline of the connection. Writers without a connection, as in tests, have none.
func (w *deadlineWriter) setDeadline(deadline time.Time) error {
	if err := w.control.SetWriteDeadline(deadline); !errors.Is(err, http.ErrNotSupported) {
		return err
	}

	return nil
}
