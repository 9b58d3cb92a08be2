package apiserver

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
)

// pollerAge is the maximum age of the last poll of a running worker. A poll takes up to a minute.
const pollerAge = 70 * time.Second

// health is the response of /readyz.
type health struct {
	Status   string `json:"status"` // ok or unavailable.
	Temporal bool   `json:"temporal"`
	Worker   bool   `json:"worker"`

	// The apps whose app.yaml is invalid. They don't make the server unavailable.
	Apps map[string]app.State `json:"apps,omitempty"`
}

// healthz responds with 200 as long as the process serves requests.
func (s *Server) healthz(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) }

// readyz responds with 200 if a new job would run now: Temporal responds, a worker polls, and this server is not stopping.
func (s *Server) readyz(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), callTimeout)
	defer cancel()

	state := health{Status: "unavailable"}

	described, err := s.options.Temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace:     s.options.Namespace,
		TaskQueue:     &taskqueuepb.TaskQueue{Name: job.TaskQueue},
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW,
	})
	state.Temporal = err == nil

	for _, poller := range described.GetPollers() {
		if time.Since(poller.GetLastAccessTime().AsTime()) < pollerAge {
			state.Worker = true
		}
	}

	state.Apps, err = s.options.Apps.Broken()
	if err != nil {
		s.options.Log.Warn("can't list the apps", "error", err)
	}

	if !state.Temporal || !state.Worker || s.draining.Err() != nil {
		c.JSON(http.StatusServiceUnavailable, state)

		return
	}

	state.Status = "ok"
	c.JSON(http.StatusOK, state)
}
