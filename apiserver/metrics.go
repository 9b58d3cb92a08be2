package apiserver

import (
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"
)

// measureCall adds the call to the metrics, by its route: the paths and the methods that callers invent would create time series
// without end.
func (s *Server) measureCall(c *gin.Context) {
	began := time.Now()

	defer func() {
		route, method := c.FullPath(), c.Request.Method

		switch {
		case logOf(c).isPage:
			route, method = "page", "any"
		case route == "":
			route, method = "unknown", "unknown"
		}

		s.options.Metrics.WithTags(map[string]string{
			"route": route, "method": method, "status": strconv.Itoa(c.Writer.Status()),
		}).Timer("jobwright_http_request_duration").Record(time.Since(began))
	}()

	c.Next()
}

// nameSpan names the span of the call after its route, if the call is traced.
func nameSpan(c *gin.Context) {
	if span := trace.SpanFromContext(c.Request.Context()); span.IsRecording() && c.FullPath() != "" {
		span.SetName(c.Request.Method + " " + c.FullPath())
		span.SetAttributes(semconv.HTTPRoute(c.FullPath()))
	}
}
