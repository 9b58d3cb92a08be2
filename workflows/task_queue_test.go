package workflows_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/workflows"
)

// placed runs a scenario whose activities have no effect, and returns where its activities ran: the name of each with its task
// queue, or with local.
func placed(t *testing.T, whole scenario.Program) (ran []string) {
	t.Helper()

	var (
		suite testsuite.WorkflowTestSuite
		mutex sync.Mutex
	)

	env := suite.NewTestWorkflowEnvironment()
	env.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})

	record := func(ctx context.Context) {
		mutex.Lock()
		defer mutex.Unlock()

		info := activity.GetInfo(ctx)

		place := info.TaskQueue
		if info.IsLocalActivity {
			place = "local"
		}

		ran = append(ran, info.ActivityType.Name+" "+place)
	}

	env.RegisterActivityWithOptions(
		func(ctx context.Context, _ job.Task, _ scenario.LoadTableFromSource) (*job.StepOutcome, error) {
			record(ctx)

			return &job.StepOutcome{}, nil
		}, activity.RegisterOptions{Name: "LoadTableFromSource"})
	env.RegisterActivityWithOptions(
		func(ctx context.Context, _ job.Task, _ scenario.RunSourceScript) (*job.StepOutcome, error) {
			record(ctx)

			return &job.StepOutcome{}, nil
		}, activity.RegisterOptions{Name: "RunSourceScript"})

	env.RegisterActivityWithOptions(func(ctx context.Context, _ job.Task, _ job.LookUp) (job.Found, error) {
		record(ctx)

		return job.Found{Cells: []jsonvalue.Value{{Any: int64(1)}}}, nil
	}, activity.RegisterOptions{Name: job.LookUpActivity})
	env.RegisterActivityWithOptions(func(ctx context.Context, request job.SlotRequest) (job.SlotAnswer, error) {
		record(ctx)

		mutex.Lock()
		defer mutex.Unlock()

		ran = append(ran, fmt.Sprintf("slot of %s for %s", request.Source, request.Step))

		return job.SlotAnswer{Granted: true}, nil
	}, activity.RegisterOptions{Name: job.AcquireSlotActivity})
	env.OnSignalExternalWorkflow(mock.Anything, mock.Anything, mock.Anything, job.ReleaseSignal, mock.Anything).
		Return(func(_, workflowID, _, _ string, argument any) error {
			mutex.Lock()
			defer mutex.Unlock()

			ran = append(ran, fmt.Sprintf("%s released for %s", workflowID, argument.(job.SlotHolder).Step))

			return nil
		})

	env.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: whole}, nil)
	require.NoError(t, env.GetWorkflowError())

	return ran
}

const (
	script = "steps: [{opName: RunSourceScript, %s opParams: {source: stage, script: SELECT 1}}]"
	copied = "steps: [{opName: LoadTableFromSource, %s opParams: {source: files, table: a, targetSource: stage, targetTable: b}}]"
)

func TestStepRunsInItsTaskQueue(t *testing.T) {
	t.Parallel()

	const ofJob = "default-test-taskqueue"

	stage := map[string]scenario.Capacity{"stage": {TaskQueue: "of-stage"}}

	for name, test := range map[string]struct {
		text, step string
		app        scenario.TaskQueue
		sources    map[string]scenario.Capacity
		execution  scenario.Execution
		want       string
	}{
		"light":                           {text: script, execution: "activity", want: ofJob},
		"light, local":                    {text: script, execution: "auto", want: "local"},
		"bulk":                            {text: copied, execution: "activity", want: "jobwright-bulk"},
		"bulk, local":                     {text: copied, execution: "auto", want: "local"},
		"of the app":                      {text: script, app: "of-app", execution: "auto", want: "of-app"},
		"of the source before the app":    {text: script, app: "of-app", sources: stage, execution: "local", want: "of-stage"},
		"of the target":                   {text: copied, sources: stage, execution: "auto", want: "of-stage"},
		"of the step before the source":   {text: script, step: "taskQueue: own,", sources: stage, execution: "auto", want: "own"},
		"the main one instead of another": {text: copied, step: "taskQueue: jobwright,", app: "of-app", execution: "activity", want: "jobwright-bulk"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			whole := program(t, fmt.Sprintf(test.text, test.step))
			whole.TaskQueue, whole.Sources, whole.Execution = test.app, test.sources, test.execution

			ran := placed(t, whole)
			require.Len(t, ran, 1)
			_, queue, _ := strings.Cut(ran[0], " ")
			require.Equal(t, test.want, queue)
		})
	}
}

func TestLookUpRunsInTheTaskQueueOfItsSource(t *testing.T) {
	t.Parallel()

	whole := program(t, `steps: [{opName: Return, opParams: {value: "$[stage]{SELECT 1}"}}]`)
	whole.Sources = map[string]scenario.Capacity{"stage": {TaskQueue: "of-stage"}}

	require.Equal(t, []string{"LookUp of-stage"}, placed(t, whole))
}

