package apiserver

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

const referenceKey = "reference"

// reference returns the ID of the request in the log.
func reference(c *gin.Context) string { return c.GetString(referenceKey) }

// logRequest logs each request, without its query, which may contain a key. Instead of its path, in which a key can be by
// mistake, it logs the path of the call, which is empty for an unknown one.
func (s *Server) logRequest(c *gin.Context) {
	started := time.Now()

	c.Set(referenceKey, uuid.NewString())
	c.Next()

	level := slog.LevelInfo
	if c.FullPath() == "/healthz" || c.FullPath() == "/readyz" {
		level = slog.LevelDebug
	}

	s.options.Log.Log(c, level, "call", "reference", reference(c), "method", c.Request.Method, "path", c.FullPath(),
		"status", c.Writer.Status(), "duration", time.Since(started))
}

// recoverPanic responds to a panic with an internal error. It passes on http.ErrAbortHandler.
func (s *Server) recoverPanic(c *gin.Context) {
	defer func() {
		recovered := recover()
		if recovered == nil {
			return
		}

		if err, ok := recovered.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(http.ErrAbortHandler) // net/http aborts the response.
		}

		s.respondError(c, fmt.Errorf("panic: %v\n%s", recovered, debug.Stack()))
	}()

	c.Next()
}

// callNotFound responds to an unknown path.
func (s *Server) callNotFound(c *gin.Context) {
	s.respondError(c, newError(http.StatusNotFound, CodeCallNotFound,
		"there is no such call; the calls are executeJob.jsp, getJobStatus.jsp, stopJob.jsp and signalJob.jsp under /api/v1"))
}

// methodNotAllowed responds to an unsupported method of a known path.
func (s *Server) methodNotAllowed(c *gin.Context) {
	s.respondError(c, newError(http.StatusMethodNotAllowed, CodeMethodNotAllowed,
		"%s does not support %s; use %s", c.Request.URL.Path, c.Request.Method, c.Writer.Header().Get("Allow")))
}
