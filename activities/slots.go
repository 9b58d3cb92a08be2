package activities

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/job"
)

// AcquireSlot requests a slot of the app for a job, with the limit that the app has now.
func (a *Activities) AcquireSlot(ctx context.Context, request job.SlotRequest) (answer job.SlotAnswer, err error) {
	of, err := a.apps.App(request.AppID)
	if err != nil {
		return answer, err
	}

	request.Limit = of.Quota.RunningJobs

	handle, err := a.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: a.temporal.NewWithStartWorkflowOperation(job.SlotsStart(request.AppID), job.SlotsWorkflow),
		UpdateOptions:          job.SlotsUpdate(request),
	})
	if err == nil {
		err = handle.Get(ctx, &answer)
	}

	return answer, err
}

// ReleaseSlot returns the slot of a job.
func (a *Activities) ReleaseSlot(ctx context.Context, request job.SlotRequest) error {
	err := a.temporal.SignalWorkflow(ctx, job.SlotsID(request.AppID), "", job.ReleaseSignal, request.JobID)
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

		status := described.GetWorkflowExecutionInfo().GetStatus()
		if isMissing || status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING && status != enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED {
			ended = append(ended, jobID)
		}
	}

	return ended, nil
}