func TestStepOnASourceWithLimitsHasASlot(t *testing.T) {
	t.Parallel()

	whole := program(t, fmt.Sprintf(copied, ""))
	whole.Execution = scenario.ExecutionLocal
	whole.Sources = map[string]scenario.Capacity{"stage": {Limited: true}, "files": {Limited: true}}

	require.Equal(t, []string{
		"AcquireSlot default-test-taskqueue", "slot of files for 1#0.1",
		"AcquireSlot default-test-taskqueue", "slot of stage for 1#0.2",
		"LoadTableFromSource jobwright-bulk",
		"app/7/sources/files/slots released for 1#0.1", "app/7/sources/stage/slots released for 1#0.2",
	}, placed(t, whole))
}

// TestStepWaitsForASlot lets a job wait for a slot, and stops another one that waits.
func TestStepWaitsForASlot(t *testing.T) {
	t.Parallel()

	for name, stops := range map[string]bool{"granted": false, "stopped": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var (
				suite    testsuite.WorkflowTestSuite
				mutex    sync.Mutex
				released []string
				began    bool
				status   job.Status
			)

			env := suite.NewTestWorkflowEnvironment()
			env.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})
			env.RegisterActivityWithOptions(func(context.Context, job.Task, jsonvalue.Object) (*job.StepOutcome, error) {
				began = true

				return &job.StepOutcome{}, nil
			}, activity.RegisterOptions{Name: "RunSourceScript"})
			env.RegisterActivityWithOptions(func(context.Context, job.SlotRequest) (job.SlotAnswer, error) {
				return job.SlotAnswer{Running: 3, Limit: 3, PerSecond: 0.5}, nil
			}, activity.RegisterOptions{Name: job.AcquireSlotActivity})
			env.OnSignalExternalWorkflow(mock.Anything, "app/7/sources/stage/slots", "", job.ReleaseSignal, mock.Anything).
				Return(func(_, _, _, _ string, argument any) error {
					mutex.Lock()
					defer mutex.Unlock()

					released = append(released, argument.(job.SlotHolder).Step)

					return nil
				})
			env.RegisterDelayedCallback(func() {
				require.False(t, began)

				answer, err := env.QueryWorkflow(job.StatusQuery)
				require.NoError(t, err)
				require.NoError(t, answer.Get(&status))

				if stops {
					env.CancelWorkflow()
				} else {
					env.SignalWorkflow("slotGranted#1#0.1", nil)
				}
			}, time.Second)

			whole := program(t, fmt.Sprintf(script, ""))
			whole.Sources = map[string]scenario.Capacity{"stage": {Limited: true}}
			env.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: whole}, nil)

			require.Equal(t, stops, env.GetWorkflowError() != nil)
			require.Equal(t, !stops, began)
			require.Equal(t, []string{"1#0.1"}, released)
			require.Equal(t, &job.StepWait{Source: "stage", Running: 3, Limit: 3, PerSecond: 0.5}, status.Steps[0].WaitsFor)
		})
	}
}

// A step of a loop runs several times at the same time. The status says how many of its runs wait, unless all do.
func TestRunsOfAStepWaitForSlots(t *testing.T) {
	t.Parallel()

	for slots, want := range map[int]*job.StepWait{
		0: {Source: "stage", Running: 2, Limit: 2},
		1: {Source: "stage", Running: 2, Limit: 2, Runs: 2},
		3: nil,
	} {
		t.Run(fmt.Sprint(slots), func(t *testing.T) {
			t.Parallel()

			var (
				suite  testsuite.WorkflowTestSuite
				mutex  sync.Mutex
				status job.Status
				left   = slots
			)

			env := suite.NewTestWorkflowEnvironment()
			env.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})
			env.RegisterActivityWithOptions(func(context.Context, job.Task, jsonvalue.Object) (*job.StepOutcome, error) {
				return nil, activity.ErrResultPending // It never ends.
			}, activity.RegisterOptions{Name: "RunSourceScript"})
			env.RegisterActivityWithOptions(func(context.Context, job.SlotRequest) (job.SlotAnswer, error) {
				mutex.Lock()
				defer mutex.Unlock()

				left--
				if left >= 0 {
					return job.SlotAnswer{Granted: true}, nil
				}

				return job.SlotAnswer{Running: 2, Limit: 2}, nil
			}, activity.RegisterOptions{Name: job.AcquireSlotActivity})
			env.OnSignalExternalWorkflow(mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil)
			env.RegisterDelayedCallback(func() {
				answer, err := env.QueryWorkflow(job.StatusQuery)
				require.NoError(t, err)
				require.NoError(t, answer.Get(&status))
				env.CancelWorkflow()
			}, time.Second)

			whole := program(t, `
steps:
  - opName: ForEach
    opParams:
      in: [1, 2, 3]
      as: n
      maxConcurrency: 3
      steps: [{opName: RunSourceScript, opParams: {source: stage, script: SELECT 1}}]
`)
			whole.Sources = map[string]scenario.Capacity{"stage": {Limited: true}}
			env.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: whole}, nil)

			require.Nil(t, status.Steps[0].WaitsFor)
			require.Equal(t, want, status.Steps[1].WaitsFor)
		})
	}
}
