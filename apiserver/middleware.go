package apiserver

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/jobservice"
)

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
	s.respondError(c, jobservice.NewError(codeCallNotFound,
		"there is no such call; the calls, such as executeJob.jsp, are under /api/v1, and the page /docs lists them"))
}

// methodNotAllowed responds to an unsupported method of a known path.
func (s *Server) methodNotAllowed(c *gin.Context) {
	s.respondError(c, jobservice.NewError(codeMethodNotAllowed,
		"%s does not support %s; use %s", c.Request.URL.Path, c.Request.Method, c.Writer.Header().Get("Allow")))
}
