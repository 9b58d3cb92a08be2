package jobservice

import (
	"context"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/job"
)

// awaitDeletions waits for the ends of the deletions, at most as long as the request does, and completes them. It omits what it
// can't find out: a repeated request does.
func (s *Service) awaitDeletions(ctx context.Context, request Delete, deletions *Deletions) {
	waiting, cancel := context.WithTimeout(ctx, max(request.Wait, callTimeout))
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()

	var group errgroup.Group
	group.SetLimit(parallelDeletions)

	for i := range deletions.Jobs {
		if deletions.Jobs[i].runID != "" {
			group.Go(func() error {
				s.awaitDeletion(waiting, request, &deletions.Jobs[i])

				return nil
			})
		}
	}

	_ = group.Wait() // No function returns an error.
}

// awaitDeletion waits for the end of a deletion if the request waits, and completes it.
func (s *Service) awaitDeletion(ctx context.Context, request Delete, deletion *Deletion) {
	workflowID := deletionID(request.Caller.App.ID, deletion.JobID)

	described, err := s.options.Temporal.DescribeWorkflowExecution(ctx, workflowID, deletion.runID)
	if err != nil {
		return
	}

	isRunning := described.GetWorkflowExecutionInfo().GetCloseTime() == nil
	if isRunning && request.Wait == 0 {
		deletion.Reason = s.lastFailure(described)

		return
	}

	end, err := s.waitForEnd(ctx, &commonpb.WorkflowExecution{WorkflowId: workflowID, RunId: deletion.runID}, endOfJob{}, 0)
	if err != nil {
		reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		defer cancel()

		if described, err := s.options.Temporal.DescribeWorkflowExecution(reading, workflowID, deletion.runID); err == nil {
			deletion.Reason = s.lastFailure(described)
		}

		return
	}

	if end.status != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		deletion.Status = DeletionFailed
		deletion.Reason = "an operator has ended the deletion; repeat the call to continue it"

		if end.failure != nil {
			deletion.Reason = s.messageOf(end.failure.GetCause())
		}

		return
	}

	var deleted job.Deleted
	if err := s.decode(end.payloads, &deleted); err != nil {
		return
	}

	deletion.Status, deletion.Deleted = DeletionEnded, &deleted

	s.ended.remove(deletion.JobID)
	s.recent.remove(deletion.JobID)
}

// lastFailure returns why the activity of a deletion that is repeated has failed, if any.
func (s *Service) lastFailure(described *workflowservice.DescribeWorkflowExecutionResponse) string {
	for _, activity := range described.GetPendingActivities() {
		if message := s.messageOf(activity.GetLastFailure()); message != "" {
			return message
		}
	}

	return ""
}
