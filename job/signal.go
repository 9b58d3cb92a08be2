package job

import "github.com/jobwright/jobwright/scenario/jsonvalue"

// Signal is a message to a job that waits for it.
type Signal struct {
	Name string          `json:"name"`
	Data jsonvalue.Value `json:"data"`
	From string          `json:"from"`         // The name of the sender's access.
	ID   string          `json:"id,omitempty"` // A job ignores a repeated signal with the same ID.
}

// AnyAccess is the name of the access that may send every signal: the key that jobwright-dev accepts from its own machine.
const AnyAccess = "*"

// SignalAccepted is the response to a [Signal] that a job accepted.
type SignalAccepted struct {
	Awaited bool `json:"awaited"` // Whether a step waited for it; otherwise the job stores it for a later step.
}

// AwaitedSignal is a signal that a job waits for.
type AwaitedSignal struct {
	Name string   `json:"name" description:"The name of the signal."`
	From []string `json:"from,omitempty" description:"The accesses that may send it. If missing, every access with the right signal may."`
	Step string   `json:"step" description:"The path of the step that waits, with its iterations."`
}

// The types of the errors with which a job rejects a signal.
const (
	SignalForbidden = "signal_forbidden" // The job waits for it, but not from this access.
	SignalUnknown   = "signal_unknown"   // No step of the job waits for it.
	SignalTooLarge  = "signal_too_large" // The data is larger than [MaxSignal].
	SignalsTooMany  = "signals_too_many" // The job stores [MaxSignals] of this access already, and waits for none of them.
)

// Bounds of the signals that a job stores.
const (
	MaxSignal  = 16 << 10 // Bytes of one signal's data as JSON.
	MaxSignals = 16       // Signals of one access that no step has waited for yet.

	// MaxAcceptedSignals bounds the responses to signals with an ID that a job stores when it continues as new.
	MaxAcceptedSignals = 50
)
