package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// Timeouts of the activities of a firing.
const (
	prepareTimeout    = time.Duration(scenario.DefaultQueryTimeout)
	firingTimeout     = 30 * 24 * time.Hour // Of one wait for the end of a job. The next attempt continues to wait.
	firingHeartbeat   = 40 * time.Second
	firingMaxInterval = time.Minute // Between two attempts.
)

// FireSchedule is the workflow that Temporal starts when a schedule fires. Temporal appends the time to the ID of a workflow
// that a schedule starts, and starts it once for each time; the job has an ID of its own and is started by the same code as
// every job. The workflow ends with its job, unless the schedule lets jobs overlap: what Temporal does about overlapping
// workflows then happens to jobs. If it is cancelled, it stops its job and ends after it.
//
// It fails if the job can't be started. A job that fails does not make it fail.
func FireSchedule(ctx workflow.Context, action job.ScheduleAction) (job.Firing, error) {
	var plan job.FiringPlan

	firing, err := fire(ctx, action, &plan)

	if temporal.IsCanceledError(err) {
		firing, err = stopFiring(ctx, plan)
		countFiring(ctx, action, firing)

		return firing, err
	}

	if err != nil {
		firing = job.Firing{State: job.FiringFailed, JobID: plan.JobID, Reason: reasonOf(err)}
	}

	countFiring(ctx, action, firing)

	if recording := record(ctx, firing); recording != nil {
		return firing, recording
	}

	return firing, err
}

// fire starts the job of the firing and waits for it. The plan is set as soon as it is known.
func fire(ctx workflow.Context, action job.ScheduleAction, plan *job.FiringPlan) (job.Firing, error) {
	at, err := job.FiringTime(action.AppID, action.Schedule, workflow.GetInfo(ctx).WorkflowExecution.ID)
	if err != nil {
		return job.Firing{}, temporal.NewNonRetryableApplicationError("the ID of the workflow has no time", job.CodeInternal, err)
	}

	task := job.FiringTask{ScheduleAction: action, At: at}
	retry := scenario.DefaultRetry()

	preparing := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: prepareTimeout, HeartbeatTimeout: firingHeartbeat,
		RetryPolicy: &temporal.RetryPolicy{
			MaximumInterval: firingMaxInterval, MaximumAttempts: int32(retry.MaximumAttempts), //nolint:gosec // 20.
		},
	})

	if err := workflow.ExecuteActivity(preparing, job.PrepareFiringActivity, task).Get(ctx, plan); err != nil {
		return job.Firing{}, err
	}

	if plan.Skipped != "" {
		return job.Firing{State: job.FiringSkipped, JobID: plan.JobID, Reason: plan.Skipped}, nil
	}

	if err := record(ctx, job.Firing{State: job.FiringRunning, JobID: plan.JobID}); err != nil {
		return job.Firing{}, err
	}

	var state job.FiringState

	err = workflow.ExecuteActivity(withFiringOptions(ctx), job.RunFiringActivity, *plan).Get(ctx, &state)

	return job.Firing{State: state, JobID: plan.JobID}, err
}

// stopFiring stops the job of a cancelled firing, if it has started.
func stopFiring(ctx workflow.Context, plan job.FiringPlan) (job.Firing, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	firing := job.Firing{State: job.FiringSkipped, Reason: "the firing was cancelled before its job started"}

	if plan.JobID != "" {
		firing = job.Firing{JobID: plan.JobID}

		stopped := workflow.ExecuteActivity(withFiringOptions(ctx), job.StopFiringActivity, plan)
		if err := stopped.Get(ctx, &firing.State); err != nil {
			return firing, err
		}
	}

	return firing, record(ctx, firing)
}

// withFiringOptions returns the context of the activities that wait for the end of a job. A cancelled one is awaited, so that its
// job can't start later.
func withFiringOptions(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: firingTimeout, HeartbeatTimeout: firingHeartbeat, WaitForCancellation: true,
		RetryPolicy: &temporal.RetryPolicy{MaximumInterval: firingMaxInterval},
	})
}

// record stores what is known of the firing in the workflow's memo, which lists of firings show.
func record(ctx workflow.Context, firing job.Firing) error {
	return workflow.UpsertMemo(ctx, map[string]any{job.MemoFiring: firing})
}

// reasonOf returns the message of the error of an activity.
func reasonOf(err error) string {
	if application, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return application.Message()
	}

	return err.Error()
}
