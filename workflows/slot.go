package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

const (
	slotTimeout = 10 * time.Second // Of one request.

	// releasePatience limits how long a job that has ended tries to return its slot. Later, a check of the slots finds it.
	releasePatience = 30 * time.Second

	// A holder that waits repeats its request, so that an operator who terminates the workflow of the slots does no harm.
	slotRepeat = 10 * time.Minute
)

// awaitSlot waits until the app has a slot for the job, if the job was started to wait for one.
func (m *machine) awaitSlot(ctx workflow.Context) error {
	if m.input.Slot != job.SlotQueued || m.checkpoint.Runs > 0 {
		return nil
	}

	request := job.SlotRequest{SlotHolder: job.SlotHolder{JobID: m.jobID}, AppID: m.input.AppID, Queue: true}

	return m.requestSlot(ctx, slotActivityID, request, func(waiting *job.SlotAnswer) { m.isQueued = waiting != nil })
}

// requestSlot requests a slot until it is granted. setWaiting records the answer because of which it has to wait, or nil when it
// no longer waits.
func (m *machine) requestSlot(
	ctx workflow.Context, activityID string, request job.SlotRequest, setWaiting func(*job.SlotAnswer),
) error {
	granted := workflow.GetSignalChannel(ctx, request.GrantedSignal())

	for {
		acquiring := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			ActivityID: activityID, StartToCloseTimeout: slotTimeout,
			WaitForCancellation: true, // So that no request takes effect after the slot was returned.
		})

		var answer job.SlotAnswer
		if err := workflow.ExecuteActivity(acquiring, job.AcquireSlotActivity, request).Get(ctx, &answer); err != nil {
			return err
		}

		if answer.Granted {
			return nil
		}

		setWaiting(&answer)
		m.beforeBlocking(ctx)

		isGranted, err := workflow.AwaitWithTimeout(ctx, slotRepeat, func() bool { return granted.Len() > 0 })
		setWaiting(nil)
		granted.ReceiveAsync(nil)

		if isGranted || err != nil {
			return err
		}
	}
}

// slotActivityID is the ID of the activities that request and return slots of the app. They belong to no step.
const slotActivityID = "#slot"

// releaseSlot returns the slot of a job that ends, or its place among the jobs that wait.
func releaseSlot(ctx workflow.Context, input job.Input, ended error) {
	if input.Slot == "" || workflow.IsContinueAsNewError(ended) {
		return
	}

	ctx, _ = workflow.NewDisconnectedContext(ctx)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ActivityID: slotActivityID, StartToCloseTimeout: slotTimeout, ScheduleToCloseTimeout: releasePatience,
	})

	holder := job.SlotHolder{JobID: workflow.GetInfo(ctx).WorkflowExecution.ID}
	request := job.SlotRequest{SlotHolder: holder, AppID: input.AppID}
	_ = workflow.ExecuteActivity(ctx, job.ReleaseSlotActivity, request).Get(ctx, nil) // A check of the slots repairs an error.
}
