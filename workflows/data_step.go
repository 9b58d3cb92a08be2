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
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// heartbeatTimeout is how long the worker of a step may keep silent before the step is given to another. Activities
// heartbeat every second and workers let one through every few seconds, so that only a worker that died is silent for as
// long as this.
const heartbeatTimeout = 15 * time.Second

// dataStep runs a data operation as the activity of its name.
func (m *machine) dataStep(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	params, err := m.resolve(ctx, s)
	if err != nil {
		return nil, err
	}

	if file, isText := params["scriptFile"].(string); isText && s.OpName == scenario.OpRunSourceScript {
		params["script"] = m.input.Program.Files[file]
	}

	call := activityCall{name: s.OpName, id: s.instance, retry: s.Retry, timeout: s.Timeout}

	var outcome job.StepOutcome
	if err := m.call(ctx, s, call, params, &outcome); err != nil {
		return nil, err
	}

	if err := checkSize("the step's value", outcome.Value.Any); err != nil {
		return nil, err
	}

	if outcome.Result != nil {
		if err := m.addResults(s, *outcome.Result); err != nil {
			return nil, err
		}
	}

	m.board.convert(s.path, outcome.Conversions)

	if err := m.dropSource(ctx, s, params, outcome); err != nil {
		return nil, err
	}

	return jsonvalue.Object{"rows": outcome.Rows, "value": outcome.Value.Any}, nil
}

// dropSource drops the table that a step has loaded, or the parts of it that were read, where its author wants that. It is an
// activity of its own, because the load could not be tried again when the table is gone.
func (m *machine) dropSource(ctx workflow.Context, s *step, params jsonvalue.Object, outcome job.StepOutcome) error {
	if params["dropSource"] != true {
		return nil
	}

	table := job.SourceTable{Parts: outcome.Read}

	table.Source, _ = params["source"].(string)
	table.Space, _ = params["space"].(string)
	table.Table, _ = params["table"].(string)

	var dropped job.Dropped // It stays empty where a version answered that kept nothing.
	if err := m.assist(ctx, s, activityCall{name: job.DropTableActivity}, table, &dropped); err != nil {
		return err
	}

	m.board.keep(s.path, dropped.Kept)

	return nil
}

// Bounds of what results take in the job itself, in bytes: all of them, and each. Steps that run at the same time may each
// use what is left.
const (
	maxInline       = 256 << 10
	maxInlineResult = 4 << 10
)

// inlineLeft is how many bytes the next result may take in the job itself. The results of a child would be in two jobs.
func (m *machine) inlineLeft() int {
	if m.input.Depth > 0 {
		return 0
	}

	left := maxInline
	for _, result := range m.position.Results {
		left -= len(result.Inline)
	}

	return min(max(left, 0), maxInlineResult)
}

// activityCall says how an activity is called.
type activityCall struct {
	name    string
	id      string // Among the activities that run at the same time.
	retry   *scenario.Retry
	timeout scenario.Duration // Of one attempt.
}

// assist calls an activity on behalf of a step whose operation is not one itself, or beside it.
func (m *machine) assist(ctx workflow.Context, s *step, call activityCall, request, answer any) error {
	call.id = s.instance + "#" + call.name
	if call.retry == nil {
		call.retry = s.Retry
	}

	return m.call(ctx, s, call, request, answer)
}

func (m *machine) call(ctx workflow.Context, s *step, call activityCall, request, answer any) error {
	policy := retryPolicy(call.retry)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ActivityID:          call.id,
		Summary:             s.DisplayTitle(),
		StartToCloseTimeout: time.Duration(cmp.Or(call.timeout, scenario.DefaultTimeout)),
		HeartbeatTimeout:    heartbeatTimeout,
		RetryPolicy:         policy,
		WaitForCancellation: true, // A job ends when its work has ended.
	})

	if err := m.send(ctx, request); err != nil {
		return err
	}

	task := job.Task{AppID: m.input.AppID, JobID: m.jobID, Step: s.instance, Inline: m.inlineLeft()}
	future := workflow.ExecuteActivity(ctx, call.name, task, request)

	m.rest(ctx)

	err := future.Get(ctx, answer)
	if err != nil && ctx.Err() != nil {
		// Temporal does not try again what was told to stop: that it failed then, or that its worker died, is how it stopped.
		return ctx.Err()
	}

	return spent(err, policy)
}

// spent tells of a failure how often was tried, where it can't tell so itself: nobody hears of an attempt that timed out.
func spent(err error, policy *temporal.RetryPolicy) error {
	ended, isActivity := errors.AsType[*temporal.ActivityError](err)
	if !isActivity || ended.RetryState() != enumspb.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED {
		return err
	}

	failed, _ := asFailure(err)
	failed.Attempts = cmp.Or(failed.Attempts, policy.MaximumAttempts)

	return failed
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
