package workflows

import (
	"cmp"
	"strconv"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// heartbeatTimeout is how long the worker of a step may keep silent before the step is given to another. Activities
// heartbeat every second and workers let one through every few seconds, so that only a worker that died is silent for as
// long as this.
const heartbeatTimeout = 15 * time.Second

// stepPath is the path of the step at index: its number, from 1.
func stepPath(index int) string { return strconv.Itoa(index + 1) }

// dataStep runs a data operation as the activity of its name.
func (r *run) dataStep(ctx workflow.Context, step scenario.Step, path string) (*job.StepOutcome, error) {
	// Expressions were made deterministic where they are compiled: see package scenario.
	params, err := r.scope.Resolve(step.OpName, step.OpParams) //workflowcheck:ignore
	if err != nil {
		return nil, err
	}

	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ActivityID:          path,
		Summary:             step.DisplayTitle(),
		StartToCloseTimeout: time.Duration(cmp.Or(step.Timeout, scenario.DefaultTimeout)),
		HeartbeatTimeout:    heartbeatTimeout,
		RetryPolicy:         retryPolicy(step.Retry),
		WaitForCancellation: true, // A job ends when its work has ended.
	})

	task := job.Task{AppID: r.input.AppID, JobID: r.jobID, Step: path}

	var outcome job.StepOutcome
	if err := workflow.ExecuteActivity(ctx, step.OpName, task, params).Get(ctx, &outcome); err != nil {
		return nil, err
	}

	return &outcome, nil
}

// retryPolicy is the step's own policy, with the default for what it leaves out.
func retryPolicy(own *scenario.Retry) *temporal.RetryPolicy {
	policy := scenario.DefaultRetry()
	if own != nil {
		policy.InitialInterval = cmp.Or(own.InitialInterval, policy.InitialInterval)
		policy.BackoffCoefficient = cmp.Or(own.BackoffCoefficient, policy.BackoffCoefficient)
		policy.MaximumAttempts = cmp.Or(own.MaximumAttempts, policy.MaximumAttempts)
		// Temporal refuses a maximum below the initial interval.
		policy.MaximumInterval = max(cmp.Or(own.MaximumInterval, policy.MaximumInterval), policy.InitialInterval)
	}

	return &temporal.RetryPolicy{
		InitialInterval:    time.Duration(policy.InitialInterval),
		BackoffCoefficient: policy.BackoffCoefficient,
		MaximumInterval:    time.Duration(policy.MaximumInterval),
		MaximumAttempts:    int32(policy.MaximumAttempts), //nolint:gosec // Validation bounds it.
	}
}
