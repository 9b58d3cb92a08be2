package jobservice

import (
	"context"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/job"
)

// pollerAge is the maximum age of the last poll of a running worker. A poll takes up to a minute.
const pollerAge = 70 * time.Second

// Health is whether a new job would run now.
type Health struct {
	Temporal bool // Whether Temporal responds.
	Worker   bool // Whether a worker polls.
}

// Health asks Temporal for its health and for workers.
func (s *Service) Health(ctx context.Context) (found Health) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()

	described, err := s.options.Temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace:     s.options.Namespace,
		TaskQueue:     &taskqueuepb.TaskQueue{Name: job.TaskQueue},
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW,
	})
	found.Temporal = err == nil

	for _, poller := range described.GetPollers() {
		if time.Since(poller.GetLastAccessTime().AsTime()) < pollerAge {
			found.Worker = true
		}
	}

	return found
}
