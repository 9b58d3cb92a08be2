package apiserver

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// callLog collects what the line of a call in the log says, beside the request and its status.
type callLog struct {
	reference string // Identifies the call in the log.
	app       string
	access    string // The name of the caller's access.
	jobID     string
	schedule  string // The schedule that the call names.
	source    string // The source that the call names.
	scenario  string // Of a job that the call has started.
	code      jobservice.Code
	err       error // The reason of an error whose reason callers don't see.
	audited   bool  // Whether the audit log has the call.
	isPage    bool  // Whether the request is for a web page, which makes calls of its own.
}

const callLogKey = "log"

// logOf returns the log of the call.
func logOf(c *gin.Context) *callLog {
	log, _ := c.Value(callLogKey).(*callLog)

	return log
}

// reference returns the ID of the call in the log.
func reference(c *gin.Context) string { return logOf(c).reference }

// logCall logs each call, also one whose response is aborted. The line has neither the query nor the body, which contain keys
// and data. Instead of the path of the request, in which a key can be by mistake, it has the path of the call, which is empty
// for an unknown one.
func (s *Server) logCall(c *gin.Context) {
	started := time.Now()
	log := &callLog{reference: uuid.NewString()}

	c.Set(callLogKey, log)

	defer func() {
		attributes := append([]slog.Attr{
			slog.String("reference", log.reference),
			slog.String("method", shorten(c.Request.Method)), slog.String("path", c.FullPath()),
			slog.Int("status", c.Writer.Status()), slog.Int64("durationMs", time.Since(started).Milliseconds()),
		}, log.attributes()...)

		s.options.Log.LogAttrs(c.Request.Context(), log.level(c), "call", attributes...)
		s.auditCall(c)
	}()

	c.Next()
}

// attributes returns the fields of the log that are known.
func (l *callLog) attributes() (attributes []slog.Attr) {
	for _, field := range []struct{ name, value string }{
		{"app", l.app}, {"access", l.access}, {"jobId", l.jobID}, {"code", string(l.code)},
	} {
		if field.value != "" {
			attributes = append(attributes, slog.String(field.name, shorten(field.value)))
		}
	}

	if l.err != nil {
		attributes = append(attributes, slog.String("error", l.err.Error()))
	}

	return attributes
}

// level returns the level of the line: a warning for refused access, an error for what an operator has to look at.
func (l *callLog) level(c *gin.Context) slog.Level {
	switch c.FullPath() {
	case "/healthz", "/readyz":
		return slog.LevelDebug
	}

	if logOf(c).isPage && c.Writer.Status() < http.StatusInternalServerError {
		return slog.LevelDebug // The calls have lines.
	}

	if c.Request.Context().Err() != nil {
		return slog.LevelInfo // The client has disconnected, and misses the response.
	}

	switch status := c.Writer.Status(); status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusMisdirectedRequest, http.StatusTooManyRequests:
		return slog.LevelWarn
	default:
		if status >= http.StatusInternalServerError || l.err != nil { // An error without such a status aborted the response.
			return slog.LevelError
		}
	}

	return slog.LevelInfo
}

// maxLogged is the length of the longest value in the log that a caller chose, in bytes: that of a jobId.
const maxLogged = 1000

// shorten shortens a value of a caller to a length that the log can afford.
func shorten(value string) string {
	if len(value) <= maxLogged {
		return value
	}

	return strings.ToValidUTF8(value[:maxLogged], "") + "…"
}

// logStart logs that the call has started its job.
func (s *Server) logStart(c *gin.Context, started *jobservice.Started) {
	log := logOf(c)

	s.options.Log.InfoContext(c, "job started", "reference", log.reference, "app", log.app, "access", log.access,
		"scenario", started.Scenario, "jobId", started.JobID)
}

// logEnd logs how the job ended for which the call has waited.
func (s *Server) logEnd(c *gin.Context, appID string, ended *jobservice.Outcome) {
	attributes := []slog.Attr{
		slog.String("reference", reference(c)), slog.String("app", appID), slog.String("jobId", ended.JobID),
		slog.String("status", string(ended.Status)),
	}

	level := slog.LevelInfo
	if ended.Status == job.CompletedWithError {
		level = slog.LevelWarn
		attributes = append(attributes, slog.String("code", ended.Code))
	}

	s.options.Log.LogAttrs(c, level, "job ended", attributes...)
}

// logAborted records that the response of the call was aborted because of the error.
func logAborted(c *gin.Context, err error) {
	logOf(c).err = errors.Join(errors.New("the response was aborted"), err)
}
