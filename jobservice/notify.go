package jobservice

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/job"
)

// visibilityDelay is how long Temporal may take to list a workflow that has ended.
const visibilityDelay = 5 * time.Minute

// Notifier starts the workflow Notify for jobs with listeners that have ended without starting it themselves, because their
// workflow was terminated, has timed out or was failed by Temporal. A workflow that was started before is not started again, so
// that several processes may have a Notifier. It is not safe for concurrent use.
type Notifier struct {
	service *Service
	since   time.Time            // Jobs that ended before were handled.
	handled map[string]time.Time // The ends of the jobs since then that were handled, by the ID of the run.
}

// Notifier returns a Notifier for all jobs that Temporal has.
func (s *Service) Notifier() *Notifier {
	return &Notifier{service: s, since: time.Unix(0, 0), handled: map[string]time.Time{}}
}

// Sweep handles the jobs that have ended since the last sweep, and returns for how many it has started the workflow.
func (n *Notifier) Sweep(ctx context.Context) (started int, err error) {
	began := time.Now()
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: n.service.options.Namespace,
		Query: fmt.Sprintf(
			"WorkflowType = '%s' AND %s = true AND ExecutionStatus IN ('Terminated', 'TimedOut', 'Failed') AND CloseTime >= '%s'",
			job.Workflow, job.ListenedAttribute.GetName(), n.since.UTC().Format(time.RFC3339)),
	}

	for {
		page, err := n.service.options.Temporal.ListWorkflow(ctx, request)
		if err != nil {
			return started, err
		}

		for _, info := range page.GetExecutions() {
			runID := info.GetExecution().GetRunId()
			if _, isHandled := n.handled[runID]; isHandled {
				continue
			}

			isNew, err := n.service.notifyEnded(ctx, info.GetExecution().GetWorkflowId(), runID)
			if err != nil {
				return started, err
			}

			if n.handled[runID] = info.GetCloseTime().AsTime(); isNew {
				started++
			}
		}

		request.NextPageToken = page.GetNextPageToken()
		if len(request.GetNextPageToken()) == 0 {
			break
		}
	}

	n.since = began.Add(-visibilityDelay)
	maps.DeleteFunc(n.handled, func(_ string, ended time.Time) bool { return ended.Before(n.since.Add(-time.Second)) })

	return started, nil
}

// notifyEnded starts the workflow Notify for a job that has ended with that run, and reports whether it was not started before.
func (s *Service) notifyEnded(ctx context.Context, jobID, runID string) (isNew bool, err error) {
	described, err := s.describe(ctx, jobID)

	if HasCode(err, CodeJobNotFound) {
		return false, nil // Temporal has deleted it meanwhile.
	}

	if err != nil {
		return false, err
	}

	info := described.GetWorkflowExecutionInfo()
	notification := job.Notification{
		AppID: memoField[string](s, described, job.MemoAppID), JobID: jobID, RunID: info.GetFirstRunId(),
		Event: job.EventOf(endState(described)), Listeners: memoField[*job.Listeners](s, described, job.MemoListeners),
	}

	// An operator who resets a job terminates its run; the job continues in the next one.
	if info.GetExecution().GetRunId() != runID || !notification.Listeners.Want(notification.Event) {
		return false, nil
	}

	_, err = s.options.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: notification.WorkflowID(), TaskQueue: job.TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            notification.Summary(),
	}, job.NotifyWorkflow, notification)

	if _, exists := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); exists {
		return false, nil
	}

	return err == nil, err
}
