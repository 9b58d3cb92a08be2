package job

import "github.com/jobwright/jobwright/scenario/jsonvalue"

// Signal is what somebody tells a job that waits for it.
type Signal struct {
	Name string          `json:"name"`
	Data jsonvalue.Value `json:"data"`
	From string          `json:"from"`         // The name of the access by which it came.
	ID   string          `json:"id,omitempty"` // Who repeats a signal with its ID tells the job nothing new.
}

// AnyAccess is the name of the access that may give every signal: the key that jobwright-dev accepts from its own machine.
const AnyAccess = "*"

// SignalAccepted is the answer to a [Signal] that was taken.
type SignalAccepted struct {
	Awaited bool `json:"awaited"` // Whether a step waited for it; otherwise it is kept for one to come.
}

// AwaitedSignal is a signal that a job waits for.
type AwaitedSignal struct {
	Name string   `json:"name"`
	From []string `json:"from,omitempty"` // Who may give it; empty where everybody with the right may.
	Step string   `json:"step"`           // The path of the step that waits, with its rounds.
}

// The types of the errors with which a job refuses a signal.
const (
	SignalForbidden = "signal_forbidden" // It waits for it, but not from that access.
	SignalTooLarge  = "signal_too_large" // The data is larger than [MaxSignal].
	SignalsTooMany  = "signals_too_many" // It keeps [MaxSignals] already, and waits for none of them.
)

// Bounds of what a job keeps of signals.
const (
	MaxSignal  = 16 << 10 // Bytes of one signal's data as JSON.
	MaxSignals = 16       // Signals that wait for a step to come.

	// MaxAcceptedSignals is how many signals with an ID a job remembers when it continues as new.
	MaxAcceptedSignals = 50
)
