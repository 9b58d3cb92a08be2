package jobservice

import (
	"context"
	"time"

	deploymentpb "go.temporal.io/api/deployment/v1"
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
	Worker   bool // Whether a worker polls that runs new jobs.
}

// isOf reports whether a worker runs new jobs if the version is the current one; nil stands for workers that are not versioned.
func isOf(current *deploymentpb.WorkerDeploymentVersion, options *deploymentpb.WorkerDeploymentOptions) bool {
	if options.GetWorkerVersioningMode() != enumspb.WORKER_VERSIONING_MODE_VERSIONED {
		return current == nil
	}

	return options.GetDeploymentName() == current.GetDeploymentName() && options.GetBuildId() == current.GetBuildId()
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

	current := described.GetVersioningInfo().GetCurrentDeploymentVersion()

	for _, poller := range described.GetPollers() {
		isRecent := time.Since(poller.GetLastAccessTime().AsTime()) < pollerAge
		found.Worker = found.Worker || isRecent && isOf(current, poller.GetDeploymentOptions())
	}

	return found
}
