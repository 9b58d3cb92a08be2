package jobservice

import (
	"context"
	"errors"

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

func (s *Service) changePause(ctx context.Context, caller Caller, jobID string, pause bool) (result Pause, err error) {
	defer s.asErrorOf(ctx, jobID, &err)

	result = Pause{JobID: jobID, Status: JobResumed}
	if pause {
		result.Status = JobPaused
	}

	err = s.update(ctx, caller, client.UpdateWorkflowOptions{
		WorkflowID: jobID, UpdateName: job.PauseUpdate,
		Args: []any{job.PauseChange{Paused: pause, By: caller.Access.Name}},
	}, &result.Paused, "the job %s has ended; only a running job can be paused or resumed", "")

	rejected, isRejected := errors.AsType[*temporal.ApplicationError](err)

	switch {
	case isRejected && rejected.Type() == job.PauseUnchanged:
		if result.Status = NotPaused; pause {
			result.Status = AlreadyPaused
		}

		err = rejected.Details(&result.Paused)
	case isRejected && rejected.Type() == job.PauseOfStopping:
		err = NewError(CodeJobStopping, "the job %s is being stopped; it can be neither paused nor resumed", jobID).OfJob(jobID)
	}

	return result, err
}
