package apiserver

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
)

// end is how a job ended.
type end struct {
	JobID    string           `json:"jobId"`
	Status   job.State        `json:"status"`
	Code     string           `json:"code,omitempty"`
	Message  string           `json:"message,omitempty"`
	Step     *job.StepPlace   `json:"step,omitempty"`     // The step that failed.
	Attempts int32            `json:"attempts,omitempty"` // How often it was tried.
	Steps    []job.StepStatus `json:"steps,omitempty"`

	results []job.Result
}

// end waits for the job's end by one long poll. The error is the context's when that ends first.
func (s *Server) end(ctx context.Context, jobID, runID string) (*end, error) {
	var outcome job.Outcome

	err := s.Temporal.GetWorkflow(ctx, jobID, runID).Get(ctx, &outcome)
	if err == nil {
		return &end{JobID: jobID, Status: job.Completed, Steps: outcome.Steps, results: outcome.Results}, nil
	}

	var execution *temporal.WorkflowExecutionError
	if !errors.As(err, &execution) {
		return nil, errors.Join(ctx.Err(), err)
	}

	return endWithError(jobID, execution)
}

func endWithError(jobID string, execution *temporal.WorkflowExecutionError) (*end, error) {
	var (
		application *temporal.ApplicationError
		cancelled   *temporal.CanceledError
		terminated  *temporal.TerminatedError
	)

	switch {
	case errors.As(execution, &cancelled):
		var outcome job.Outcome
		if cancelled.HasDetails() {
			if err := cancelled.Details(&outcome); err != nil {
				return nil, err
			}
		}

		return &end{
			JobID: jobID, Status: job.Stopped, Code: string(CodeJobStopped), Message: "the job was stopped",
			Steps: outcome.Steps, results: outcome.Results,
		}, nil
	case errors.As(execution, &terminated):
		return &end{
			JobID: jobID, Status: job.CompletedWithError, Code: string(CodeJobTerminated),
			Message: "the job was terminated by an operator",
		}, nil
	case errors.As(execution, &application) && application.HasDetails():
		var failure job.Failure
		if err := application.Details(&failure); err != nil {
			return nil, err
		}

		return &end{
			JobID: jobID, Status: job.CompletedWithError, Code: failure.Code, Message: failure.Message, Step: failure.Step,
			Attempts: failure.Attempts, Steps: failure.Outcome.Steps, results: failure.Outcome.Results,
		}, nil
	}

	return &end{
		JobID: jobID, Status: job.CompletedWithError, Code: job.CodeInternal, Message: execution.Error(),
	}, nil
}
