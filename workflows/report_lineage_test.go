package workflows_test

import (
	"context"
	"errors"
	"slices"
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

func TestJobAndItsChildrenStartNotifyForTheirLineage(t *testing.T) {
	t.Parallel()

	var notifications []string

	b := newBench(t, nil)
	b.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: "j"})
	b.RegisterWorkflowWithOptions(func(_ workflow.Context, n job.Notification) (*job.Delivery, error) {
		require.Equal(t, n.JobID != "j", n.Listeners.Callback == nil, "children have no callbacks")
		notifications = append(notifications, n.JobID+" "+string(n.Event))

		return nil, nil //nolint:nilnil // As without a callback.
	}, workflow.RegisterOptions{Name: job.NotifyWorkflow})

	all := program(t, "steps: [{opName: Return}]")
	all.Scenarios["Child"] = all.Scenarios[all.Entry]
	all.Scenarios["Failing"] = program(t, "steps: [{opName: Fail, opParams: {message: no}}]").Scenarios[all.Entry]
	all.Scenarios[all.Entry] = program(t, `steps:
- {opName: RunScenario, opParams: {scenario: Child}}
- {opName: RunScenario, onError: continue, opParams: {scenario: Failing}}`).Scenarios[all.Entry]

	b.ExecuteWorkflow(job.Workflow, job.Input{
		AppID: "7", Program: all,
		Listeners: &job.Listeners{Callback: &job.Callback{URL: "https://example.com"}, OpenLineage: true},
	}, nil)
	require.True(t, b.IsWorkflowCompleted())
	require.NoError(t, b.GetWorkflowError())

	slices.Sort(notifications)
	require.Equal(t, []string{
		"j job.completed", "j job.started", "j/1 job.completed", "j/1 job.started", "j/2 job.failed", "j/2 job.started",
	}, notifications)
}

// reports runs Notify for an event of a job with a callback whose delivery needs a moment. It returns the events that the activity
// was called with, and the duration.
func reports(t *testing.T, event job.Event, attempt func(number int) (bool, error)) (events []job.Event, lasted time.Duration) {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestWorkflowEnvironment()
	began := env.Now()

	env.RegisterWorkflowWithOptions(workflows.Notify, workflow.RegisterOptions{Name: job.NotifyWorkflow})
	env.RegisterActivityWithOptions(func(context.Context, job.Notification) (*job.Delivery, error) {
		return &job.Delivery{State: job.DeliveryDelivered}, nil
	}, activity.RegisterOptions{Name: job.DeliverActivity})
	env.RegisterActivityWithOptions(func(_ context.Context, n job.Notification) (bool, error) {
		events = append(events, n.Event)

		return attempt(len(events))
	}, activity.RegisterOptions{Name: job.LineageActivity})
	env.ExecuteWorkflow(job.NotifyWorkflow, job.Notification{
		JobID: "j", Event: event, Listeners: &job.Listeners{Callback: &job.Callback{}, OpenLineage: true},
	})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError(), "a report that fails does not fail the delivery")

	if event == job.JobStarted {
		return events, env.Now().Sub(began)
	}

	var delivery job.Delivery
	require.NoError(t, env.GetWorkflowResult(&delivery))
	require.Equal(t, job.DeliveryDelivered, delivery.State)

	return events, env.Now().Sub(began)
}

func TestNotifyReportsThatAJobRunsUntilItHasEnded(t *testing.T) {
	t.Parallel()

	events, lasted := reports(t, job.JobStarted, func(number int) (bool, error) { return number < 10, nil })
	require.Equal(t, append([]job.Event{job.JobStarted}, slices.Repeat([]job.Event{job.JobRunning}, 9)...), events)
	require.Equal(t, (1+2+4+8+16+32+60+60+60)*time.Minute, lasted.Round(time.Minute))
}

func TestNotifyRetriesReportsOfLineage(t *testing.T) {
	t.Parallel()

	events, _ := reports(t, job.JobCompleted, func(number int) (bool, error) {
		if number < 5 {
			return false, errors.New("unavailable")
		}

		return false, nil
	})
	require.Len(t, events, 5)

	events, _ = reports(t, job.JobFailed, func(int) (bool, error) {
		return false, temporal.NewApplicationError("no", job.LineageRefused)
	})
	require.Len(t, events, 1)
}
