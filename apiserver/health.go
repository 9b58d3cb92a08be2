package apiserver

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/job"
)

// pollerAge is how long ago a worker may have polled and still count as there: a poll lasts up to a minute.
const pollerAge = 70 * time.Second

// health is the answer of /healthz and /readyz.
type health struct {
	Status   string `json:"status"` // ok or unavailable.
	Temporal bool   `json:"temporal"`
	Worker   bool   `json:"worker"`
}

// healthz tells that the process lives.
func (s *Server) healthz(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) }

// readyz tells whether a job that is started now would run: Temporal answers, and a worker polls for jobs.
func (s *Server) readyz(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), callTimeout)
	defer cancel()

	answer := health{Status: "unavailable"}

	described, err := s.options.Temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace:     s.options.Namespace,
		TaskQueue:     &taskqueuepb.TaskQueue{Name: job.TaskQueue},
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW,
	})
	answer.Temporal = err == nil

	for _, poller := range described.GetPollers() {
		if time.Since(poller.GetLastAccessTime().AsTime()) < pollerAge {
			answer.Worker = true
		}
	}

	if !answer.Temporal || !answer.Worker || s.draining.Err() != nil {
		c.JSON(http.StatusServiceUnavailable, answer)

		return
	}

	answer.Status = "ok"
	c.JSON(http.StatusOK, answer)
}
