package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

func TestPanicFailsTheStepAndNotTheWorkflowTask(t *testing.T) {
	t.Parallel()

	const reference = "an internal error occurred; its reference in the worker's log is default-test-run-id"

	for name, test := range map[string]struct {
		steps string
		path  string // Of the step that panics when it begins.
		with  any    // The value of the panic; nil for a runtime error.
		trace int    // The length of the trace; 0 if a catch handles the failure.
	}{
		"a step":    {"[{opName: Transform, opParams: {source: stage, query: SELECT 1, targetTable: t}}]", "1", nil, 1},
		"a library": {"[{opName: Transform, opParams: {source: stage, query: SELECT 1, targetTable: t}}]", "1", "unreachable", 1},
		"a loop":    {"[{opName: ForEach, opParams: {in: '${[1, 2]}', steps: [{opName: Wait, opParams: {duration: 1s}}]}}]", "1.steps[1].1", nil, 2},
		"a branch":  {"[{opName: ForEach, opParams: {in: '${[1, 2, 3]}', maxConcurrency: 3, steps: [{opName: Wait, opParams: {duration: 1s}}]}}]", "1.steps[2].1", nil, 2},
		"a catch":   {"[{opName: TryCatch, opParams: {try: [{opName: Wait, opParams: {duration: 1s}}], catch: [{opName: Wait, opParams: {duration: 1s}}]}}]", "1.try.1", nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t, func(call) (*job.StepOutcome, error) { return &job.StepOutcome{}, nil })
			mistaken := workflows.Interpreter{Observe: func(event workflows.StepEvent) {
				if event.Path == test.path && event.State == job.StepRunning {
					if test.with != nil {
						panic(test.with)
					}

					var none *workflows.StepEvent
					none.Path = "" // A nil dereference.
				}
			}}

			b.RegisterWorkflowWithOptions(mistaken.RunScenario, workflow.RegisterOptions{Name: "Mistaken"})
			b.ExecuteWorkflow("Mistaken", job.Input{AppID: "7", Program: program(t, "steps: "+test.steps)}, nil)

			if test.trace == 0 {
				require.NoError(t, b.GetWorkflowError())

				return
			}

			failure := b.failure(t)
			require.Equal(t, job.CodeInternal, failure.Code)
			require.Contains(t, failure.Message, reference)
			require.Equal(t, test.path, failure.Step.Path)
			require.Len(t, failure.Trace, test.trace)
		})
	}
}

// noContext is a context of which the SDK panics.
type noContext struct{ workflow.Context }

func (noContext) Value(any) any { return nil }

// A history that does not fit the code makes the SDK panic. The job then waits for a worker that can run it.
func TestPanicOfTheSDKFailsNoStep(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct{ steps, path string }{
		"a step": {"[{opName: Wait, opParams: {duration: 1s}}]", "1"},
		"a step within others": {
			"[{opName: If, opParams: {condition: true, then: [{opName: ForEach, opParams: {in: [1], steps: [{opName: Wait, opParams: {duration: 1s}}]}}]}}]",
			"1.then.1.steps[0].1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t, func(call) (*job.StepOutcome, error) { return &job.StepOutcome{}, nil })
			interpreter := workflows.Interpreter{Observe: func(event workflows.StepEvent) {
				if event.Path == test.path && event.State == job.StepRunning {
					workflow.Now(noContext{})
				}
			}}

			b.RegisterWorkflowWithOptions(interpreter.RunScenario, workflow.RegisterOptions{Name: "Interpreter"})
			b.ExecuteWorkflow("Interpreter", job.Input{AppID: "7", Program: program(t, "steps: "+test.steps)}, nil)

			var panicked *temporal.PanicError

			require.ErrorAs(t, b.GetWorkflowError(), &panicked)
			require.ErrorContains(t, panicked, "Not a workflow context")
		})
	}
}
