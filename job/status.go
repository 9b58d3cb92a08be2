package job

import "time"

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
)

// Status is the answer of a job's status query.
type Status struct {
	State State        `json:"state"`
	Steps []StepStatus `json:"steps"`
}

// StepStatus tells of one step. What a workflow knows of its steps is completed, while one runs, by what Temporal knows
// of its activity: the attempt, the last error, the next try, and the rows so far.
type StepStatus struct {
	Path      string     `json:"path"` // Its place in the program, from 1; also the ID of its activity.
	Title     string     `json:"title"`
	Name      string     `json:"name,omitempty"`
	OpName    string     `json:"opName"`
	State     StepState  `json:"state"`
	StartedAt *time.Time `json:"startedAt,omitempty"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	Rows      int64      `json:"rows"` // Records written or returned.
	Attempt   int32      `json:"attempt,omitempty"`
	LastError string     `json:"lastError,omitempty"`
	NextTry   *time.Time `json:"nextTry,omitempty"`
}

// Progress is what the heartbeats of a step's activity carry.
type Progress struct {
	Rows int64 `json:"rows"` // Records read so far.
}
