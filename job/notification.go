package job

import (
	"slices"
	"strings"
	"time"
)

// The workflow that reports an event of a job, its activity and its signal.
const (
	NotifyWorkflow  = "Notify"          // The workflow type. It accepts a [Notification] and returns a [Delivery].
	DeliverActivity = "DeliverCallback" // Accepts a [Notification], calls its callback, and returns a [Delivery].
	RedeliverSignal = "redeliver"       // Without data. The workflow calls the callback at once.

	LineageActivity = "ReportLineage"   // Accepts a [Notification], sends its event, and returns whether the job still runs.
	LineageRefused  = "lineage_refused" // The type of the error with which no attempt to send an event can succeed.
)

// The types of the errors of a delivery. Their detail is a [Delivery].
const (
	CallbackFailed    = "callback_failed"    // The receiver did not accept the call. It is retried.
	CallbackGone      = "callback_gone"      // The receiver wants no more calls: it answered 410.
	CallbackForbidden = "callback_forbidden" // The app does not allow to call this URL or the address of its host.
)

// Event is an event of a job that is reported outside.
type Event string

// The events of a job.
const (
	JobCompleted Event = "job.completed"
	JobFailed    Event = "job.failed" // Also if the job's workflow was terminated or timed out.
	JobStopped   Event = "job.stopped"

	JobStarted Event = "job.started" // Not for callbacks.
	JobRunning Event = "job.running" // Not for callbacks. It is repeated while the job runs.
)

// Events returns the events that a callback can report.
func Events() []Event { return []Event{JobCompleted, JobFailed, JobStopped} }

// SchemaValues returns every event as text.
func (Event) SchemaValues() []string {
	return []string{string(JobCompleted), string(JobFailed), string(JobStopped)}
}

// EventOf returns the event of a job that ended in that state.
func EventOf(state State) Event {
	switch state {
	case Completed:
		return JobCompleted
	case Stopped:
		return JobStopped
	case Running, Queued, Stopping, Paused, CompletedWithError:
	}

	return JobFailed
}

// Listeners are the systems outside to which a job reports its events. They are part of the job's input, so that its workflow
// decides by them, and of its memo, so that a job whose workflow was terminated is reported too. A job without listeners has none
// at all: a nil pointer.
type Listeners struct {
	Callback    *Callback `json:"callback,omitempty"`
	OpenLineage bool      `json:"openLineage,omitempty"` // Whether workers report the job to the server for OpenLineage.
}

// OfChild returns the listeners of a child job, which has no callbacks. It accepts nil.
func (l *Listeners) OfChild() *Listeners {
	if !l.WantLineage() {
		return nil
	}

	return &Listeners{OpenLineage: true}
}

// WantLineage reports whether the job is reported to the server for OpenLineage. It accepts nil.
func (l *Listeners) WantLineage() bool { return l != nil && l.OpenLineage }

// Want reports whether any listener wants the event. It accepts nil.
func (l *Listeners) Want(event Event) bool {
	return l.WantCallback(event) || l.WantLineage()
}

// WantCallback reports whether the event is reported by a callback. It accepts nil.
func (l *Listeners) WantCallback(event Event) bool {
	return l != nil && l.Callback.Wants(event)
}

// Callback is an HTTP request that reports an event of a job.
type Callback struct {
	// The URL as the request or app.yaml contains it: in app.yaml, it may refer to secrets, which only the activity reads.
	URL string `json:"url"`

	Default bool    `json:"default,omitempty"` // Whether the URL is that of app.yaml, which needs no permission.
	Events  []Event `json:"events,omitempty"`  // The events to report; empty for all.
}

// Wants reports whether the callback reports the event. It accepts nil.
func (c *Callback) Wants(event Event) bool {
	if c == nil {
		return false
	}

	wanted := c.Events
	if len(wanted) == 0 {
		wanted = Events()
	}

	return slices.Contains(wanted, event)
}

// ShownURL returns the URL without its query, which may contain secrets.
func (c *Callback) ShownURL() string {
	shown, _, _ := strings.Cut(c.URL, "?")

	return shown
}

// Notification is the input of the workflow that reports an event of a job.
type Notification struct {
	AppID     string     `json:"appId"`
	JobID     string     `json:"jobId"`
	RunID     string     `json:"runId"` // The first run of the job's workflow, which distinguishes jobs that had the same jobId.
	Event     Event      `json:"event"`
	Listeners *Listeners `json:"listeners"`
}

// WorkflowID returns the ID of the workflow that reports the event.
func (n Notification) WorkflowID() string {
	return n.JobID + "/" + string(n.Event) + "/" + n.RunID
}

// Summary returns the line that Temporal UI shows as the summary of the workflow.
func (n Notification) Summary() string {
	return string(n.Event) + " · " + n.JobID + " · app " + n.AppID
}

// MessageID returns the ID of the message to receivers. It is the same for all deliveries of the event.
func (n Notification) MessageID() string {
	_, event, _ := strings.Cut(string(n.Event), ".")

	return "msg_" + strings.ReplaceAll(n.RunID, "-", "") + "_" + event
}

// DeliveryState is the state of a [Delivery].
type DeliveryState string

// The states of a delivery. All but the first are final.
const (
	DeliveryPending   DeliveryState = "pending"
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryFailed    DeliveryState = "failed"   // All attempts failed, or the target is not allowed.
	DeliveryDisabled  DeliveryState = "disabled" // The receiver answered that it wants no more calls.
)

// SchemaValues returns every state as text.
func (DeliveryState) SchemaValues() []string {
	return []string{string(DeliveryPending), string(DeliveryDelivered), string(DeliveryFailed), string(DeliveryDisabled)}
}

// Delivery is the state of the call of a callback.
type Delivery struct {
	URL         string        `json:"url" description:"The URL, without its query."`
	Event       Event         `json:"event,omitempty" description:"The event. While the job runs, it is missing."`
	State       DeliveryState `json:"state" description:"How far the delivery is."`
	Attempts    int32         `json:"attempts" description:"The number of calls so far."`
	LastError   string        `json:"lastError,omitempty" description:"Why the last call failed."`
	NextTry     *time.Time    `json:"nextTry,omitempty" description:"When the next call is made."`
	DeliveredAt *time.Time    `json:"deliveredAt,omitempty" description:"When the receiver accepted the call."`
}
