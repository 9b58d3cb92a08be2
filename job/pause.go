package job

import "time"

// PauseUpdate is the update that accepts a [PauseChange] and returns the [Pause] of the job, or nil if it is not paused.
const PauseUpdate = "pause"

// Pause is the state of a job that begins no step until it is resumed.
type Pause struct {
	Since time.Time `json:"since" description:"When the job was paused."`
	By    string    `json:"by"    description:"The name of the access that paused it."`
}

// PauseChange requests that a job pauses, or that it resumes.
type PauseChange struct {
	Paused bool   `json:"paused"`
	By     string `json:"by"`
}

// The types of the errors with which a job rejects a [PauseChange].
const (
	PauseUnchanged  = "pause_unchanged"   // It is paused already, or is not paused. The detail of the error is its [Pause].
	PauseOfStopping = "pause_of_stopping" // It is being stopped.
)
