package workflows

import (
	"cmp"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// heartbeatTimeout is the time without a heartbeat after which Temporal gives a step to another worker. Activities
// heartbeat every second, and the SDK sends a heartbeat every few seconds, so that only a dead worker misses this timeout.
const heartbeatTimeout = 15 * time.Second

// activityCall describes a call of an activity.
type activityCall struct {
	name    string
	id      string          // Unique among the activities that run at the same time.
	retry   *scenario.Retry // nil for the step's own.
	timeout scenario.Duration
	isQuery bool // Whether it only reads, by a query.

	placement
}

// callAuxiliary calls an activity on behalf of a step, beside or instead of an activity of the step's own.
func (m *machine) callAuxiliary(ctx workflow.Context, s *step, call activityCall, request, response any) error {
	call.id = s.instance + "#" + call.name

	return m.call(ctx, s, call, request, response)
}

// call calls an activity with a [job.Task] and the request, and waits for its response. If the sources that the activity uses
// have limits, it waits for them first, and the activity has its slots for all attempts.
func (m *machine) call(ctx workflow.Context, s *step, call activityCall, request, response any) error {
	call.placement = m.placementOf(s, request)

	held, err := m.acquireSourceSlots(ctx, s, call.id, call.limited)
	if err != nil {
		return err
	}

	err = m.attempt(ctx, s, call, request, response)

	releaseSourceSlots(ctx, held)

	return err
}

// attempt calls an activity that may begin now. The first attempt may be a local activity.
func (m *machine) attempt(ctx workflow.Context, s *step, call activityCall, request, response any) error {
	policy := retryPolicy(cmp.Or(call.retry, s.Retry))
	task := job.Task{
		AppID: m.input.AppID, JobID: m.jobID, Step: s.instance, Inline: m.inlineCapacity(), Secrets: m.input.Secrets,
	}

	if call.id == s.instance {
		if err := m.continueAttempts(s, request, &task); err != nil {
			return err
		}
	} else if earlier, ok := m.checkpoint.Earlier[s.instance]; ok {
		task.Earlier = &earlier.EarlierAttempt
	}

	if m.beginsLocally(s, call, policy) {
		local := localCall{activityCall: call, step: s, policy: policy, task: task}

		ended, err := m.callLocally(ctx, &local, request, response)
		if ended || err != nil {
			return err
		}

		task, policy = local.task, local.policy
	}

	return m.callRegularly(ctx, s, call, policy, task, request, response)
}

// callRegularly calls a regular activity.
func (m *machine) callRegularly(
	ctx workflow.Context, s *step, call activityCall, policy *temporal.RetryPolicy, task job.Task, request, response any,
) error {
	encoded, err := encodeArguments(request)
	if err != nil {
		return err
	}

	limit, isLast := m.timeout(call)
	if isLast {
		policy.NonRetryableErrorTypes = []string{startToCloseTimeout}
	}

	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ActivityID:          call.id,
		TaskQueue:           call.taskQueue(),
		Summary:             s.DisplayTitle(),
		StartToCloseTimeout: limit,
		HeartbeatTimeout:    heartbeatTimeout,
		RetryPolicy:         policy,
		WaitForCancellation: true, // A job ends after its activities.
	})

	if err := m.reserveCommand(ctx, len(encoded)); err != nil {
		return err
	}

	future := workflow.ExecuteActivity(ctx, call.name, task, request)

	m.beforeBlocking(ctx)

	err = future.Get(ctx, response)
	if err != nil && ctx.Err() != nil {
		// Temporal does not retry a cancelled activity: an attempt that fails, or whose worker dies, is cancelled too.
		return ctx.Err()
	}

	if timeout, ok := errors.AsType[*temporal.TimeoutError](err); ok && isLast &&
		timeout.TimeoutType() == enumspb.TIMEOUT_TYPE_START_TO_CLOSE {
		return queryTimedOut(limit)
	}

	return withAttempts(err, policy.MaximumAttempts+task.Attempts)
}

// queryTimedOut returns the failure of a query that has reached the app's limit.
func queryTimedOut(limit time.Duration) *failure {
	return failedWith(job.CodeStepTimedOut,
		"the query did not end within %s, the queryTimeout of the app; make it faster, or set the timeout of the step", limit)
}

// startToCloseTimeout is the type of the error of an attempt that exceeds its timeout, in Temporal's retry policies.
const startToCloseTimeout = "TemporalTimeout:StartToClose"

// timeout returns the limit of each attempt of a call, and whether an attempt that reaches it is the last: a query that runs for
// too long does so again.
func (m *machine) timeout(call activityCall) (limit time.Duration, isLast bool) {
	limits := m.input.Program.Limits
	chosen := cmp.Or(call.timeout, scenario.DefaultTimeout)

	if isLast = call.isQuery && call.timeout == 0; isLast {
		chosen = cmp.Or(limits.QueryTimeout, scenario.DefaultQueryTimeout)
	}

	if limits.MaxStepTimeout > 0 {
		chosen = min(chosen, limits.MaxStepTimeout)
	}

	return time.Duration(chosen), isLast
}

// withAttempts adds the number of attempts to an error that lacks it, because the last of all attempts timed out.
func withAttempts(err error, all int32) error {
	activityError, isActivity := errors.AsType[*temporal.ActivityError](err)
	if !isActivity || activityError.RetryState() != enumspb.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED {
		return err
	}

	failed, _ := asFailure(err)
	failed.Attempts = cmp.Or(failed.Attempts, all)

	return failed
}

// retryPolicy returns a step's own policy, completed from the default.
func retryPolicy(own *scenario.Retry) *temporal.RetryPolicy {
	policy := scenario.DefaultRetry()
	if own != nil {
		policy.InitialInterval = cmp.Or(own.InitialInterval, policy.InitialInterval)
		policy.BackoffCoefficient = cmp.Or(own.BackoffCoefficient, policy.BackoffCoefficient)
		policy.MaximumAttempts = cmp.Or(own.MaximumAttempts, policy.MaximumAttempts)
		// Temporal rejects a maximum below the initial interval.
		policy.MaximumInterval = max(cmp.Or(own.MaximumInterval, policy.MaximumInterval), policy.InitialInterval)
	}

	return &temporal.RetryPolicy{
		InitialInterval:    time.Duration(policy.InitialInterval),
		BackoffCoefficient: policy.BackoffCoefficient,
		MaximumInterval:    time.Duration(policy.MaximumInterval),
		MaximumAttempts:    int32(policy.MaximumAttempts), //nolint:gosec // Validation bounds it.
	}
}
