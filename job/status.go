package job

import (
	"time"

	"github.com/jobwright/jobwright/source"
)

// State is where a job stands, in the words of the API.
type State string

// The states of a job. The last three are final.
const (
	Running            State = "running"
	Stopping           State = "stopping" // It was told to stop and is winding up.
	Completed          State = "completed"
	CompletedWithError State = "completedWithError"
	Stopped            State = "stopped"
)

// StepState is where a step stands.
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

// Status is the answer of a job's status query.
type Status struct {
	State State `json:"state"`
	// When the job began; what Temporal calls the start is that of its last run, when it has continued as new.
	StartedAt time.Time       `json:"startedAt,omitzero"`
	Steps     []StepStatus    `json:"steps"`
	Signals   []AwaitedSignal `json:"signals,omitempty"` // The signals that the job waits for.
}

// StepStatus tells of one step. What a workflow knows of its steps is completed, while one runs, by what Temporal knows
// of its activity: the attempt, the last error, the next try, and the rows so far.
type StepStatus struct {
	Path      string     `json:"path"` // Its place in the program: 4.steps.2 is the second step in block steps of the fourth.
	Title     string     `json:"title"`
	Name      string     `json:"name,omitempty"`
	OpName    string     `json:"opName"`
	State     StepState  `json:"state"`
	StartedAt *time.Time `json:"startedAt,omitempty"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	Rows      int64      `json:"rows"`                 // Records written or returned; in a loop, by all rounds.
	Bytes     int64      `json:"bytes,omitempty"`      // Bytes that one that runs has read or copied so far.
	Runs      int64      `json:"runs,omitempty"`       // How often it was begun, where that is not once.
	Failures  int64      `json:"failures,omitempty"`   // How often it failed, where it runs again and again.
	ChildID   string     `json:"childJobId,omitempty"` // The job that it started, where it is a RunScenario.
	Attempt   int32      `json:"attempt,omitempty"`
	LastError string     `json:"lastError,omitempty"`
	NextTry   *time.Time `json:"nextTry,omitempty"`

	// Files that it loaded and was to drop, and did not, some of them where there are many.
	Kept []Kept `json:"kept,omitempty"`

	// Columns that it wrote in another type than it read them, some of them where there are many.
	Conversions []source.Conversion `json:"conversions,omitempty"`
}

// Progress is what the heartbeats of a step's activity carry.
type Progress struct {
	Rows  int64 `json:"rows"`            // Records read, changed or copied so far.
	Bytes int64 `json:"bytes,omitempty"` // The bytes of these, or of a file.
}
