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

	// A job that waits repeats its request, so that an operator who terminates the workflow of the slots does no harm.
	slotRepeat = 10 * time.Minute
)

// awaitSlot waits until the app has a slot for the job, if the job was started to wait for one.
func (m *machine) awaitSlot(ctx workflow.Context) error {
	if m.input.Slot != job.SlotQueued || m.checkpoint.Runs > 0 {
		return nil
	}

	granted := workflow.GetSignalChannel(ctx, job.GrantedSignal)
	request := job.SlotRequest{AppID: m.input.AppID, JobID: m.jobID, Queue: true}

	for {
		acquiring := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			ActivityID: slotActivityID, StartToCloseTimeout: slotTimeout,
		})

		var answer job.SlotAnswer
		if err := workflow.ExecuteActivity(acquiring, job.AcquireSlotActivity, request).Get(ctx, &answer); err != nil {
			return err
		}

		if answer.Granted {
			return nil
		}

		m.isQueued = true
		m.beforeBlocking(ctx)

		isGranted, err := workflow.AwaitWithTimeout(ctx, slotRepeat, func() bool { return granted.Len() > 0 })
		m.isQueued = false

		if isGranted || err != nil {
			return err
		}
	}
}

// slotActivityID is the ID of the activities that request and return slots. They belong to no step.
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

	request := job.SlotRequest{AppID: input.AppID, JobID: workflow.GetInfo(ctx).WorkflowExecution.ID}
	_ = workflow.ExecuteActivity(ctx, job.ReleaseSlotActivity, request).Get(ctx, nil) // A check of the slots repairs an error.
}
