package workflows

import (
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// notifyEnd starts the workflow [Notify] if a listener of the job wants to know how it ended. A job without listeners has no
// command more. A run that continues as new is not the job's end.
//
// The workflow outlives the job. Temporal starts no child of a workflow that has ended before, even if the child is abandoned, so
// notifyEnd waits until it is started. The activities of [Notify] wait for the job's end.
func notifyEnd(ctx workflow.Context, input job.Input, ended error) {
	if workflow.IsContinueAsNewError(ended) {
		return
	}

	if event := job.EventOf(endState(ended)); input.Listeners.Want(event) {
		awaitNotified(ctx, notify(ctx, input, event))
	}
}

// notifyStart starts the workflow [Notify] at the beginning of a job if a listener wants to know of it, and returns the child, or
// nil. The caller waits for it with [awaitNotified] before the run ends.
func notifyStart(ctx workflow.Context, input job.Input) workflow.ChildWorkflowFuture {
	if !input.Listeners.WantLineage() {
		return nil
	}

	return notify(ctx, input, job.JobStarted)
}

// awaitNotified waits until a child of [notify] is started. It accepts nil.
func awaitNotified(ctx workflow.Context, child workflow.ChildWorkflowFuture) {
	if child != nil {
		_ = child.GetChildWorkflowExecution().Get(ctx, nil) // It fails if an operator has reset the job.
	}
}

// notify starts the workflow [Notify] for an event of the job, also if the job is being stopped.
func notify(ctx workflow.Context, input job.Input, event job.Event) workflow.ChildWorkflowFuture {
	info := workflow.GetInfo(ctx)
	ctx, _ = workflow.NewDisconnectedContext(ctx)

	notification := job.Notification{
		AppID: input.AppID, JobID: info.WorkflowExecution.ID, RunID: info.FirstRunID, Event: event, Listeners: input.Listeners,
	}

	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            notification.WorkflowID(),
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:         notification.Summary(),
	})

	return workflow.ExecuteChildWorkflow(ctx, job.NotifyWorkflow, notification)
}

// endState returns the state of a job whose workflow ends with that error.
func endState(ended error) job.State {
	_, failed := errors.AsType[*temporal.ApplicationError](ended) // Its cause may be a cancellation.

	switch {
	case ended == nil:
		return job.Completed
	case !failed && temporal.IsCanceledError(ended):
		return job.Stopped
	default:
		return job.CompletedWithError
	}
}

// Notify is the workflow that reports an event of a job to its listeners. It is not a part of the job: no listener delays a
// job or fails it. Each listener has one activity with a retry policy of its own, which accepts the [job.Notification]; they
// run at the same time. The workflow returns the delivery of the callback; if it failed, it is the detail of the workflow's
// error.
//
// Another listener needs a field in [job.Listeners], its condition in [job.Listeners.Want], and its activity here. Another event
// needs a constant in package job and a call of notify where it happens.
//
// The workflow is started by the job itself, by the sweep for jobs whose workflow was terminated, and by redeliveries, always
// with the ID [job.Notification.WorkflowID].
func Notify(ctx workflow.Context, notification job.Notification) (*job.Delivery, error) {
	reported := reportLineage(ctx, notification)

	var (
		delivery *job.Delivery
		err      error
	)

	if notification.Listeners.WantCallback(notification.Event) {
		delivery, err = deliver(ctx, notification)
	}

	_ = reported.Get(ctx, nil) // Temporal UI shows why a report failed; the delivery does not depend on it.

	return delivery, err
}

// The retries of a callback: after 5 s, 15 s, 45 s and so on up to every 6 hours, for 3 days.
const (
	deliveryTimeout  = 30 * time.Second // Of one attempt.
	deliveryPeriod   = 72 * time.Hour
	deliveryInterval = 5 * time.Second
	deliveryMaximum  = 6 * time.Hour
	deliveryFactor   = 3
)

// deliver calls the callback of the notification until an attempt succeeds, all have failed, or the receiver wants no more calls.
// A signal ends the pause between two attempts and begins the retries again.
func deliver(ctx workflow.Context, notification job.Notification) (*job.Delivery, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: deliveryPeriod,
		StartToCloseTimeout:    deliveryTimeout,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: deliveryInterval, BackoffCoefficient: deliveryFactor, MaximumInterval: deliveryMaximum,
			NonRetryableErrorTypes: []string{job.CallbackGone, job.CallbackForbidden},
		},
	})

	signals := workflow.GetSignalChannel(ctx, job.RedeliverSignal)

	for {
		for signals.ReceiveAsync(nil) { // One call answers all signals that have arrived before it.
		}

		attempts, cancel := workflow.WithCancel(ctx)
		call := workflow.ExecuteActivity(attempts, job.DeliverActivity, notification)
		again := false

		workflow.NewSelector(ctx).
			AddFuture(call, func(workflow.Future) {}).
			AddReceive(signals, func(workflow.ReceiveChannel, bool) { again = true }).
			Select(ctx)

		if again {
			cancel()

			continue
		}

		var delivery job.Delivery
		if err := call.Get(ctx, &delivery); err != nil {
			return nil, undelivered(notification, err)
		}

		return &delivery, nil
	}
}

// undelivered returns the error of a delivery whose last attempt ended with an error.
func undelivered(notification job.Notification, err error) error {
	delivery := job.Delivery{
		URL: notification.Listeners.Callback.ShownURL(), Event: notification.Event, LastError: err.Error(),
	}
	code := job.CallbackFailed

	if application, ok := errors.AsType[*temporal.ApplicationError](err); ok && application.HasDetails() {
		code = application.Type()

		if err := application.Details(&delivery); err != nil {
			return err
		}
	}

	delivery.State = job.DeliveryFailed
	if code == job.CallbackGone {
		delivery.State = job.DeliveryDisabled
	}

	return temporal.NewApplicationErrorWithOptions(delivery.LastError, code, temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{delivery},
	})
}
