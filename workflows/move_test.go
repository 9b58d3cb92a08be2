package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/workflows"
)

// minutes has a round that takes a minute, 30 times.
const minutes = `steps: [{opName: ForEach, opParams: {in: "${1..30}", steps: [{opName: Wait, opParams: {duration: 1m}}]}}]`

func TestJobsMoveToAnotherVersion(t *testing.T) {
	t.Parallel()

	const (
		forWeeks   = `{opName: Wait, opParams: {duration: 500h}}`
		concurrent = "steps: [{opName: Parallel, opParams: {branches: {a: [" + forWeeks + "], b: [" + forWeeks + "]}}}]"
	)

	for name, row := range map[string]struct {
		scenario string
		changeAt time.Duration // When new jobs begin to run in another version; 0 for never.
		moveAt   time.Duration // When an operator asks the job to move; 0 for never.
		wantAt   time.Duration // When the job continues as new; 0 for never.
	}{
		"without another version":   {scenario: minutes},
		"only after ten minutes":    {scenario: minutes, changeAt: 90 * time.Second, wantAt: 10 * time.Minute},
		"with the next task":        {scenario: minutes, changeAt: 15*time.Minute + 1, wantAt: 15 * time.Minute},
		"when asked":                {scenario: minutes, changeAt: 1, moveAt: 90 * time.Second, wantAt: 90 * time.Second},
		"asked before":              {scenario: minutes, moveAt: time.Second, changeAt: 150 * time.Second, wantAt: 150 * time.Second},
		"within a wait":             {scenario: "steps: [" + forWeeks + "]", changeAt: 1, moveAt: 2, wantAt: 2},
		"not with concurrent steps": {scenario: concurrent, changeAt: 1, moveAt: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t, nil)
			start := b.Now()

			if row.changeAt > 0 {
				b.RegisterDelayedCallback(func() { b.SetTargetWorkerDeploymentVersionChanged(true) }, row.changeAt)
			}

			if row.moveAt > 0 {
				b.RegisterDelayedCallback(func() { b.SignalWorkflow(job.MoveSignal, nil) }, row.moveAt)
			}

			b.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, row.scenario), Parameters: jsonvalue.Object{}})

			if row.wantAt == 0 {
				require.NoError(t, b.GetWorkflowError())

				return
			}

			var continued *workflow.ContinueAsNewError

			require.ErrorAs(t, b.GetWorkflowError(), &continued)
			require.EqualValues(t, workflow.ContinueAsNewVersioningBehaviorAutoUpgrade, continued.InitialVersioningBehavior)
			require.WithinDuration(t, start.Add(row.wantAt), b.Now(), time.Second)
		})
	}
}

// Workers panic if a workflow has no versioning behavior, and a workflow of an app that is pinned blocks the end of its version.
func TestRegisterPinsJobs(t *testing.T) {
	t.Parallel()

	registered := registry{}
	workflows.Register(registered)
	require.Equal(t, registry{
		job.Workflow:             workflow.VersioningBehaviorPinned,
		job.CheckSourceWorkflow:  workflow.VersioningBehaviorPinned,
		job.VariablesWorkflow:    workflow.VersioningBehaviorAutoUpgrade,
		job.SlotsWorkflow:        workflow.VersioningBehaviorAutoUpgrade,
		job.NotifyWorkflow:       workflow.VersioningBehaviorAutoUpgrade,
		job.FireScheduleWorkflow: workflow.VersioningBehaviorAutoUpgrade,
		job.DeleteWorkflow:       workflow.VersioningBehaviorAutoUpgrade,
	}, registered)
}

type registry map[string]workflow.VersioningBehavior

func (r registry) RegisterWorkflowWithOptions(_ any, options workflow.RegisterOptions) {
	r[options.Name] = options.VersioningBehavior
}
