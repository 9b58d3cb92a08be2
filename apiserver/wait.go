package apiserver

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// outcome is how a job ended.
type outcome struct {
	JobID   string    `json:"jobId"`
	Status  job.State `json:"status"`
	Code    string    `json:"code,omitempty"`
	Message string    `json:"message,omitempty"`

	*origin // Only in a status.

	Step     *job.StepPlace   `json:"step,omitempty"`     // The step that failed.
	Attempts int32            `json:"attempts,omitempty"` // The number of attempts of that step.
	Trace    []string         `json:"trace,omitempty"`    // The places from that step to the outermost step around it.
	Causes   []string         `json:"causes,omitempty"`   // The failures that led to this one, the nearest first.
	Steps    []job.StepStatus `json:"steps,omitempty"`
	Value    *jsonvalue.Plain `json:"value,omitempty"` // The value that the scenario returned.

	startedAt time.Time // When the job began; zero if unknown.
	results   []job.Result
}

// Bounds of one long poll for a job's end.
const (
	minPoll = 250 * time.Millisecond
	maxPoll = time.Minute
)

// waitForOutcome waits until the job ends. If ctx ends first, the error is that of ctx.
func (s *Server) waitForOutcome(ctx context.Context, jobID, runID string) (*outcome, error) {
	var completed job.Outcome

	err := longPoll(ctx, s.options.Temporal.GetWorkflow(ctx, jobID, runID), &completed)
	if err == nil {
		return &outcome{
			JobID: jobID, Status: job.Completed, Steps: completed.Steps, Value: (*jsonvalue.Plain)(completed.Value),
			results: completed.Results, startedAt: completed.StartedAt,
		}, nil
	}

	failed, ok := errors.AsType[*temporal.WorkflowExecutionError](err)
	if !ok {
		return nil, errors.Join(ctx.Err(), err)
	}

	return outcomeOfError(jobID, failed)
}

// longPoll waits for the end of the run in several long polls, each as long as all polls before it. A single poll would do
// if Temporal never lost a notification: its history service drops one while the one before has not been received yet
// (channels of capacity 1 in service/history/events/notifier.go, server 1.32), and if that was the end of a short job, the
// caller learns of it 20 s later. With growing polls, a caller waits at most about twice as long as the job ran.
func longPoll(ctx context.Context, run client.WorkflowRun, completed *job.Outcome) error {
	for length := minPoll; ; length = min(2*length, maxPoll) {
		polling, cancel := context.WithTimeout(ctx, length)
		err := run.Get(polling, completed)

		cancel()

		if ctx.Err() != nil || !isBusy(err) {
			return err
		}
	}
}

// isDeadline reports whether a request timed out, in the server or in the client.
func isDeadline(err error) bool {
	_, inServer := errors.AsType[*serviceerror.DeadlineExceeded](err)

	return inServer || errors.Is(err, context.DeadlineExceeded)
}

// outcomeOfError returns the outcome of a job that did not complete.
func outcomeOfError(jobID string, failed *temporal.WorkflowExecutionError) (*outcome, error) {
	var (
		application *temporal.ApplicationError
		cancelled   *temporal.CanceledError
		terminated  *temporal.TerminatedError
	)

	switch {
	case errors.As(failed, &cancelled):
		var stopped job.Outcome
		if cancelled.HasDetails() {
			if err := cancelled.Details(&stopped); err != nil {
				return nil, err
			}
		}

		return &outcome{
			JobID: jobID, Status: job.Stopped, Code: string(CodeJobStopped), Message: "the job was stopped",
			Steps: stopped.Steps, results: stopped.Results, startedAt: stopped.StartedAt,
		}, nil
	case errors.As(failed, &terminated):
		return &outcome{
			JobID: jobID, Status: job.CompletedWithError, Code: string(CodeJobTerminated),
			Message: "the job was terminated by an operator or by Temporal; its history in Temporal UI shows the reason",
		}, nil
	case errors.As(failed, &application) && application.HasDetails():
		var failure job.Failure
		if err := application.Details(&failure); err != nil {
			return nil, err
		}

		return &outcome{
			JobID: jobID, Status: job.CompletedWithError, Code: failure.Code, Message: failure.Message, Step: failure.Step,
			Attempts: failure.Attempts, Trace: failure.Trace, Causes: failure.Causes,
			Steps: failure.Outcome.Steps, results: failure.Outcome.Results, startedAt: failure.Outcome.StartedAt,
		}, nil
	}

	return &outcome{
		JobID: jobID, Status: job.CompletedWithError, Code: job.CodeInternal, Message: failed.Error(),
	}, nil
}
