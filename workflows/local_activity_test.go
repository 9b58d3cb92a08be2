package workflows_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/workflows"
)

// attempt is an attempt of a Transform.
type attempt struct {
	query    string
	local    bool
	number   int32         // Of Temporal's.
	before   int32         // The attempts before.
	isSame   bool          // Whether a local activity has handed the step over.
	after    time.Duration // The time since the job began.
	mayTwice bool
}

// attempts runs a scenario whose data steps answer returns, and returns their attempts.
func attempts(
	t *testing.T, execution scenario.Execution, text string, answer func(attempt) (*job.StepOutcome, error),
) (made []attempt, timers []time.Duration, err error) {
	t.Helper()

	var (
		suite testsuite.WorkflowTestSuite
		mutex sync.Mutex
	)

	env := suite.NewTestWorkflowEnvironment()
	began := env.Now()

	env.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})
	env.RegisterActivityWithOptions(
		func(ctx context.Context, task job.Task, params scenario.Transform) (*job.StepOutcome, error) {
			mutex.Lock()
			defer mutex.Unlock()

			one := attempt{
				query: params.Query, local: activity.GetInfo(ctx).IsLocalActivity, number: activity.GetInfo(ctx).Attempt,
				before: task.Attempts, isSame: task.HandedOver, after: env.Now().Sub(began).Truncate(time.Millisecond),
				mayTwice: task.Local != nil && task.Local.MayRepeat,
			}
			made = append(made, one)

			return answer(one)
		}, activity.RegisterOptions{Name: "Transform"})
	env.SetOnTimerScheduledListener(func(_ string, duration time.Duration) { timers = append(timers, duration) })

	whole := program(t, text)
	whole.Execution = execution
	env.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: whole}, nil)

	return made, timers, env.GetWorkflowError()
}

func unavailable(one attempt, delay time.Duration) error {
	return temporal.NewApplicationErrorWithOptions("the network is down", "unavailable", temporal.ApplicationErrorOptions{
		NextRetryDelay: delay, Details: []any{job.ErrorDetail{Attempt: one.before + one.number}},
	})
}

const readOne = `steps: [{opName: Transform, retry: {initialInterval: 2s, backoffCoefficient: 3, maximumAttempts: 3},
	opParams: {source: stage, query: SELECT 1, returnValue: true}}]`

func TestStepBeginsInALocalActivity(t *testing.T) {
	t.Parallel()

	done := func(attempt) (*job.StepOutcome, error) { return &job.StepOutcome{}, nil }
	withOne := func(step string) string {
		return "steps: [{opName: Transform, " + step + " opParams: {source: stage, query: SELECT 1, targetTable: t}}]"
	}

	for name, test := range map[string]struct {
		execution scenario.Execution
		text      string
		local     bool
	}{
		"by default":                               {"", readOne, true},
		"auto":                                     {scenario.ExecutionAuto, readOne, true},
		"activity":                                 {scenario.ExecutionActivity, readOne, false},
		"the step before the app":                  {scenario.ExecutionActivity, withOne("execution: auto,"), true},
		"the scenario before the app":              {scenario.ExecutionActivity, "execution: auto\n" + readOne, true},
		"the step before the scenario":             {"", "execution: local\n" + withOne("execution: activity,"), false},
		"a write with one attempt":                 {"", withOne("retry: {maximumAttempts: 1},"), false},
		"a query with one attempt":                 {"", "steps: [{opName: Transform, retry: {maximumAttempts: 1}, opParams: {source: stage, query: SELECT 1, returnValue: true}}]", true},
		"a write with one attempt that may repeat": {scenario.ExecutionLocal, withOne("retry: {maximumAttempts: 1},"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			made, _, err := attempts(t, test.execution, test.text, done)
			require.NoError(t, err)
			require.Len(t, made, 1)
			require.Equal(t, test.local, made[0].local)
			require.Equal(t, test.execution == scenario.ExecutionLocal, made[0].mayTwice)
		})
	}
}

