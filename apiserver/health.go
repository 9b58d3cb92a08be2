package apiserver

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
)

// health is the response of /readyz.
type health struct {
	Status   string `json:"status" enum:"ok,unavailable" description:"Whether a new job would run now."`
	Temporal bool   `json:"temporal" description:"Whether Temporal responds."`
	Worker   bool   `json:"worker" description:"Whether a worker polls for jobs."`

	Apps map[string]app.State `json:"apps,omitempty" description:"The apps whose app.yaml is invalid. They don't make the server unavailable."`
}

// alive is the response of /healthz.
type alive struct {
	Status string `json:"status" enum:"ok" description:"That the process serves requests."`
}

// healthz responds with 200 as long as the process serves requests.
func (s *Server) healthz(c *gin.Context) { c.JSON(http.StatusOK, alive{"ok"}) }

// readyz responds with 200 if a new job would run now: Temporal responds, a worker polls, and this server is not stopping.
func (s *Server) readyz(c *gin.Context) {
	found := s.jobs.Health(c.Request.Context())
	state := health{Status: "unavailable", Temporal: found.Temporal, Worker: found.Worker}

	var err error

	state.Apps, err = s.options.Apps.Broken()
	if err != nil {
		s.options.Log.Warn("can't list the apps", "error", err)
	}

	if !state.Temporal || !state.Worker || s.draining.Load() {
		c.JSON(http.StatusServiceUnavailable, state)

		return
	}

	state.Status = "ok"
	c.JSON(http.StatusOK, state)
}
