package activities

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/slot"
)

// AcquireSlot requests a slot of the app for a job, or a slot of a source for a step, with the limits that the app has now.
func (a *Activities) AcquireSlot(ctx context.Context, request job.SlotRequest) (answer job.SlotAnswer, err error) {
	of, err := a.apps.App(request.AppID)
	if err != nil {
		return answer, err
	}

	if request.Limit = of.Quota.RunningJobs; request.Source != "" {
		capacity := of.Capacities[request.Source]
		request.Limit, request.PerSecond = capacity.MaxConcurrentSteps, capacity.MaxStepsPerSecond
	}

	return slot.Acquire(ctx, a.temporal, request)
}

// ReleaseSlot returns a slot.
func (a *Activities) ReleaseSlot(ctx context.Context, request job.SlotRequest) error {
	err := a.temporal.SignalWorkflow(ctx, job.SlotsID(request.AppID, request.Source), "", job.ReleaseSignal, request.SlotHolder)
	if _, isMissing := errors.AsType[*serviceerror.NotFound](err); isMissing {
		return nil // An operator has terminated the workflow: all slots are free.
	}

	return err
}

// EndedJobs returns which of the jobs have ended.
func (a *Activities) EndedJobs(ctx context.Context, jobIDs []string) ([]string, error) {
	var ended []string

	for _, jobID := range jobIDs {
		described, err := a.temporal.DescribeWorkflowExecution(ctx, jobID, "")

		_, isMissing := errors.AsType[*serviceerror.NotFound](err)
		if err != nil && !isMissing {
			return nil, err
		}

		switch described.GetWorkflowExecutionInfo().GetStatus() {
		case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		default: // It has ended, or there is no such job.
			ended = append(ended, jobID)
		}
	}

	return ended, nil
}
