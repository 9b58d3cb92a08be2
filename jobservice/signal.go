package jobservice

import (
	"context"
	"errors"
	"unicode/utf8"

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

// SignalAccepted is the result of [Service.Signal].
type SignalAccepted struct {
	JobID   string `json:"jobId"   description:"The job."`
	Signal  string `json:"signal"  description:"The signal's name."`
	Awaited bool   `json:"awaited" description:"Whether a step waited for it; otherwise the job stores it for a later step."`
}

// Signal sends a signal to a job. The result says whether a step waited for it; otherwise the job stores it for a later step.
//
// The signal is an update of the job's workflow. Unlike a signal of Temporal's, an update has a result.
func (s *Service) Signal(ctx context.Context, caller Caller, signal Signal) (taken SignalAccepted, err error) {
	defer s.asErrorOf(ctx, signal.JobID, &err)

	if err := signal.validate(); err != nil {
		return taken, err
	}

	taken = SignalAccepted{JobID: signal.JobID, Signal: signal.Name}
	err = s.update(ctx, caller, client.UpdateWorkflowOptions{
		WorkflowID: signal.JobID, UpdateID: signal.ID, UpdateName: job.SignalUpdate,
		Args: []any{job.Signal{Name: signal.Name, Data: signal.Data, From: caller.Access.Name, ID: signal.ID}},
	}, &taken, "the job %s has ended and accepts no more signals", ", with a signalId so that it takes effect once")

	rejected, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok {
		return taken, err
	}

	switch rejected.Type() {
	case job.SignalForbidden:
		err = NewError(CodeSignalForbidden, "%s", rejected.Message())
	case job.SignalUnknown:
		err = NewError(CodeSignalNotFound, "%s", rejected.Message())
	case job.SignalTooLarge:
		err = NewError(CodeRequestTooLarge, "%s", rejected.Message())
	case job.SignalsTooMany:
		err = NewError(CodeTooManyRequests, "%s", rejected.Message()).RepeatAfter(retryAfter)
	}

	return taken, err
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
