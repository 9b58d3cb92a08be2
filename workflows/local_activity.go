package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// localTimeout bounds a local activity. Activities end long before, and hand their step over; this bound is for those that
// nothing interrupts. The SDK then continues without them.
const localTimeout = 4 * time.Second

// Bytes of the result of a local activity, which is a command of the workflow task. Several run at once, so the task reserves
// that much for each of them.
const (
	maxLocalResult = 16 << 10
	maxLocalPage   = 160 << 10 // A page of the records of a loop.
	maxMarker      = 1 << 10   // The command without the result.
)

// localCall is a call whose first attempt is a local activity.
type localCall struct {
	activityCall

	step   *step
	policy *temporal.RetryPolicy // Of the attempts after the local one, once it has ended.
	task   job.Task              // The task of these attempts.
}

// beginsLocally reports whether the first attempt of a call is a local activity. A crash repeats a local activity without
// counting an attempt, so a step with a single attempt must only read.
func (m *machine) beginsLocally(s *step, call activityCall, policy *temporal.RetryPolicy) bool {
	if call.isRegular() {
		return false
	}

	switch s.Execution.Or(s.level.run.execution, m.input.Program.Execution) {
	case scenario.ExecutionActivity:
		return false
	case scenario.ExecutionLocal:
		return true
	case scenario.ExecutionAuto:
	}

	return call.isQuery || policy.MaximumAttempts != 1
}

// callLocally makes the first attempt of a call in a local activity. If ended is false and there is no error, the call continues
// as a regular activity with the task and the policy of the call, after the interval of the policy.
func (m *machine) callLocally(
	ctx workflow.Context, call *localCall, request, response any,
) (ended bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}

	err = m.attemptLocally(ctx, call, request, response)
	if err == nil {
		return true, m.endLongTask(ctx)
	}

	var (
		application *temporal.ApplicationError
		timeout     *temporal.TimeoutError
		failed      *failure
	)

	switch {
	case errors.As(err, &failed):
		return false, err
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.As(err, &timeout), errors.As(err, &application) && application.Type() == job.HandedOver:
		call.task.HandedOver = true

		return false, nil
	case !errors.As(err, &application) || application.NonRetryable() || call.policy.MaximumAttempts == 1:
		return false, err
	}

	if limit, isLast := m.timeout(call.activityCall); isLast && application.Type() == job.CodeStepTimedOut {
		return false, queryTimedOut(limit)
	}

	return false, m.afterLocalFailure(ctx, call, application)
}

// attemptLocally executes the local activity and waits for its end, also if the job is being stopped: it ends soon, and a job
// ends after its activities.
func (m *machine) attemptLocally(ctx workflow.Context, call *localCall, request, response any) error {
	argument, err := localArgument(request)
	if err != nil {
		return err
	}

	limit, _ := m.timeout(call.activityCall)
	local := &job.LocalAttempt{
		Timeout: limit, MaxResult: maxLocalResult,
		MayRepeat: call.step.Execution.Or(call.step.level.run.execution, m.input.Program.Execution) == scenario.ExecutionLocal,
	}

	if call.name == job.ReadRecordsActivity {
		local.MaxResult = maxLocalPage
	}

	title := call.step.DisplayTitle()
	reserved := local.MaxResult + maxMarker + len(title)

	if !call.isQuery {
		if err := m.stabilize(ctx); err != nil {
			return err
		}
	}

	if err := m.reserveCommand(ctx, reserved); err != nil {
		return err
	}

	history := m.task.history

	detached, end := workflow.NewDisconnectedContext(ctx)
	defer end()

	detached = workflow.WithLocalActivityOptions(detached, workflow.LocalActivityOptions{
		StartToCloseTimeout: localTimeout,
		Summary:             title,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
	})

	task := call.task
	task.Local = local

	size, err := awaitLocally(detached, workflow.ExecuteLocalActivity(detached, call.name, task, argument), response)

	m.task.observe(ctx)

	if m.task.history == history {
		m.task.size -= reserved - maxMarker - len(title) - size
	}

	outcome, isData := response.(*job.StepOutcome)
	isRepeatable := err == nil && (response == nil || isData && outcome.Recorded)
	m.task.volatile = m.task.volatile || !isRepeatable

	return err
}

// awaitLocally waits for the end of a local activity, and returns the bytes of its response as JSON.
func awaitLocally(ctx workflow.Context, future workflow.Future, response any) (size int, err error) {
	if response == nil {
		return 0, future.Get(ctx, nil)
	}

	var encoded converter.RawValue
	if err := future.Get(ctx, &encoded); err != nil {
		return 0, err
	}

	payload := encoded.Payload()

	return len(payload.GetData()), converter.GetDefaultDataConverter().FromPayload(payload, response)
}

// exactSize is the size from which the parameters of a local activity are encoded to measure them. A character has at most six
// bytes in JSON.
const exactSize = maxPayload / 6

// localArgument returns the request as an activity receives it. A local activity receives its arguments as Go values: the round
// through JSON gives them the same types as in a regular one, and the activity may change them.
func localArgument(request any) (any, error) {
	data, isData := request.(dataRequest)
	if isData && data.isExact && jsonvalue.SizeOf(map[string]any(data.params)) < exactSize {
		return data.operation, nil
	}

	encoded, err := encodeArguments(request)
	if err != nil {
		return nil, err
	}

	if isData {
		request = data.operation
	}

	decoded := reflect.New(reflect.TypeOf(request))
	if err := json.Unmarshal(encoded, decoded.Interface()); err != nil {
		return nil, fmt.Errorf("the parameters can't be read: %w", err)
	}

	return decoded.Elem().Interface(), nil
}

// afterLocalFailure waits for the interval of the retry policy after the local attempt has failed, and prepares the attempts
// that follow.
func (m *machine) afterLocalFailure(ctx workflow.Context, call *localCall, cause *temporal.ApplicationError) error {
	interval := call.policy.InitialInterval
	if next := cause.NextRetryDelay(); next > 0 {
		interval = next
	}

	m.tracker.setRetry(call.step.path, cause.Message(), workflow.Now(ctx).Add(interval))
	m.beforeBlocking(ctx)

	if err := workflow.Sleep(ctx, interval); err != nil {
		return err
	}

	m.tracker.beginRetry(call.step.path)

	longer := time.Duration(float64(call.policy.InitialInterval) * call.policy.BackoffCoefficient)
	call.policy.InitialInterval = min(longer, call.policy.MaximumInterval)
	call.task.Attempts = 1

	if call.policy.MaximumAttempts > 0 {
		call.policy.MaximumAttempts--
	}

	return nil
}
