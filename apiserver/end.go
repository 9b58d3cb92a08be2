package apiserver

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// end is how a job ended.
type end struct {
	JobID    string           `json:"jobId"`
	Status   job.State        `json:"status"`
	Code     string           `json:"code,omitempty"`
	Message  string           `json:"message,omitempty"`
	Step     *job.StepPlace   `json:"step,omitempty"`     // The step that failed.
	Attempts int32            `json:"attempts,omitempty"` // How often it was tried.
	Trace    []string         `json:"trace,omitempty"`    // The places from that step to the outermost one around it.
	Causes   []string         `json:"causes,omitempty"`   // The failures that led to this one, the nearest first.
	Steps    []job.StepStatus `json:"steps,omitempty"`
	Value    *scenario.Value  `json:"value,omitempty"` // What the scenario returned.

	results []job.Result
}

// Bounds of one long poll for a job's end.
const (
	shortestPoll = 250 * time.Millisecond
	longestPoll  = time.Minute
)

// end waits for the job's end. The error is the context's when that ends first.
func (s *Server) end(ctx context.Context, jobID, runID string) (*end, error) {
	var outcome job.Outcome

	err := longPoll(ctx, s.options.Temporal.GetWorkflow(ctx, jobID, runID), &outcome)
	if err == nil {
		return &end{
			JobID: jobID, Status: job.Completed, Steps: outcome.Steps, Value: outcome.Value, results: outcome.Results,
		}, nil
	}

	execution, ok := errors.AsType[*temporal.WorkflowExecutionError](err)
	if !ok {
		return nil, errors.Join(ctx.Err(), err)
	}

	return endWithError(jobID, execution)
}

// longPoll waits for the run's end in long polls, each as long as all those before it. One would do if Temporal never
// lost the news: its history service drops a notification when the one before has not been taken yet (channels of one
// place in service/history/events/notifier.go, server 1.32), and when that was the end of a short job, the waiter learns
// of it 20 s later. This way nobody waits much longer than twice the time that the job took.
func longPoll(ctx context.Context, run client.WorkflowRun, outcome *job.Outcome) error {
	for length := shortestPoll; ; length = min(2*length, longestPoll) {
		polling, cancel := context.WithTimeout(ctx, length)
		err := run.Get(polling, outcome)

		cancel()

		if ctx.Err() != nil || !isDeadline(err) {
			return err
		}
	}
}

// isDeadline reports whether the time was over, be it Temporal that noticed first or the client.
func isDeadline(err error) bool {
	_, ofServer := errors.AsType[*serviceerror.DeadlineExceeded](err)

	return ofServer || errors.Is(err, context.DeadlineExceeded)
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
			Message: "the job was terminated, by an operator or by Temporal; its history in Temporal UI says why",
		}, nil
	case errors.As(execution, &application) && application.HasDetails():
		var failure job.Failure
		if err := application.Details(&failure); err != nil {
			return nil, err
		}

		return &end{
			JobID: jobID, Status: job.CompletedWithError, Code: failure.Code, Message: failure.Message, Step: failure.Step,
			Attempts: failure.Attempts, Trace: failure.Trace, Causes: failure.Causes,
			Steps: failure.Outcome.Steps, results: failure.Outcome.Results,
		}, nil
	}

	return &end{
		JobID: jobID, Status: job.CompletedWithError, Code: job.CodeInternal, Message: execution.Error(),
	}, nil
}
