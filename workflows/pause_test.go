package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

// update is the response to an update.
type update struct {
	rejection error
	result    any
	err       error
}

func (u *update) Accept()                        {}
func (u *update) Reject(err error)               { u.rejection = err }
func (u *update) Complete(result any, err error) { u.result, u.err = result, err }

// pausable is an environment in which a job can be paused.
type pausable struct {
	*testsuite.TestWorkflowEnvironment

	t     *testing.T
	began time.Time
	ended map[string]time.Duration // When each step ended.
}

func newPausable(t *testing.T, maxHistory int) *pausable {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	p := &pausable{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), t: t, ended: map[string]time.Duration{}}
	p.began = p.Now()

	interpreter := workflows.Interpreter{MaxHistory: maxHistory, Observe: func(e workflows.StepEvent) {
		if e.State != job.StepRunning {
			p.ended[e.Path] = p.Now().Sub(p.began).Truncate(time.Second)
		}
	}}
	p.RegisterWorkflowWithOptions(interpreter.RunScenario, workflow.RegisterOptions{Name: job.Workflow})

	return p
}

// change pauses or resumes the job at that time, and passes the response on.
func (p *pausable) change(at time.Duration, change job.PauseChange, verify func(*update, job.Status)) {
	p.RegisterDelayedCallback(func() {
		response := &update{}
		p.UpdateWorkflow(job.PauseUpdate, at.String(), response, change)

		// The handler runs before this callback.
		p.RegisterDelayedCallback(func() {
			var status job.Status

			value, err := p.QueryWorkflow(job.StatusQuery)
			require.NoError(p.t, err)
			require.NoError(p.t, value.Get(&status))
			verify(response, status)
		}, time.Millisecond)
	}, at)
}

const threeWaits = `
steps:
  - {opName: Wait, opParams: {duration: 10s}}
  - {opName: Wait, opParams: {duration: 10s}}
  - {opName: Wait, opParams: {duration: 10s}}
`

func TestPauseLetsTheRunningStepEnd(t *testing.T) {
	t.Parallel()

	env := newPausable(t, 0)

	env.change(5*time.Second, job.PauseChange{Paused: true, By: "night"}, func(response *update, status job.Status) {
		require.NoError(t, errors.Join(response.rejection, response.err))
		require.Equal(t, job.Paused, status.State)
		require.Equal(t, "night", status.Paused.By)
		require.True(t, status.Paused.Since.Equal(response.result.(*job.Pause).Since))
		require.Equal(t, job.StepRunning, status.Steps[0].State)
	})
	env.change(50*time.Second, job.PauseChange{Paused: true, By: "day"}, func(response *update, status job.Status) {
		var unchanged *temporal.ApplicationError

		require.ErrorAs(t, response.rejection, &unchanged)
		require.Equal(t, job.PauseUnchanged, unchanged.Type())
		require.Equal(t, "night", status.Paused.By)
		require.Equal(t, []job.StepState{job.StepCompleted, job.StepPending, job.StepPending},
			[]job.StepState{status.Steps[0].State, status.Steps[1].State, status.Steps[2].State})
	})
	env.change(100*time.Second, job.PauseChange{By: "day"}, func(response *update, status job.Status) {
		require.NoError(t, errors.Join(response.rejection, response.err))
		require.Equal(t, job.Running, status.State)
		require.Nil(t, status.Paused)
		require.Equal(t, job.StepRunning, status.Steps[1].State)
	})

	env.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, threeWaits)}, nil)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, map[string]time.Duration{"1": 10 * time.Second, "2": 110 * time.Second, "3": 120 * time.Second}, env.ended)
}

func TestStopEndsAPausedJobAndRunsFinally(t *testing.T) {
	t.Parallel()

	env := newPausable(t, 0)

	env.change(5*time.Second, job.PauseChange{Paused: true}, func(response *update, _ job.Status) {
		require.NoError(t, errors.Join(response.rejection, response.err))
	})
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
	env.change(61*time.Second, job.PauseChange{Paused: true}, func(response *update, status job.Status) {
		var stopping *temporal.ApplicationError

		require.ErrorAs(t, response.rejection, &stopping)
		require.Equal(t, job.PauseOfStopping, stopping.Type())
		require.Equal(t, job.Stopping, status.State)
	})

	env.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, `
steps:
  - opName: TryCatch
    opParams:
      try:
        - {opName: Wait, opParams: {duration: 10s}}
        - {opName: Wait, opParams: {duration: 10s}}
      finally: [{opName: Wait, opParams: {duration: 20s}}]
`)}, nil)
	require.True(t, temporal.IsCanceledError(env.GetWorkflowError()))
	require.Equal(t, 10*time.Second, env.ended["1.try.1"])
	require.NotContains(t, env.ended, "1.try.2")
	require.Equal(t, 80*time.Second, env.ended["1.finally.1"])
}

func TestPauseSurvivesContinueAsNew(t *testing.T) {
	t.Parallel()

	first := newPausable(t, 1)

	first.change(5*time.Second, job.PauseChange{Paused: true, By: "night"}, func(response *update, _ job.Status) {
		require.NoError(t, errors.Join(response.rejection, response.err))
		first.SetCurrentHistoryLength(2)
	})
	first.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, threeWaits)}, nil)

	var (
		continued  *workflow.ContinueAsNewError
		input      job.Input
		checkpoint *workflows.Checkpoint
	)

	require.ErrorAs(t, first.GetWorkflowError(), &continued)
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(continued.Input, &input, &checkpoint))
	require.Equal(t, "night", checkpoint.Paused.By)

	second := newPausable(t, 0)

	second.change(time.Minute, job.PauseChange{}, func(response *update, status job.Status) {
		require.NoError(t, errors.Join(response.rejection, response.err))
		require.Equal(t, job.StepRunning, status.Steps[1].State)
	})
	second.ExecuteWorkflow(job.Workflow, input, checkpoint)
	require.NoError(t, second.GetWorkflowError())
	require.Equal(t, 70*time.Second, second.ended["2"])
}
