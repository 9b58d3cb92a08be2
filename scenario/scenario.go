package scenario

import (
	"slices"
	"strconv"
	"time"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Scenario is a list of steps, with the parameters that it can be run with.
type Scenario struct {
	File        string      `json:"file,omitempty"` // Where it was read, relative to its app; empty for a single operation.
	Description string      `json:"description,omitempty"`
	Parameters  []Parameter `json:"parameters,omitempty"`
	Steps       []Step      `json:"steps"`
}

// Step is one operation, with its parameters and how it is to be tried.
type Step struct {
	Title     string           `json:"title,omitempty"`     // What people read in progress, in Temporal UI and in errors.
	Name      string           `json:"name,omitempty"`      // The name by which later expressions read its outcome, as steps.<name>.
	Condition any              `json:"condition,omitempty"` // A boolean or an expression; where it is false, the step is skipped.
	OpName    string           `json:"opName"`
	OpParams  jsonvalue.Object `json:"opParams,omitempty"` // All but the blocks.
	Blocks    []Block          `json:"blocks,omitempty"`   // The steps within a control operation, in the order of its definition.
	Retry     *Retry           `json:"retry,omitempty"`
	Timeout   Duration         `json:"timeout,omitempty"` // The longest that one attempt may take; of a control operation, the whole.
	OnError   OnError          `json:"onError,omitempty"`
	Line      int              `json:"line,omitempty"` // Where it stands in its scenario's file, from 1.
}

// Block is a list of steps within a control operation.
type Block struct {
	Name  string `json:"name"` // Its part in a step's path: then, steps, finally; a branch's name; case1, case2 and so on.
	Steps []Step `json:"steps"`
}

// Block returns the step's block of that name; one without steps where it has none.
func (s Step) Block(name string) Block {
	if at := s.blockIndex(name); at >= 0 {
		return s.Blocks[at]
	}

	return Block{Name: name}
}

// HasBlock reports whether the step has a block of that name, be it without steps: a catch that does nothing still catches.
func (s Step) HasBlock(name string) bool { return s.blockIndex(name) >= 0 }

func (s Step) blockIndex(name string) int {
	return slices.IndexFunc(s.Blocks, func(b Block) bool { return b.Name == name })
}

// OnError says what becomes of the scenario when a step fails.
type OnError string

// What can become of it: by default, the scenario fails with its step.
const (
	OnErrorFail     OnError = "fail"
	OnErrorContinue OnError = "continue" // The next step runs, and can read the error as steps.<name>.error.
)

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

// BlockCase returns the name of the block of the case at index, from 0, of a [Switch].
func BlockCase(index int) string { return "case" + strconv.Itoa(index+1) }
