package jobservice

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Signal is a signal to a running job.
type Signal struct {
	JobID string
	Name  string
	Data  jsonvalue.Value // The value of the step that waits for the signal.
	ID    string          // Identifies the signal, so that a repeated request takes effect once; empty if it need not.
}

// Signal sends a signal to a job. The result says whether a step waited for it; otherwise the job stores it for a later step.
func (s *Service) Signal(ctx context.Context, caller Caller, signal Signal) (job.SignalAccepted, error) {
	taken, err := s.signal(ctx, caller, signal)

	return taken, s.asError(ctx, signal.JobID, err)
}

// maxSignalName is the maximum length of a signal's name and of its ID, in characters.
const maxSignalName = 200

// validate checks the sizes of the name, the ID and the data, which the job stores.
func (s Signal) validate() error {
	if length := utf8.RuneCountInString(s.Name); length > maxSignalName {
		return Invalid("a signal's name has at most %d characters, this one has %d", maxSignalName, length)
	}

	if length := utf8.RuneCountInString(s.ID); length > maxSignalName {
		return Invalid("a signalId has at most %d characters, this one has %d", maxSignalName, length)
	}

	// The job rejects it too, but only while a worker runs.
	if size := jsonvalue.SizeOf(s.Data.Any); size > job.MaxSignal {
		return NewError(CodeRequestTooLarge,
			"the signal's data has %d bytes, more than the maximum of %d", size, job.MaxSignal)
	}

	return nil
}

// signal sends the signal to the job's workflow as an update. Unlike a Temporal signal, an update has a result.
func (s *Service) signal(ctx context.Context, caller Caller, signal Signal) (job.SignalAccepted, error) {
	var taken job.SignalAccepted

	if err := signal.validate(); err != nil {
		return taken, err
	}

	described, err := s.describeOf(ctx, caller.App.ID, signal.JobID)
	if err != nil {
		return taken, err
	}

	if described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return taken, jobEnded(signal.JobID)
	}

	ctx, cancel := s.outage.withTimeout(ctx, callTimeout)
	defer cancel()

	id := signal.ID
	if id == "" {
		id = uuid.NewString()
	}

	handle, err := s.options.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: signal.JobID, UpdateID: id, UpdateName: job.SignalUpdate,
		Args:         []any{job.Signal{Name: signal.Name, Data: signal.Data, From: caller.Access.Name, ID: signal.ID}},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &taken)
	}

	return taken, asSignalError(signal.JobID, err)
}

// asSignalError turns the error of an update into the error of the call.
func asSignalError(jobID string, err error) error {
	if _, ended := errors.AsType[*serviceerror.NotFound](err); ended {
		return jobEnded(jobID) // Since the description.
	}

	if _, timedOut := errors.AsType[*client.WorkflowUpdateServiceTimeoutOrCanceledError](err); timedOut {
		timeout := NewError(CodeTemporalUnavailable,
			"no worker responds at the moment; repeat the call, with a signalId so that it takes effect once")
		timeout.RetryAfter = retryAfter

		return timeout
	}

	rejected, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok {
		return err
	}

	switch rejected.Type() {
	case job.SignalForbidden:
		return NewError(CodeSignalForbidden, "%s", rejected.Message())
	case job.SignalUnknown:
		return NewError(CodeSignalNotFound, "%s", rejected.Message())
	case job.SignalTooLarge:
		return NewError(CodeRequestTooLarge, "%s", rejected.Message())
	case job.SignalsTooMany:
		full := NewError(CodeTooManyRequests, "%s", rejected.Message())
		full.RetryAfter = retryAfter

		return full
	}

	return err
}

func jobEnded(jobID string) *Error {
	ended := NewError(CodeJobEnded, "the job %s has ended and accepts no more signals", jobID)
	ended.JobID = jobID

	return ended
}
