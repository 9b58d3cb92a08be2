package scenario

import (
	"time"

	"github.com/jobwright/jobwright/source"
)

// Program is what a job runs, pinned when the job starts: a change of the app's files never changes a running job.
type Program struct {
	Entry     string              `json:"entry"`     // The name of the scenario that the job starts with.
	Scenarios map[string]Scenario `json:"scenarios"` // That scenario, and every one that it can call.
}

// Scenario is a list of steps, with the parameters that it can be run with.
type Scenario struct {
	File        string      `json:"file,omitempty"` // Where it was read, relative to its app; empty for a single operation.
	Description string      `json:"description,omitempty"`
	Parameters  []Parameter `json:"parameters,omitempty"`
	Steps       []Step      `json:"steps"`
}

// Parameter is a value that a scenario is run with.
type Parameter struct {
	Name        string      `json:"name"`
	Type        source.Type `json:"type"`
	Default     any         `json:"default,omitempty"` // Of type Type.
	Required    bool        `json:"required,omitempty"`
	Description string      `json:"description,omitempty"`
}

// Step is one operation, with its parameters and how it is to be tried.
type Step struct {
	Title    string   `json:"title,omitempty"` // What people read in progress, in Temporal UI and in errors.
	Name     string   `json:"name,omitempty"`  // The name by which later expressions read its outcome, as steps.<name>.
	OpName   string   `json:"opName"`
	OpParams Params   `json:"opParams,omitempty"`
	Retry    *Retry   `json:"retry,omitempty"`
	Timeout  Duration `json:"timeout,omitempty"` // The longest that one attempt may take.
	Line     int      `json:"line,omitempty"`    // Where it stands in its scenario's file, from 1.
}

// DisplayTitle is what people call the step: its title or, where it has none, its operation's name.
func (s Step) DisplayTitle() string {
	if s.Title != "" {
		return s.Title
	}

	return s.OpName
}

// Retry says how a step is tried again, in the words and with the meaning of Temporal's retry policies
// (https://docs.temporal.io/encyclopedia/retry-policies). What it leaves out has [DefaultRetry]'s value.
type Retry struct {
	InitialInterval    Duration `json:"initialInterval,omitempty"`
	BackoffCoefficient float64  `json:"backoffCoefficient,omitempty"`
	MaximumInterval    Duration `json:"maximumInterval,omitempty"`
	MaximumAttempts    int      `json:"maximumAttempts,omitempty"`
}

// DefaultRetry is how a step is tried that says nothing of it: for a quarter of an hour, which rides out the restart of
// a database.
func DefaultRetry() Retry {
	return Retry{
		InitialInterval:    Duration(time.Second),
		BackoffCoefficient: 2,
		MaximumInterval:    Duration(time.Minute),
		MaximumAttempts:    20,
	}
}

// DefaultTimeout bounds an attempt of a step that says nothing of it. That a worker died is noticed long before, by the
// heartbeats that stop.
const DefaultTimeout = Duration(24 * time.Hour)

// Duration is a length of time, written as Go and Temporal write one: 90s, 1h30m.
type Duration time.Duration

// MarshalText writes the duration as Go writes one.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a duration as Go writes one.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)

	return err
}
