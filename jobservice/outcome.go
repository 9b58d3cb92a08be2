package jobservice

import (
	"errors"
	"fmt"
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Outcome is how a job ended. It is encoded without its results.
type Outcome struct {
	JobID   string    `json:"jobId" description:"The job."`
	Status  job.State `json:"status" enum:"completed,completedWithError,stopped" description:"How the job ended."`
	Version int64     `json:"version,omitempty" description:"In a status: the version, which grows with every change of the status."`
	Code    string    `json:"code,omitempty" description:"Of a job that did not complete: the code of the error."`
	Message string    `json:"message,omitempty" description:"Of a job that did not complete: what went wrong, where, and what to do."`

	*origin // Only in a status.

	EndedAt *time.Time `json:"endedAt,omitempty" description:"In a status: when the job ended."`

	StoppedBy string `json:"stoppedBy,omitempty" description:"In a status of a job that was stopped: the name of the access that stopped it."`

	Step     *job.StepPlace   `json:"step,omitempty" description:"The step that failed."`
	Attempts int32            `json:"attempts,omitempty" description:"The number of attempts of that step."`
	Trace    []string         `json:"trace,omitempty" description:"The places from that step to the outermost step around it."`
	Causes   []string         `json:"causes,omitempty" description:"The failures that led to this one, the nearest first."`
	Steps    []job.StepStatus `json:"steps,omitempty" description:"The steps that the scenario defines."`
	Value    *jsonvalue.Plain `json:"value,omitempty" description:"The value that the scenario returned."`

	Results []job.Result `json:"-"`

	startedAt time.Time // When the job began; zero if unknown.
}

// ending is how a run of a job's workflow ended, according to the last event of its history, or to the command of the worker
// that caused this event. Both have the same payloads.
type ending struct {
	status   enumspb.WorkflowExecutionStatus
	payloads *commonpb.Payloads // The result of a completed run, or the details of a cancelled one.
	failure  *failurepb.Failure // Of a failed run.
	nextRun  string             // The ID of the run with which the workflow continues; empty after its last run.
}

// endingOfEvent returns the ending that the last event of a history describes.
func endingOfEvent(event *historypb.HistoryEvent) (ending, error) {
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		completed := event.GetWorkflowExecutionCompletedEventAttributes()

		return ending{
			status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, payloads: completed.GetResult(),
			nextRun: completed.GetNewExecutionRunId(),
		}, nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		failed := event.GetWorkflowExecutionFailedEventAttributes()

		return ending{
			status: enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, failure: failed.GetFailure(),
			nextRun: failed.GetNewExecutionRunId(),
		}, nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
		return ending{
			status:   enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED,
			payloads: event.GetWorkflowExecutionCanceledEventAttributes().GetDetails(),
		}, nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		return ending{status: enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED}, nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return ending{
			status:  enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
			nextRun: event.GetWorkflowExecutionTimedOutEventAttributes().GetNewExecutionRunId(),
		}, nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
		return ending{
			status:  enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW,
			nextRun: event.GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId(),
		}, nil
	default:
		return ending{}, fmt.Errorf("the history of the job ends with an event of type %s", event.GetEventType())
	}
}

// endingOfCommand returns the ending that a command causes. ok is false if the command ends no workflow.
func endingOfCommand(command *commandpb.Command) (end ending, ok bool) {
	switch command.GetCommandType() {
	case enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
		return ending{
			status:   enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED,
			payloads: command.GetCompleteWorkflowExecutionCommandAttributes().GetResult(),
		}, true
	case enumspb.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
		return ending{
			status:  enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
			failure: command.GetFailWorkflowExecutionCommandAttributes().GetFailure(),
		}, true
	case enumspb.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
		return ending{
			status:   enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED,
			payloads: command.GetCancelWorkflowExecutionCommandAttributes().GetDetails(),
		}, true
	default:
		return ending{}, false
	}
}

// outcomeOf decodes the outcome of the job from the ending of its last run.
func (s *Service) outcomeOf(jobID string, end ending) (*Outcome, error) {
	switch end.status {
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		var completed job.Outcome
		if err := s.decode(end.payloads, &completed); err != nil {
			return nil, err
		}

		return &Outcome{
			JobID: jobID, Status: job.Completed, Steps: completed.Steps, Value: (*jsonvalue.Plain)(completed.Value),
			Results: completed.Results, startedAt: completed.StartedAt,
		}, nil
	case enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
		var stopped job.Outcome
		if err := s.decode(end.payloads, &stopped); err != nil {
			return nil, err
		}

		return &Outcome{
			JobID: jobID, Status: job.Stopped, Code: string(CodeJobStopped), Message: "the job was stopped",
			Steps: stopped.Steps, Results: stopped.Results, startedAt: stopped.StartedAt,
		}, nil
	case enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED:
		return &Outcome{
			JobID: jobID, Status: job.CompletedWithError, Code: string(CodeJobTerminated),
			Message: "the job was terminated by an operator or by Temporal; its history in Temporal UI shows the reason",
		}, nil
	case enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return &Outcome{
			JobID: jobID, Status: job.CompletedWithError, Code: job.CodeInternal,
			Message: "Temporal has ended the job because of a timeout of its workflow",
		}, nil
	default:
		return s.outcomeOfFailure(jobID, end.failure)
	}
}

// outcomeOfFailure decodes the outcome of a job whose workflow failed.
func (s *Service) outcomeOfFailure(jobID string, failure *failurepb.Failure) (*Outcome, error) {
	err := temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: s.options.Converter,
	}).FailureToError(proto.CloneOf(failure)) // It decodes the message in place, and others may read the failure.

	if application, ok := errors.AsType[*temporal.ApplicationError](err); ok && application.HasDetails() {
		var details job.Failure
		if err := application.Details(&details); err != nil {
			return nil, err
		}

		return &Outcome{
			JobID: jobID, Status: job.CompletedWithError, Code: details.Code, Message: details.Message, Step: details.Step,
			Attempts: details.Attempts, Trace: details.Trace, Causes: details.Causes,
			Steps: details.Outcome.Steps, Results: details.Outcome.Results, startedAt: details.Outcome.StartedAt,
		}, nil
	}

	message := "its workflow failed without an error"
	if err != nil {
		message = err.Error()
	}

	return &Outcome{JobID: jobID, Status: job.CompletedWithError, Code: job.CodeInternal, Message: message}, nil
}

// messageOf returns the message of a failure, which may be encrypted.
func (s *Service) messageOf(failure *failurepb.Failure) string {
	if failure.GetEncodedAttributes() == nil {
		return failure.GetMessage()
	}

	decoded := proto.CloneOf(failure)
	converter.DecodeCommonFailureAttributes(s.options.Converter, decoded)

	return decoded.GetMessage()
}

// decode decodes the first of the payloads. Without any, value remains unchanged.
func (s *Service) decode(payloads *commonpb.Payloads, value any) error {
	if len(payloads.GetPayloads()) == 0 {
		return nil
	}

	return s.options.Converter.FromPayload(payloads.GetPayloads()[0], value)
}