func TestLocalActivityHandsItsStepOver(t *testing.T) {
	t.Parallel()

	made, timers, err := attempts(t, "", readOne, func(one attempt) (*job.StepOutcome, error) {
		if one.local {
			return nil, temporal.NewNonRetryableApplicationError("handed over", job.HandedOver, nil)
		}

		if one.number < 3 {
			return nil, unavailable(one, 0)
		}

		return &job.StepOutcome{}, nil
	})
	require.NoError(t, err)
	require.Empty(t, timers)
	require.Equal(t, []attempt{
		{query: "SELECT 1", local: true, number: 1},
		{query: "SELECT 1", number: 1, isSame: true},
		{query: "SELECT 1", number: 2, isSame: true, after: 2 * time.Second},
		{query: "SELECT 1", number: 3, isSame: true, after: 8 * time.Second},
	}, made)
}

func TestFailedLocalActivityCountsAsTheFirstAttempt(t *testing.T) {
	t.Parallel()

	made, timers, err := attempts(t, "", readOne, func(one attempt) (*job.StepOutcome, error) {
		return nil, unavailable(one, 0)
	})
	require.ErrorContains(t, err, "the network is down")
	require.Equal(t, []time.Duration{2 * time.Second}, timers)
	require.Equal(t, []attempt{
		{query: "SELECT 1", local: true, number: 1},
		{query: "SELECT 1", number: 1, before: 1, after: 2 * time.Second},
		{query: "SELECT 1", number: 2, before: 1, after: 8 * time.Second},
	}, made)

	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)

	var failed job.Failure
	require.NoError(t, application.Details(&failed))
	require.Equal(t, int32(3), failed.Attempts)
}

func TestFailedLocalActivityIsRetriedWhenItsErrorSays(t *testing.T) {
	t.Parallel()

	made, _, err := attempts(t, "", readOne, func(one attempt) (*job.StepOutcome, error) {
		if one.local {
			return nil, unavailable(one, time.Minute)
		}

		return &job.StepOutcome{}, nil
	})
	require.NoError(t, err)
	require.Len(t, made, 2)
	require.Equal(t, time.Minute, made[1].after)
}

func TestNonRetryableErrorOfALocalActivityFailsItsStep(t *testing.T) {
	t.Parallel()

	made, _, err := attempts(t, "", readOne, func(attempt) (*job.StepOutcome, error) {
		return nil, temporal.NewNonRetryableApplicationError("no such table", "mine", nil)
	})
	require.ErrorContains(t, err, "no such table")
	require.Len(t, made, 1)
}

// TestLocalWriteFollowsALaterTask verifies what makes effects of local activities happen once: a crash repeats the local
// activities of a workflow task, so whatever was read before an effect must be in the history by then. Writes whose outcomes are
// recorded return the same again.
func TestLocalWriteFollowsALaterTask(t *testing.T) {
	t.Parallel()

	const (
		read  = "{opName: Transform, opParams: {source: stage, query: READ, returnValue: true}}"
		write = "{opName: Transform, opParams: {source: stage, query: WRITE, targetTable: t}}"
		plain = "{opName: Transform, opParams: {source: stage, query: PLAIN, targetTable: t}}"
		now   = "{opName: SetVariable, opParams: {name: at, value: '${now()}'}}"
		fixed = "{opName: SetVariable, opParams: {name: at, value: '${uuid()}'}}"
	)

	for name, test := range map[string]struct {
		steps []string
		tasks int // How often the job waits for the next task.
	}{
		"only reads":                     {[]string{read, read, read}, 0},
		"a write and reads":              {[]string{write, read, read}, 0},
		"a read before a write":          {[]string{read, write}, 1},
		"writes after a read":            {[]string{read, write, write}, 1},
		"reads and writes in turn":       {[]string{read, write, read, write}, 2},
		"writes without a record":        {[]string{plain, plain, plain}, 2},
		"the time before a write":        {[]string{now, write}, 1},
		"a random value before a write":  {[]string{fixed, write}, 0},
		"a recorded write before others": {[]string{write, write, write}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			text := "steps: ["
			for _, step := range test.steps {
				text += step + ", "
			}

			_, timers, err := attempts(t, "", text+"]", func(one attempt) (*job.StepOutcome, error) {
				return &job.StepOutcome{Recorded: one.query == "WRITE"}, nil
			})
			require.NoError(t, err)
			require.Len(t, timers, test.tasks)
		})
	}
}
