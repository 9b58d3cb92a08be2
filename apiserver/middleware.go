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

// reference identifies the request in the log.
func reference(c *gin.Context) string { return c.GetString(referenceKey) }

// observe logs each request. It leaves the query out: that is where a GET carries its key.
func (s *Server) observe(c *gin.Context) {
	started := time.Now()

	c.Set(referenceKey, uuid.NewString())
	c.Next()

	level := slog.LevelInfo
	if c.FullPath() == "/healthz" || c.FullPath() == "/readyz" {
		level = slog.LevelDebug
	}

	s.options.Log.Log(c, level, "call", "reference", reference(c), "method", c.Request.Method, "path", c.Request.URL.Path,
		"status", c.Writer.Status(), "duration", time.Since(started))
}

// recover answers a panic as an internal error. An answer that is cut off on purpose stays cut off.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		recovered := recover()
		if recovered == nil {
			return
		}

		if err, ok := recovered.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(http.ErrAbortHandler) // The one way to break an answer off that net/http knows.
		}

		s.answerError(c, fmt.Errorf("panic: %v\n%s", recovered, debug.Stack()))
	}()

	c.Next()
}

func (s *Server) noRoute(c *gin.Context) {
	s.answerError(c, newError(http.StatusNotFound, CodeCallNotFound,
		"there is no call %s; there are executeJob.jsp, getJobStatus.jsp, stopJob.jsp and signalJob.jsp under /api/v1",
		c.Request.URL.Path))
}

func (s *Server) noMethod(c *gin.Context) {
	s.answerError(c, newError(http.StatusMethodNotAllowed, CodeMethodNotAllowed,
		"%s does not take %s; it takes %s", c.Request.URL.Path, c.Request.Method, c.Writer.Header().Get("Allow")))
}
