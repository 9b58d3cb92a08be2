package job

import (
	"fmt"
	"strings"
	"time"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// The workflow that a schedule of Temporal's starts each time it fires, and its activities.
const (
	FireScheduleWorkflow  = "FireSchedule"  // The workflow type. It accepts a [ScheduleAction] and returns a [Firing].
	PrepareFiringActivity = "PrepareFiring" // Accepts a [FiringTask], and decides what to start: a [FiringPlan].
	RunFiringActivity     = "RunFiring"     // Accepts a [FiringPlan], starts its job and, if it waits, returns the job's [State].
	StopFiringActivity    = "StopFiring"    // Accepts a [FiringPlan], stops its job, and returns the [State] in which it ended.

	MemoFiring = "firing" // The memo field of the workflow with its [Firing].
)

// LabelSchedule is the label with the name of the schedule that has started a job.
const LabelSchedule = "schedule"

// ScheduleID returns the ID of a schedule in Temporal. The IDs of the workflows that it starts begin with it.
func ScheduleID(appID, name string) string { return ScheduleIDs(appID) + name }

// ScheduleIDs returns how the IDs of an app's schedules begin.
func ScheduleIDs(appID string) string { return "app/" + appID + "/schedule/" }

// FiringWorkflowID returns the ID of the workflow that a schedule starts for a time. Temporal appends the time.
func FiringWorkflowID(appID, name string, at time.Time) string {
	return ScheduleID(appID, name) + "-" + at.UTC().Format(time.RFC3339)
}

// FiringTime returns the time for which a schedule fires, given the ID of the workflow that it has started.
func FiringTime(appID, name, workflowID string) (time.Time, error) {
	return time.Parse(time.RFC3339, strings.TrimPrefix(workflowID, ScheduleID(appID, name)+"-"))
}

// FiringJobID returns the jobId of the job that a schedule starts for a time. If an earlier job for this time has failed, it is
// the job of a later try, from 2. Neither IDs of apps nor names of schedules contain a colon.
func FiringJobID(appID, name string, at time.Time, try int) string {
	id := appID + ":" + name + ":" + at.UTC().Format(time.RFC3339)
	if try > 1 {
		id += fmt.Sprintf(":%d", try)
	}

	return id
}

// ScheduleAction is the input of the workflow that a schedule starts. Temporal stores it with the schedule, so it also contains
// what the API servers record of the schedule.
type ScheduleAction struct {
	AppID    string `json:"appId"`
	Schedule string `json:"schedule"` // Its name.

	// Wait reports whether the workflow waits for the end of the job, so that Temporal's policies for overlapping workflows apply
	// to jobs.
	Wait bool `json:"wait,omitempty"`

	// Repeat lists requests to run the jobs of some times again.
	Repeat []Repetition `json:"repeat,omitempty"`

	// LastTrigger is the time of the last firing that a call has requested. Temporal names a firing after its time, so the next
	// one has a later time.
	LastTrigger time.Time `json:"lastTrigger,omitzero"`

	// Change is the change of the schedule that an API server makes at the moment, if any.
	Change *ScheduleChange `json:"change,omitempty"`

	Digest string `json:"digest"` // Of the definition in app.yaml.
	Paused bool   `json:"paused"` // Whether the definition says that the schedule is paused.
}

// Repetition asks to run the jobs of a schedule again that completed before.
type Repetition struct {
	From   time.Time `json:"from"` // The times for which the schedule fires.
	To     time.Time `json:"to"`
	Before time.Time `json:"before"` // Jobs that began before count as if they had not run.
}

// ScheduleChange is the turn of an API server to change a schedule. Of two changes that reach Temporal at once, Temporal makes
// only one.
type ScheduleChange struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"` // When another server may change the schedule, if this one has not ended its turn.
}

// FiringTask is a firing of a schedule.
type FiringTask struct {
	ScheduleAction

	At time.Time `json:"at"` // The time for which the schedule fires.
}

// Repeats reports whether a job of the firing that began at a time is to be run again although it completed.
func (t FiringTask) Repeats(began time.Time) bool {
	for _, asked := range t.Repeat {
		if !t.At.Before(asked.From) && !t.At.After(asked.To) && began.Before(asked.Before) {
			return true
		}
	}

	return false
}

// FiringPlan is what to start for a firing.
type FiringPlan struct {
	AppID      string           `json:"appId"`
	Schedule   string           `json:"schedule"`
	Skipped    string           `json:"skipped,omitempty"` // Why the firing starts no job; empty if it does.
	JobID      string           `json:"jobId,omitempty"`
	Runs       bool             `json:"runs,omitempty"` // Whether the job runs already.
	Wait       bool             `json:"wait,omitempty"` // Whether to wait for its end.
	Scenario   string           `json:"scenario,omitempty"`
	Parameters jsonvalue.Object `json:"parameters,omitempty"`
}

// FiringState is what became of a firing.
type FiringState string

// The states of a firing. A firing that waits for its job has the final [State] of the job.
const (
	FiringRunning FiringState = "running" // Its job runs, or is about to start.
	FiringStarted FiringState = "started" // Its job has been started; the schedule does not wait for its end.
	FiringSkipped FiringState = "skipped" // No job was started.
	FiringFailed  FiringState = "failed"  // The job could not be started.
)

// Firing is what became of a firing of a schedule.
type Firing struct {
	State  FiringState `json:"state"`
	JobID  string      `json:"jobId,omitempty"`
	Reason string      `json:"reason,omitempty"` // Why it was skipped or has failed.
}
