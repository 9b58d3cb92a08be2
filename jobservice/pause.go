package jobservice

import (
	"context"
	"errors"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
)

// PauseStatus is what a request to pause or to resume a job has found.
type PauseStatus string

// The statuses of requests.
const (
	JobPaused     PauseStatus = "paused"
	AlreadyPaused PauseStatus = "already paused"
	JobResumed    PauseStatus = "resumed"
	NotPaused     PauseStatus = "not paused"
)

// SchemaValues returns every status as text.
func (PauseStatus) SchemaValues() []string {
	return []string{string(JobPaused), string(AlreadyPaused), string(JobResumed), string(NotPaused)}
}

// Pause is the result of [Service.Pause] and [Service.Resume].
type Pause struct {
	JobID  string      `json:"jobId" description:"The job."`
	Status PauseStatus `json:"status" description:"What the request has found or done."`
	Paused *job.Pause  `json:"paused,omitempty" description:"Since when the job is paused, and who paused it."`
}

// Pause makes a job begin no step until it is resumed. Steps that run end as usual.
func (s *Service) Pause(ctx context.Context, caller Caller, jobID string) (Pause, error) {
	return s.changePause(ctx, caller, jobID, true)
}

// Resume ends the pause of a job.
func (s *Service) Resume(ctx context.Context, caller Caller, jobID string) (Pause, error) {
	return s.changePause(ctx, caller, jobID, false)
}

func (s *Service) changePause(ctx context.Context, caller Caller, jobID string, pause bool) (Pause, error) {
	result := Pause{JobID: jobID, Status: JobResumed}
	if pause {
		result.Status = JobPaused
	}

	paused, err := s.updatePause(ctx, caller, jobID, pause)

	rejected, isRejected := errors.AsType[*temporal.ApplicationError](err)
	if isRejected && rejected.Type() == job.PauseUnchanged {
		if result.Status = NotPaused; pause {
			result.Status = AlreadyPaused
		}

		err = rejected.Details(&paused)
	}

	result.Paused = paused

	return result, s.asError(ctx, jobID, err)
}

// updatePause sends the change to the job's workflow, and returns the pause of the job after it.
func (s *Service) updatePause(ctx context.Context, caller Caller, jobID string, pause bool) (*job.Pause, error) {
	described, err := s.describeOf(ctx, caller.App.ID, jobID)
	if err != nil {
		return nil, err
	}

	ended := NewError(CodeJobEnded, "the job %s has ended; only a running job can be paused or resumed", jobID)
	ended.JobID = jobID

	if described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return nil, ended
	}

	ctx, cancel := s.outage.withTimeout(ctx, callTimeout)
	defer cancel()

	var paused *job.Pause

	handle, err := s.options.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: jobID, UpdateID: uuid.NewString(), UpdateName: job.PauseUpdate,
		Args:         []any{job.PauseChange{Paused: pause, By: caller.Access.Name}},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &paused)
	}

	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return nil, ended // Since the description.
	}

	if _, timedOut := errors.AsType[*client.WorkflowUpdateServiceTimeoutOrCanceledError](err); timedOut {
		timeout := NewError(CodeTemporalUnavailable, "no worker responds at the moment; repeat the call")
		timeout.JobID, timeout.RetryAfter = jobID, retryAfter

		return nil, timeout
	}

	if rejected, ok := errors.AsType[*temporal.ApplicationError](err); ok && rejected.Type() == job.PauseOfStopping {
		stopping := NewError(CodeJobStopping, "the job %s is being stopped; it can be neither paused nor resumed", jobID)
		stopping.JobID = jobID

		return nil, stopping
	}

	return paused, err
}
