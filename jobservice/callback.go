package jobservice

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
)

// listeners returns the listeners of the job that the request asks for, or nil if it has none.
func (e *execution) listeners() (*job.Listeners, error) {
	callback, err := e.Caller.App.Callbacks.Choose(e.Callback)

	switch {
	case errors.Is(err, app.ErrCallbackForbidden):
		return nil, NewError(CodeCallbackForbidden, "callback.%v; an operator can allow it by callbacks.allow", err)
	case err != nil:
		return nil, Invalid("callback.%v", err)
	case callback == nil && !e.reportsLineage:
		return nil, nil //nolint:nilnil // Nothing listens.
	}

	return &job.Listeners{Callback: callback, OpenLineage: e.reportsLineage}, nil
}

// asksForAnother reports whether a request asks for another callback than that of the job that its jobId belongs to.
func asksForAnother(requested *app.CallbackRequest, of *job.Callback) bool {
	if requested == nil {
		return false
	}

	if of == nil {
		of = &job.Callback{}
	}

	isSameEvent := func(requested string, event job.Event) bool { return requested == string(event) }

	return requested.URL != "" && requested.URL != of.URL ||
		requested.Events != nil && !slices.EqualFunc(requested.Events, of.Events, isSameEvent)
}

// End is how a job ended.
type End struct {
	State  job.State
	Status json.RawMessage // Its final status, without results and callbacks.
	At     time.Time
}

// Ended returns how a job ended. If the job still runs, Ended waits for a few seconds. The error of a job that Temporal has
// deleted is an [*Error] with [CodeJobNotFound], and that of a job that still runs is [ErrRunning].
func (s *Service) Ended(ctx context.Context, appID, jobID string) (End, error) {
	status, err := s.awaitStatus(ctx, appID, jobID, Wait{Length: callTimeout})

	switch {
	case err != nil:
		return End{}, s.asError(ctx, jobID, err)
	case !status.Ended:
		return End{}, ErrRunning
	}

	return End{State: status.State, Status: status.Fields, At: status.endedAt}, nil
}

// withDeliveries returns the status of an ended job with the delivery of its callback, which changes after the end. Any other
// status is returned as it is.
func (s *Service) withDeliveries(ctx context.Context, status *Status) (*Status, error) {
	notification := status.notification()
	if !status.Ended || !status.listeners.WantCallback(notification.Event) {
		return status, nil
	}

	delivery, err := s.delivery(ctx, notification)
	if err != nil {
		return nil, err
	}

	encoded, err := json.Marshal([]job.Delivery{delivery})
	if err != nil {
		return nil, err
	}

	extended := *status
	extended.Fields = append(append(status.Fields[:len(status.Fields)-1:len(status.Fields)-1], `,"callbacks":`...), encoded...)
	extended.Fields = append(extended.Fields, '}')

	return &extended, nil
}

// notification returns the notification of the end of a job.
func (s *Status) notification() job.Notification {
	return job.Notification{
		AppID: s.appID, JobID: s.JobID, RunID: s.firstRunID, Event: job.EventOf(s.State), Listeners: s.listeners,
	}
}

// delivery returns the state of the delivery of a notification.
func (s *Service) delivery(ctx context.Context, notification job.Notification) (job.Delivery, error) {
	delivery := job.Delivery{
		URL: notification.Listeners.Callback.ShownURL(), Event: notification.Event, State: job.DeliveryPending,
	}

	described, err := s.options.Temporal.DescribeWorkflowExecution(ctx, notification.WorkflowID(), "")
	if _, isMissing := errors.AsType[*serviceerror.NotFound](err); isMissing {
		return delivery, nil // It is about to be started.
	}

	if err != nil {
		return delivery, err
	}

	info := described.GetWorkflowExecutionInfo()

	switch info.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
		for _, activity := range described.GetPendingActivities() {
			if activity.GetActivityType().GetName() == job.DeliverActivity {
				s.addAttempts(&delivery, activity)
			}
		}

		return delivery, nil
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:
	default:
		delivery.State, delivery.LastError = job.DeliveryFailed, "an operator has ended the delivery"

		return delivery, nil
	}

	ended := s.options.Temporal.GetWorkflow(ctx, notification.WorkflowID(), info.GetExecution().GetRunId()).Get(ctx, &delivery)
	if failed, ok := errors.AsType[*temporal.ApplicationError](ended); ok && failed.HasDetails() {
		return delivery, failed.Details(&delivery)
	}

	return delivery, ended
}

// addAttempts adds the attempts so far to the state of a delivery.
func (s *Service) addAttempts(delivery *job.Delivery, activity *workflowpb.PendingActivityInfo) {
	delivery.Attempts = activity.GetAttempt()
	delivery.LastError = s.messageOf(activity.GetLastFailure())

	if next := activity.GetNextAttemptScheduleTime(); next != nil {
		at := next.AsTime()
		delivery.NextTry = &at
	}

	if activity.GetState() != enumspb.PENDING_ACTIVITY_STATE_STARTED {
		delivery.Attempts-- // Temporal counts the next attempt already.
	}
}

// Redelivery is the result of [Service.Redeliver].
type Redelivery struct {
	JobID    string       `json:"jobId" description:"The job."`
	Callback job.Delivery `json:"callback" description:"The delivery, which begins again."`
}

// Redeliver calls the callback of an ended job again, whether it was delivered or not. If a delivery waits for its next attempt,
// this attempt is made at once.
func (s *Service) Redeliver(ctx context.Context, caller Caller, jobID string) (result Redelivery, err error) {
	defer s.asErrorOf(ctx, jobID, &err)

	status, err := s.statusOf(ctx, caller.App.ID, jobID)
	if err != nil {
		return result, err
	}

	notification := status.notification()

	switch {
	case !status.Ended:
		return result, NewError(
			CodeJobNotEnded, "the job %s still runs; its callback is called when it ends", jobID).OfJob(jobID)
	case !status.listeners.WantCallback(notification.Event):
		return result, NewError(
			CodeCallbackNotFound, "the job %s has no callback for the event %s", jobID, notification.Event).OfJob(jobID)
	}

	notification.Listeners = &job.Listeners{Callback: status.listeners.Callback} // The others are not called again.

	err = s.persistently(ctx, func(ctx context.Context) error {
		_, err := s.options.Temporal.SignalWithStartWorkflow(ctx, notification.WorkflowID(), job.RedeliverSignal, nil,
			client.StartWorkflowOptions{
				TaskQueue:             job.TaskQueue,
				WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
				StaticSummary:         notification.Summary(),
			}, job.NotifyWorkflow, notification)

		return err
	})

	return Redelivery{JobID: jobID, Callback: job.Delivery{
		URL: notification.Listeners.Callback.ShownURL(), Event: notification.Event, State: job.DeliveryPending,
	}}, err
}
