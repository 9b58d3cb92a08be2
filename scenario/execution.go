package scenario

import "cmp"

// Execution determines where the first attempt of a step's activity runs. A local activity needs no task of Temporal's, so a
// short step takes a millisecond instead of twenty, but a crash repeats all local activities of a workflow task.
type Execution string

// The executions. In both ExecutionAuto and ExecutionLocal, a step that is not short continues as a regular activity.
const (
	ExecutionAuto     Execution = "auto"     // A local activity, if the step may be repeated. This is the default.
	ExecutionLocal    Execution = "local"    // A local activity, even if a crash could repeat an effect of the step.
	ExecutionActivity Execution = "activity" // A regular activity.
)

// Executions returns all executions.
func Executions() []Execution { return []Execution{ExecutionAuto, ExecutionLocal, ExecutionActivity} }

// Or returns the execution that applies to a step: its own or, if it has none, the first of those around it.
func (e Execution) Or(outer ...Execution) Execution {
	return cmp.Or(e, cmp.Or(outer...), ExecutionAuto)
}
