package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Input is the input of a job's workflow. Operators read it in Temporal UI, so it begins with what differs between jobs, and
// ends with the program.
type Input struct {
	Scenario   string            `json:"scenario,omitempty"`   // The program's entry.
	Parameters jsonvalue.Object  `json:"parameters,omitempty"` // A value for each parameter of the entry.
	Caller     string            `json:"caller,omitempty"`     // The name of the access that started the job.
	Labels     map[string]string `json:"labels,omitempty"`     // The caller's labels of the job.
	AppID      string            `json:"appId"`
	RetryOf    string            `json:"retryOf,omitempty"`   // The ended job that this one runs again or continues.
	Slot       SlotUse           `json:"slot,omitempty"`      // How the job uses a slot of its app; empty without a limit.
	Depth      int               `json:"depth,omitempty"`     // The number of ancestors that are connected by RunScenario.
	Listeners  *Listeners        `json:"listeners,omitempty"` // A child job has those of [Listeners.OfChild].
	Secrets    []string          `json:"secrets,omitempty"`   // Each [SealedSecret] of the job and its ancestors, as text.
	Program    scenario.Program  `json:"program"`
}

// emptyProgram is how the JSON of an input without a program ends.
const emptyProgram = `"program":{"entry":"","scenarios":null}}`

// Encode returns the JSON of the input with a program that is encoded already. The input itself has no program.
func (i Input) Encode(program json.RawMessage) ([]byte, error) {
	encoded, err := json.Marshal(i)
	if err != nil {
		return nil, err
	}

	begin, isEmpty := bytes.CutSuffix(encoded, []byte(emptyProgram))
	if !isEmpty {
		return nil, errors.New("the input has a program of its own")
	}

	return slices.Concat(begin, []byte(`"program":`), program, []byte("}")), nil
}

// Task is the first argument of every activity; the parameters of the operation are the second.
type Task struct {
	AppID string `json:"appId"`
	JobID string `json:"jobId"`
	Step  string `json:"step"` // The step's path, with the number of the round in each loop around it: 4.steps[17].2.

	// Bytes that a result may have within the outcome; a larger one is written to the result store.
	Inline int `json:"inline,omitempty"`

	// The secrets of the job, as in [Input]. An attempt hides them even if its own parameters contain none: a source may return
	// what an earlier step has stored.
	Secrets []string `json:"secrets,omitempty"`

	// What became of the first attempt, if it was a local activity: it has failed, or has handed the step over to this activity,
	// whose first attempt then counts as the same.
	Attempts   int32 `json:"attempts,omitempty"` // The attempts before the first one of this activity.
	HandedOver bool  `json:"handedOver,omitempty"`

	// The job in which the step was attempted before, if this job continues it. Its change may be recorded there.
	Earlier *EarlierAttempt `json:"earlier,omitempty"`

	// Input is a digest of the step's parameters, if an earlier attempt had other ones because the parameters of the job have
	// changed; otherwise it is empty.
	Input string `json:"input,omitempty"`

	// Local is set in a local activity. Histories don't contain the arguments of local activities.
	Local *LocalAttempt `json:"-"`
}

// First reports whether no attempt before the activity's first one can have had an effect.
func (t Task) First() bool {
	return t.Local == nil && t.Attempts == 0 && !t.HandedOver && t.Earlier == nil
}

// EarlierAttempt is the run of a job that has attempted a step without a known outcome.
type EarlierAttempt struct {
	JobID string `json:"jobId"`
	RunID string `json:"runId"` // The run of its workflow.
}

// LocalAttempt describes the attempt of a step in a local activity. A crash repeats it, without counting an attempt.
type LocalAttempt struct {
	Timeout   time.Duration // The timeout of the step.
	MaxResult int           // Bytes that the result may have as JSON; a step with a larger one is handed over.
	MayRepeat bool          // Whether the author accepts that a crash repeats effects of the step.
}

// HandedOver is the type of the error with which a local activity gives its step to a regular activity: the step takes long, or
// is not safe to repeat.
const HandedOver = "handed_over"
