package jobservice

import (
	"context"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"github.com/jobwright/jobwright/job"
)

// addQueueWaits adds to the steps that wait for a task queue which no worker polls. The main task queue has workers, or the job
// itself does not respond.
func (s *Service) addQueueWaits(
	ctx context.Context, steps []job.StepStatus, activities []*workflowpb.PendingActivityInfo,
) {
	polled := map[string]bool{}

	for _, activity := range activities {
		queue := activity.GetActivityOptions().GetTaskQueue().GetName()
		if queue == "" || queue == job.TaskQueue || activity.GetState() != enumspb.PENDING_ACTIVITY_STATE_SCHEDULED {
			continue
		}

		if _, known := polled[queue]; !known {
			polled[queue] = s.isPolled(ctx, queue)
		}

		path := job.StepPath(activity.GetActivityId())
		at := slices.IndexFunc(steps, func(step job.StepStatus) bool { return step.Path == path })

		if at >= 0 && !polled[queue] && steps[at].WaitsFor == nil {
			steps[at].WaitsFor = &job.StepWait{TaskQueue: queue}
		}
	}
}

// isPolled reports whether a worker runs the activities of a task queue. If Temporal does not say, it assumes so.
func (s *Service) isPolled(ctx context.Context, queue string) bool {
	described, err := s.describeQueue(ctx, queue, enumspb.TASK_QUEUE_TYPE_ACTIVITY)

	return err != nil || len(pollersOf(described, time.Now())) > 0
}
