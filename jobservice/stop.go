package jobservice

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/job"
)

// StopStatus is what a request to stop a job has found.
type StopStatus string

// A caller may repeat the request until the job has ended.
const (
	StopStarted     StopStatus = "stop started"
	AlreadyStopping StopStatus = "already being stopped"
	AlreadyEnded    StopStatus = "already completed"
)

// SchemaValues returns every status as text.
func (StopStatus) SchemaValues() []string {
	return []string{string(StopStarted), string(AlreadyStopping), string(AlreadyEnded)}
}

// Stop is the result of [Service.Stop].
type Stop struct {
	JobID     string     `json:"jobId" description:"The job."`
	Status    StopStatus `json:"status" description:"What the request has found."`
	JobStatus job.State  `json:"jobStatus,omitempty" description:"How the job ended, if it has."`
}

// Stop requests that the job stops. It returns as soon as Temporal has accepted the request, before the job has stopped.
func (s *Service) Stop(ctx context.Context, caller Caller, jobID string) (result Stop, err error) {
	defer s.asErrorOf(ctx, jobID, &err)

	// A job with many steps that run at the same time can keep Temporal so busy that each request takes several attempts.
	const requests = 3 // Describing the job, saying who stops it, and cancelling it.

	ctx, cancel := context.WithTimeout(ctx, requests*patience)
	defer cancel()

	result.JobID = jobID

	described, err := s.describeOf(ctx, caller.App.ID, jobID)
	if err != nil {
		return result, err
	}

	if result.JobStatus = endState(described); result.JobStatus != "" {
		result.Status = AlreadyEnded

		return result, nil
	}

	if stopping, err := s.isStopping(ctx, described); stopping || err != nil {
		result.Status = AlreadyStopping

		return result, err
	}

	return s.cancel(ctx, described, caller.Access.Name)
}

// isStopping reports whether the job's stop has been requested before.
func (s *Service) isStopping(ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse) (bool, error) {
	if described.GetWorkflowExtendedInfo().GetCancelRequested() {
		return true, nil
	}

	info := described.GetWorkflowExecutionInfo()
	if info.GetExecution().GetRunId() == info.GetFirstRunId() {
		return false, nil
	}

	// Temporal records the cancellation of a single run. Only the workflow knows whether an earlier run was cancelled. If no
	// worker responds, the job is cancelled once more, which is harmless.
	current, running, err := s.progressOf(ctx, described)

	return running && current.Status == job.Stopping, err
}

// cancel requests the cancellation of the job. Before, it sends the job the name of the access that stops it. A repeated request
// has no effect.
func (s *Service) cancel(
	ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse, by string,
) (Stop, error) {
	result := Stop{JobID: described.GetWorkflowExecutionInfo().GetExecution().GetWorkflowId(), Status: StopStarted}

	err := s.persistently(ctx, func(ctx context.Context) error {
		return s.options.Temporal.SignalWorkflow(ctx, result.JobID, "", job.StopSignal, by)
	})

	// A job that has just ended receives no signal. Whether it exists is what the request to cancel finds.
	if _, ended := errors.AsType[*serviceerror.NotFound](err); ended || err == nil {
		err = s.requestCancel(ctx, described, by)
	}

	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return result, jobNotFound(result.JobID)
	}

	if err != nil {
		return result, err
	}

	// Temporal also accepts the request if the job has just ended. This call has not stopped such a job. If Temporal is too busy
	// to say so, the stop has started all the same.
	now, _ := s.describe(ctx, result.JobID)
	if state := endState(now); state != "" && state != job.Stopped {
		result.Status, result.JobStatus = AlreadyEnded, state
	}

	return result, nil
}

// requestCancel requests the cancellation from Temporal, also if the job has continued in a new run.
func (s *Service) requestCancel(
	ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse, by string,
) error {
	info := described.GetWorkflowExecutionInfo()

	return s.persistently(ctx, func(ctx context.Context) error {
		return s.options.Temporal.CancelWorkflowWithOptions(ctx, client.CancelWorkflowOptions{
			WorkflowID:          info.GetExecution().GetWorkflowId(),
			FirstExecutionRunID: info.GetFirstRunId(),
			Reason:              stopReason(by),
		})
	})
}

// stopReason returns the reason of the cancellation, which Temporal UI shows.
func stopReason(by string) string {
	if by == job.AnyAccess {
		return "stopJob, called with the key of this machine"
	}

	return "stopJob, called by " + by
}

// stoppedBy returns the name of the access that stops a described job, or has stopped it; empty if it is unknown, or if no access
// did. The job that has started a child job stops it when it is stopped itself.
func (s *Service) stoppedBy(ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse) string {
	if by := memoField[string](s, described, job.MemoStoppedBy); by != "" {
		return by
	}

	info := described.GetWorkflowExecutionInfo()

	parentID := info.GetParentExecution().GetWorkflowId()
	if parentID == "" {
		return ""
	}

	parent, err := s.describe(ctx, parentID)
	if err != nil { // For example because Temporal has deleted it.
		return ""
	}

	// The child may have ended, for example at a timeout of its step, before its parent was stopped.
	stopped := memoField[time.Time](s, parent, job.MemoStoppedAt)
	if info.GetCloseTime() != nil && info.GetCloseTime().AsTime().Before(stopped) {
		return ""
	}

	return s.stoppedBy(ctx, parent)
}

// endState returns how a job ended, or "" if it has not.
func endState(described *workflowservice.DescribeWorkflowExecutionResponse) job.State {
	switch described.GetWorkflowExecutionInfo().GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return job.Completed
	case enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return job.Stopped
	case enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED,
		enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return job.CompletedWithError
	default:
		return ""
	}
}
