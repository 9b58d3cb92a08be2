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
		string(Running), string(Paused), string(Stopping), string(Completed), string(CompletedWithError), string(Stopped),
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
	State  State  `json:"state"`
	Paused *Pause `json:"paused,omitempty"` // Of a paused job.
	// When the job began. After a continue-as-new, Temporal's start time is that of the last run.
	StartedAt  time.Time        `json:"startedAt,omitzero"`
	Parameters jsonvalue.Object `json:"parameters,omitempty"`
	Steps      []StepStatus     `json:"steps"`
	Signals    []AwaitedSignal  `json:"signals,omitempty"` // The signals that the job waits for.
}

// StepStatus is the status of one step. While a step runs, the API server completes the workflow's status with that of the
// activity in Temporal: the attempt, the last error, the next attempt, the rows so far, and how far that is.
type StepStatus struct {
	Path       string     `json:"path"` // Its place in the program: 4.steps.2 is the second step in block steps of the fourth.
	Title      string     `json:"title"`
	Name       string     `json:"name,omitempty"`
	OpName     string     `json:"opName"`
	State      StepState  `json:"state"`
	StartedAt  *time.Time `json:"startedAt,omitempty"`
	EndedAt    *time.Time `json:"endedAt,omitempty"`
	Rows       int64      `json:"rows"`                      // Records written or returned; in a loop, by all rounds.
	Rejected   int64      `json:"rejected,omitempty"`        // Records rejected by a load; in a loop, by all rounds.
	Bytes      int64      `json:"bytes,omitempty"`           // Bytes that a running step has read or copied so far.
	Runs       int64      `json:"runs,omitempty"`            // How often it has begun, if more than once.
	Failures   int64      `json:"failures,omitempty"`        // How often it failed, if it has begun more than once.
	Iterations int64      `json:"iterations,omitempty"`      // Of a loop: how many rounds of its last run have ended.
	Total      int64      `json:"totalIterations,omitempty"` // Of a ForEach: how many rounds that run has.
	ChildID    string     `json:"childJobId,omitempty"`      // Of a RunScenario: the job that it started.
	Attempt    int32      `json:"attempt,omitempty"`
	LastError  string     `json:"lastError,omitempty"`
	NextTry    *time.Time `json:"nextTry,omitempty"`

	Advance

	TakenOver bool `json:"takenOver,omitempty" description:"Whether it ended in the job that this one continues, and did not run again."`

	// Failed is the number of attempts before those of the step's activity in Temporal. The API server adds both.
	Failed int32 `json:"failedAttempts,omitempty"`

	// Files that it loaded but kept although it should have dropped them; the first of them if there are many.
	Kept []Kept `json:"kept,omitempty"`

	// Columns that it wrote in another type than it read them; the first of them if there are many.
	Conversions []source.Conversion `json:"conversions,omitempty"`
}
