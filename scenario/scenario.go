package scenario

import (
	"slices"
	"strconv"
	"time"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Scenario is a list of steps, with the parameters that it can be run with.
type Scenario struct {
	File        string      `json:"file,omitempty"` // Its path, relative to its app; empty for a single operation.
	Description string      `json:"description,omitempty"`
	Parameters  []Parameter `json:"parameters,omitempty"`
	Execution   Execution   `json:"execution,omitempty"` // Where the first attempts of its steps run; "" means the app's.
	Steps       []Step      `json:"steps"`
}

// Step is one operation with its parameters, its retry policy and its timeout.
type Step struct {
	Title     string           `json:"title,omitempty"`     // Shown in progress, in Temporal UI and in errors.
	Name      string           `json:"name,omitempty"`      // Later expressions read its outcome as steps.<name>.
	Condition any              `json:"condition,omitempty"` // A boolean or an expression; if false, the step is skipped.
	OpName    string           `json:"opName"`
	OpParams  jsonvalue.Object `json:"opParams,omitempty"` // The parameters without the blocks.
	Blocks    []Block          `json:"blocks,omitempty"`   // The nested steps, in the order of the operation's definition.
	Retry     *Retry           `json:"retry,omitempty"`
	Timeout   Duration         `json:"timeout,omitempty"` // The limit of one attempt; of a control operation, of the whole step.
	OnError   OnError          `json:"onError,omitempty"`
	Execution Execution        `json:"execution,omitempty"` // Where the first attempt runs; "" means the scenario's.
	TaskQueue TaskQueue        `json:"taskQueue,omitempty"` // Where it runs; "" means that of its sources.
	Line      int              `json:"line,omitempty"`      // Its line in the scenario's file, from 1.
}

// Block is a list of steps within a control operation.
type Block struct {
	Name  string `json:"name"` // Its part of a step's path: then, steps or finally; the name of a branch; case1, case2 and so on.
	Steps []Step `json:"steps"`
}

// Block returns the step's block of that name, or a block without steps if there is none.
func (s Step) Block(name string) Block {
	if at := s.blockIndex(name); at >= 0 {
		return s.Blocks[at]
	}

	return Block{Name: name}
}

// HasBlock reports whether the step has a block of that name. The block may be empty: an empty catch still catches errors.
func (s Step) HasBlock(name string) bool { return s.blockIndex(name) >= 0 }

func (s Step) blockIndex(name string) int {
	return slices.IndexFunc(s.Blocks, func(b Block) bool { return b.Name == name })
}

// OnError is the effect of a step's failure on the scenario.
type OnError string

// The effects. By default, the scenario fails with its step.
const (
	OnErrorFail     OnError = "fail"
	OnErrorContinue OnError = "continue" // The next step runs, and can read the error as steps.<name>.error.
)

// DisplayTitle returns the step's title or, if it has none, the name of its operation.
func (s Step) DisplayTitle() string {
	if s.Title != "" {
		return s.Title
	}

	return s.OpName
}

// Retry is the retry policy of a step. Its fields have the names and the meaning of Temporal's retry policies
// (https://docs.temporal.io/encyclopedia/retry-policies). Fields that are zero have the value of [DefaultRetry].
type Retry struct {
	InitialInterval    Duration `json:"initialInterval,omitempty"`
	BackoffCoefficient float64  `json:"backoffCoefficient,omitempty"`
	MaximumInterval    Duration `json:"maximumInterval,omitempty"`
	MaximumAttempts    int      `json:"maximumAttempts,omitempty"`
}

// DefaultRetry returns the retry policy of steps without one. Its attempts span a quarter of an hour, which is longer than the
// restart of a database.
func DefaultRetry() Retry {
	return Retry{
		InitialInterval:    Duration(time.Second),
		BackoffCoefficient: 2,
		MaximumInterval:    Duration(time.Minute),
		MaximumAttempts:    20,
	}
}

// DefaultTimeout is the timeout of steps without one. Temporal detects the death of a worker long before, by missing
// heartbeats.
const DefaultTimeout = Duration(24 * time.Hour)

// Duration is a length of time in the format of Go and Temporal: 90s, 1h30m.
type Duration time.Duration

// MarshalText formats the duration as [time.Duration.String] does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText parses a duration with [time.ParseDuration].
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)

	return err
}

// BlockCase returns the name of the block of the case at index, from 0, of a [Switch].
func BlockCase(index int) string { return "case" + strconv.Itoa(index+1) }
