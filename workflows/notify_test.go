package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

// notified runs a job with a callback for these events, and returns the notifications that it has started.
func notified(t *testing.T, steps string, events ...job.Event) []job.Notification {
	t.Helper()

	var notifications []job.Notification

	b := newBench(t, nil)
	b.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: "j"})
	b.RegisterWorkflowWithOptions(func(_ workflow.Context, notification job.Notification) (*job.Delivery, error) {
		notifications = append(notifications, notification)

		return &job.Delivery{}, nil
	}, workflow.RegisterOptions{Name: job.NotifyWorkflow})
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Hour)
	b.ExecuteWorkflow(job.Workflow, job.Input{
		AppID: "7", Program: program(t, steps),
		Listeners: &job.Listeners{Callback: &job.Callback{URL: "https://example.com/hook", Events: events}},
	}, nil)
	require.True(t, b.IsWorkflowCompleted())

	return notifications
}

func TestJobStartsNotifyWhenItEnds(t *testing.T) {
	t.Parallel()

	for steps, event := range map[string]job.Event{
		"steps: [{opName: Return, opParams: {value: 1}}]":   job.JobCompleted,
		"steps: [{opName: Fail, opParams: {message: no}}]":  job.JobFailed,
		"steps: [{opName: Wait, opParams: {duration: 2h}}]": job.JobStopped,
	} {
		got := notified(t, steps)
		require.Len(t, got, 1, steps)
		require.Equal(t, event, got[0].Event)
		require.Equal(t, "7", got[0].AppID)
		require.Equal(t, "j", got[0].JobID)
	}
}

func TestJobDoesNotStartNotifyForOtherEvents(t *testing.T) {
	t.Parallel()

	require.Empty(t, notified(t, "steps: [{opName: Return, opParams: {value: 1}}]", job.JobFailed, job.JobStopped))
}

func TestJobThatContinuesAsNewDoesNotStartNotify(t *testing.T) {
	t.Parallel()

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestWorkflowEnvironment()
	env.SetContinueAsNewSuggested(true)
	env.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})
	env.ExecuteWorkflow(job.Workflow, job.Input{
		Program:   program(t, "steps: [{opName: Wait, opParams: {duration: 1s}}, {opName: Wait, opParams: {duration: 1s}}]"),
		Listeners: &job.Listeners{Callback: &job.Callback{}},
	}, nil)

	require.True(t, workflow.IsContinueAsNewError(env.GetWorkflowError())) // Notify is not registered: starting it would fail.
}

// delivery runs Notify with an activity, and returns the delivery and the number of attempts.
func delivery(
	t *testing.T, env *testsuite.TestWorkflowEnvironment, attempt func(number int) error,
) (state job.Delivery, attempts int, err error) {
	t.Helper()

	env.RegisterWorkflowWithOptions(workflows.Notify, workflow.RegisterOptions{Name: job.NotifyWorkflow})
	env.RegisterActivityWithOptions(func(context.Context, job.Notification) (*job.Delivery, error) {
		attempts++

		return &job.Delivery{State: job.DeliveryDelivered}, attempt(attempts)
	}, activity.RegisterOptions{Name: job.DeliverActivity})
	env.ExecuteWorkflow(job.NotifyWorkflow, job.Notification{
		JobID: "j", Event: job.JobCompleted,
		Listeners: &job.Listeners{Callback: &job.Callback{URL: "https://example.com/hook?secret"}},
	})
	require.True(t, env.IsWorkflowCompleted())

	if err := env.GetWorkflowError(); err != nil {
		var failed *temporal.ApplicationError

		require.ErrorAs(t, err, &failed)
		require.NoError(t, failed.Details(&state))

		return state, attempts, err
	}

	require.NoError(t, env.GetWorkflowResult(&state))

	return state, attempts, nil
}

func failsWith(code string) error {
	return temporal.NewApplicationErrorWithOptions("no", code, temporal.ApplicationErrorOptions{
		Details: []any{job.Delivery{URL: "https://example.com/hook", Event: job.JobCompleted, LastError: "no", Attempts: 1}},
	})
}

func TestNotifyRetriesUntilTheReceiverAccepts(t *testing.T) {
	t.Parallel()

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestWorkflowEnvironment()
	began := env.Now()

	state, attempts, err := delivery(t, env, func(number int) error {
		if number < 10 {
			return failsWith(job.CallbackFailed)
		}

		return nil
	})
	require.NoError(t, err)
	require.Equal(t, job.DeliveryDelivered, state.State)
	require.Equal(t, 10, attempts)
	require.InDelta(t, 10.5, env.Now().Sub(began).Hours(), 0.1)
}

func TestNotifyEndsWithTheStateOfTheDelivery(t *testing.T) {
	t.Parallel()

	for code, want := range map[string]job.DeliveryState{
		job.CallbackGone: job.DeliveryDisabled, job.CallbackForbidden: job.DeliveryFailed,
	} {
		var suite testsuite.WorkflowTestSuite

		state, attempts, err := delivery(t, suite.NewTestWorkflowEnvironment(), func(int) error { return failsWith(code) })
		require.ErrorContains(t, err, "no")
		require.Equal(t, 1, attempts)
		require.Equal(t, job.Delivery{
			URL: "https://example.com/hook", Event: job.JobCompleted, State: want, LastError: "no", Attempts: 1,
		}, state)
	}
}

func TestNotifyShowsNoQueryOfAnURLThatFails(t *testing.T) {
	t.Parallel()

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)

	state, attempts, err := delivery(t, env, func(int) error { return errors.New("no details") })
	require.Error(t, err)
	require.Equal(t, job.DeliveryFailed, state.State)
	require.Equal(t, "https://example.com/hook", state.URL)
	require.Equal(t, 10, attempts) // The test environment ends activities after a day.
}

func TestRedeliverSignalEndsThePauseBetweenAttempts(t *testing.T) {
	t.Parallel()

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestWorkflowEnvironment()
	began := env.Now()

	env.RegisterDelayedCallback(func() { env.SignalWorkflow(job.RedeliverSignal, nil) }, time.Hour)

	_, attempts, err := delivery(t, env, func(int) error {
		if env.Now().Sub(began) < time.Hour {
			return failsWith(job.CallbackFailed)
		}

		return nil
	})
	require.NoError(t, err)
	require.Less(t, env.Now().Sub(began), 61*time.Minute)
	require.Equal(t, 8, attempts)
}
