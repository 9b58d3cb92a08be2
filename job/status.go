package job

import (
	"time"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// State is the state of a job, as the API names it.
type State string

// The states of a job. The last three are final.
const (
	Queued             State = "queued" // It waits because its app runs as many jobs as it may.
	Running            State = "running"
	Paused             State = "paused"   // It begins no step until it is resumed; steps that had begun may still run.
	Stopping           State = "stopping" // It was cancelled, and its running steps and finally steps end.
	Completed          State = "completed"
	CompletedWithError State = "completedWithError"
	Stopped            State = "stopped"
)

// SchemaValues returns every state as text.
func (State) SchemaValues() []string {
	return []string{
		string(Queued), string(Running), string(Paused), string(Stopping), string(Completed), string(CompletedWithError),
		string(Stopped),
	}
}

// StepState is the state of a step.
type StepState string

// The states of a step.
const (
	StepPending   StepState = "pending"
	StepRunning   StepState = "running"
	StepCompleted StepState = "completed"
	StepFailed    StepState = "failed"
	StepStopped   StepState = "stopped"
	StepSkipped   StepState = "skipped" // Its condition was false.
)

// SchemaValues returns every state as text.
func (StepState) SchemaValues() []string {
	return []string{
		string(StepPending), string(StepRunning), string(StepCompleted), string(StepFailed), string(StepStopped),
		string(StepSkipped),
	}
}

// Status is the result of a job's status query.
type Status struct {
	State     State  `json:"state"`
	Paused    *Pause `json:"paused,omitempty"`    // Of a paused job.
	StoppedBy string `json:"stoppedBy,omitempty"` // The access that stops it, if this run was cancelled.
	// When the job began. After a continue-as-new, Temporal's start time is that of the last run.
	StartedAt  time.Time        `json:"startedAt,omitzero"`
	Parameters jsonvalue.Object `json:"parameters,omitempty"`
	Steps      []StepStatus     `json:"steps"`
	Signals    []AwaitedSignal  `json:"signals,omitempty"` // The signals that the job waits for.
}

// StepStatus is the status of one step. While a step runs, the API server completes the workflow's status with that of the
// activity in Temporal: the attempt, the last error, the next attempt, the rows so far, and how far that is.
type StepStatus struct {
	Path       string     `json:"path" description:"The position of the step: 4.steps.2 is the second step in the loop that is the fourth step."`
	Title      string     `json:"title" description:"The title of the step."`
	Name       string     `json:"name,omitempty" description:"The name of the step."`
	OpName     string     `json:"opName" description:"The operation of the step."`
	State      StepState  `json:"state" description:"Whether the step runs, or how it ended."`
	StartedAt  *time.Time `json:"startedAt,omitempty" description:"When its last run began."`
	EndedAt    *time.Time `json:"endedAt,omitempty" description:"When its last run ended."`
	Rows       int64      `json:"rows" description:"The number of records that it has written or returned; in a loop, in all iterations."`
	Rejected   int64      `json:"rejected,omitempty" description:"The number of records that a load has rejected; in a loop, in all iterations."`
	Bytes      int64      `json:"bytes,omitempty" description:"The number of bytes that it has read or copied so far, while it runs."`
	Runs       int64      `json:"runs,omitempty" description:"The number of its runs, if there were several."`
	Failures   int64      `json:"failures,omitempty" description:"The number of its failed runs, if there were several runs."`
	Iterations int64      `json:"iterations,omitempty" description:"Of a loop: the number of rounds that have ended."`
	Total      int64      `json:"totalIterations,omitempty" description:"Of a ForEach: the number of all rounds."`
	ChildID    string     `json:"childJobId,omitempty" description:"Of a RunScenario: the job that it has started."`
	Attempt    int32      `json:"attempt,omitempty" description:"The current attempt."`
	LastError  string     `json:"lastError,omitempty" description:"The error of the last attempt."`
	NextTry    *time.Time `json:"nextTry,omitempty" description:"When the next attempt begins."`
	WaitsFor   *StepWait  `json:"waitsFor,omitempty" description:"What the step waits for before it can begin."`

	Advance

	TakenOver bool `json:"takenOver,omitempty" description:"Whether it ended in the job that this one continues, and did not run again."`

	// Failed is the number of attempts before those of the step's activity in Temporal. The API server adds both.
	Failed int32 `json:"failedAttempts,omitempty" description:"Not in responses."`

	Kept []Kept `json:"kept,omitempty" description:"The first files that it loaded and left in place although it was to drop them."`

	Conversions []source.Conversion `json:"conversions,omitempty" description:"The first columns that it wrote in another type than it read them."`
}
