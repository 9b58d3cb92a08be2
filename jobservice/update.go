package jobservice

import (
	"cmp"
	"context"
	"errors"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// update sends an update to the workflow of a running job, and decodes its result. The error has the format hasEnded, with the
// jobId, if the job has ended, and the advice how to repeat the call if no worker responds.
func (s *Service) update(
	ctx context.Context, caller Caller, options client.UpdateWorkflowOptions, result any, hasEnded, advice string,
) error {
	jobID := options.WorkflowID

	described, err := s.describeOf(ctx, caller.App.ID, jobID)
	if err != nil {
		return err
	}

	ended := NewError(CodeJobEnded, hasEnded, jobID).OfJob(jobID)
	if described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return ended
	}

	ctx, cancel := s.outage.withTimeout(ctx, callTimeout)
	defer cancel()

	options.UpdateID = cmp.Or(options.UpdateID, uuid.NewString())
	options.WaitForStage = client.WorkflowUpdateStageCompleted

	handle, err := s.options.Temporal.UpdateWorkflow(ctx, options)
	if err == nil {
		err = handle.Get(ctx, result)
	}

	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return ended // Since the description.
	}

	if _, timedOut := errors.AsType[*client.WorkflowUpdateServiceTimeoutOrCanceledError](err); timedOut {
		return NewError(CodeTemporalUnavailable, "no worker responds at the moment; repeat the call%s", advice).
			OfJob(jobID).RepeatAfter(retryAfter)
	}

	return err
}
