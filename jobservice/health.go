package jobservice

import (
	"context"
	"slices"
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

	described, err := s.describeQueue(ctx, job.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	found.Temporal = err == nil

	current := described.GetVersioningInfo().GetCurrentDeploymentVersion()

	found.Worker = slices.ContainsFunc(pollersOf(described, time.Now()), func(poller *taskqueuepb.PollerInfo) bool {
		return isOf(current, poller.GetDeploymentOptions())
	})

	return found
}

// pollersOf returns the pollers of a task queue that have not ended.
func pollersOf(described *workflowservice.DescribeTaskQueueResponse, now time.Time) []*taskqueuepb.PollerInfo {
	return slices.DeleteFunc(slices.Clone(described.GetPollers()), func(poller *taskqueuepb.PollerInfo) bool {
		return now.Sub(poller.GetLastAccessTime().AsTime()) > pollerAge
	})
}
