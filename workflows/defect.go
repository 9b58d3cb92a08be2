package workflows

import (
	"errors"
	"runtime"
	"runtime/debug"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// defect makes a failure of a panic, so that a mistake of ours ends the step, and not in a job that is stuck: Temporal would
// let a workflow that panics try the same again for ever. The worker's log has the stack, under the run's ID.
//
// The SDK panics too, where a history does not fit the code any more: such a job has to wait for a worker that can run it.
func (m *machine) defect(ctx workflow.Context, s *step, panicked any) *failure {
	if isOfSDK(panicked) {
		panic(panicked) //nolint:forbidigo // It was on its way already.
	}

	reference := workflow.GetInfo(ctx).WorkflowExecution.RunID
	workflow.GetLogger(ctx).Error("the interpreter panicked", "reference", reference, "step", s.instance,
		"error", panicked, "stack", string(debug.Stack()))

	return failedWith(job.CodeInternal,
		"an internal error occurred; its reference in the worker's log is %s", reference)
}

// isOfSDK reports whether it is the SDK that panics, and not the Go runtime in whichever code: whose call of panic it is, the
// stack tells, which a deferred function still sees.
func isOfSDK(panicked any) bool {
	if err, isError := panicked.(error); isError {
		if _, ofRuntime := errors.AsType[runtime.Error](err); ofRuntime {
			return false
		}
	}

	const deepest = 32

	callers := make([]uintptr, deepest)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)]) // The same in every replay.

	for panics := false; ; {
		frame, more := frames.Next() //workflowcheck:ignore
		if panics {
			return strings.HasPrefix(frame.Function, "go.temporal.io/sdk/")
		}

		if panics = frame.Function == "runtime.gopanic"; !more {
			return false
		}
	}
}
