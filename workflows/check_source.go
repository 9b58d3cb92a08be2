package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// Limits of a check: the time in the worker, and that until a worker takes the check.
const (
	sourceCheckTimeout = 35 * time.Second // Longer than the activity's own limit, which has a better message.
	sourceCheckWait    = 15 * time.Second
)

// CheckSource is the workflow that checks a source once, in an activity of a worker.
func CheckSource(ctx workflow.Context, check job.SourceCheck) (checked *job.SourceChecked, err error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: check.TaskQueue, StartToCloseTimeout: sourceCheckTimeout, ScheduleToStartTimeout: sourceCheckWait,
		RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})

	err = workflow.ExecuteActivity(ctx, job.CheckSourceActivity, check).Get(ctx, &checked)

	return checked, err
}
