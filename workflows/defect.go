package workflows

import (
	"runtime"
	"runtime/debug"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// defect makes a failure of a panic, so that a mistake of ours ends the step, and not in a job that is stuck: Temporal would
// let a workflow that panics try the same again for ever. The worker's log has the stack, under the run's ID.
//
// Only what the Go runtime panics with is meant. The SDK panics too, where a history does not fit the code any more: such a
// job has to wait for a worker that can run it.
func (m *machine) defect(ctx workflow.Context, s *step, panicked any) error {
	mistake, isMistake := panicked.(runtime.Error)
	if !isMistake {
		panic(panicked) //nolint:forbidigo // It was on its way already.
	}

	reference := workflow.GetInfo(ctx).WorkflowExecution.RunID
	workflow.GetLogger(ctx).Error("the interpreter panicked", "reference", reference, "step", s.instance,
		"error", mistake, "stack", string(debug.Stack()))

	failed := failedWith(job.CodeInternal,
		"an internal error occurred; its reference in the worker's log is %s", reference)
	failed.at(m.place(s))

	m.board.end(s.path, workflow.Now(ctx), job.StepFailed, nil, failed)

	return failed
}
