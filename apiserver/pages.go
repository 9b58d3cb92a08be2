package apiserver

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/jobservice"
)

// otherPath serves a path that is not of the API: the web pages do, if the server has them.
func (s *Server) otherPath(c *gin.Context) {
	if !s.isPage(c) {
		s.callNotFound(c)

		return
	}

	logOf(c).isPage = true

	if c.Request.Body != http.NoBody {
		body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
		if err != nil {
			s.respondError(c, formRefused(err))

			return
		}

		c.Request.Body = io.NopCloser(bytes.NewReader(body))

		bodyArrived(c)
	}

	c.Status(http.StatusOK) // Gin has set 404.
	s.pages.ServeHTTP(c.Writer, c.Request)
}

// formRefused returns the error for the body of a form that can't be read.
func formRefused(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return jobservice.NewError(jobservice.CodeRequestTooLarge, "the form has more than %d bytes", tooLarge.Limit)
	}

	return jobservice.Invalid("the form can't be read: %v", err)
}

// isPage reports whether a request is for the web pages.
func (s *Server) isPage(c *gin.Context) bool {
	path := c.Request.URL.Path

	return s.pages != nil && c.FullPath() == "" && path != "/api" && !strings.HasPrefix(path, "/api/")
}

// opensPage reports whether a person opens a web page by a link or a bookmark, which pages of other origins may have, too.
func (s *Server) opensPage(c *gin.Context) bool {
	isRead := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	header := c.Request.Header

	return isRead && header.Get("Sec-Fetch-Mode") == "navigate" && header.Get("Sec-Fetch-Dest") == "document" && s.isPage(c)
}
