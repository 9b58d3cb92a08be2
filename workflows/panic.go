package workflows

import (
	"errors"
	"runtime"
	"runtime/debug"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// failureOfPanic turns a panic into a failure, so that a defect of the interpreter fails the step: Temporal would retry the
// workflow task for ever. The worker's log contains the stack, under the run's ID.
//
// The SDK panics too, if a history does not fit the code: such a job has to wait for a worker that can run it, so
// failureOfPanic panics again.
func (m *machine) failureOfPanic(ctx workflow.Context, s *step, panicked any) *failure {
	if isPanicOfSDK(panicked) {
		panic(panicked) //nolint:forbidigo // It continues a panic of the SDK's.
	}

	reference := workflow.GetInfo(ctx).WorkflowExecution.RunID
	workflow.GetLogger(ctx).Error("the interpreter panicked", "reference", reference, "step", s.instance,
		"error", panicked, "stack", string(debug.Stack()))

	return failedWith(job.CodeInternal,
		"an internal error occurred; its reference in the worker's log is %s", reference)
}

// isPanicOfSDK reports whether the SDK called panic, according to the stack, which a deferred function still sees. An error
// of the Go runtime has no such call, whichever code caused it.
func isPanicOfSDK(panicked any) bool {
	if err, isError := panicked.(error); isError {
		if _, ofRuntime := errors.AsType[runtime.Error](err); ofRuntime {
			return false
		}
	}

	const maxFrames = 32

	callers := make([]uintptr, maxFrames)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)]) // The same in every replay.

	for panics := false; ; {
		frame, more := frames.Next() //workflowcheck:ignore
		if panics {
			// A step within another one has continued a panic of the SDK's.
			isContinued := strings.HasSuffix(frame.Function, ".failureOfPanic")

			return isContinued || strings.HasPrefix(frame.Function, "go.temporal.io/sdk/")
		}

		if panics = frame.Function == "runtime.gopanic"; !more {
			return false
		}
	}
}
