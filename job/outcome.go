package job

import (
	"encoding/json"
	"fmt"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// Outcome is what a job leaves behind when it ends.
type Outcome struct {
	Results []Result         `json:"results"` // In the order in which the steps returned them.
	Steps   []StepStatus     `json:"steps"`
	Value   *jsonvalue.Value `json:"value,omitempty"` // What a Return gave; nil where none did.
}

// Result refers to a result set in the result store.
type Result struct {
	Name    *string `json:"name"`    // nil where the step gave it none.
	Key     string  `json:"key"`     // Its key in the store; empty where it is Inline.
	Records int64   `json:"records"` // How many records it holds.
	// The number of bytes before its records; what comes before them is the schema, which a caller may not want.
	SchemaBytes int64 `json:"schemaBytes"`
	// The number of bytes of the result set in the store, where the store's index follows it; 0 where none does.
	Bytes int64 `json:"bytes,omitempty"`
	// The result set itself, where it is small: the bytes that the store would hold.
	Inline json.RawMessage `json:"inline,omitempty"`
}

// StepOutcome is what the activity of a data operation returns.
type StepOutcome struct {
	Rows   int64           `json:"rows"` // Records written or returned.
	Result *Result         `json:"result,omitempty"`
	Value  jsonvalue.Value `json:"value,omitzero"` // What later steps read as its value.

	// Read lists the files that were read, if the step drops them afterwards. Sources without files report none.
	Read []source.Part `json:"read,omitempty"`

	// Conversions tells of columns that the target holds in another type than they had.
	Conversions []source.Conversion `json:"conversions,omitempty"`
}

// Kept is a table that was to be dropped when it was loaded, and was not.
type Kept struct {
	Table  string `json:"table"`
	Reason string `json:"reason"`
}

// Failure is why and where a job failed. It is the detail of the error with which its workflow ends, and holds what the
// job had done by then.
type Failure struct {
	Code     string     `json:"code"` // Stable; docs/errors.md explains each.
	Message  string     `json:"message"`
	Step     *StepPlace `json:"step,omitempty"`
	Attempts int32      `json:"attempts,omitempty"` // How often the step was tried, where that is known.
	Trace    []string   `json:"trace,omitempty"`    // The places from the step that failed to the outermost one around it.
	Causes   []string   `json:"causes,omitempty"`   // The failures that led to this one, the nearest first, each with its place.
	Outcome  Outcome    `json:"outcome"`
}

// StepPlace says which step of which scenario something is about.
type StepPlace struct {
	AppID    string `json:"appId"`
	Scenario string `json:"scenario"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Path     string `json:"path"`
	Title    string `json:"title"`
	Name     string `json:"name,omitempty"`
	OpName   string `json:"opName"`
}

// String names the place in one line.
func (p StepPlace) String() string {
	place := fmt.Sprintf("app %s, scenario %s, step %s %q", p.AppID, p.Scenario, p.Path, p.Title)
	if p.File != "" {
		place += fmt.Sprintf(" (%s:%d)", p.File, p.Line)
	}

	return place
}

// The codes of failures that are not those of a source (see source.Codes). A Fail has the code that its author gave it.
const (
	CodeParameterInvalid   = "parameter_invalid"   // A step's parameters were wrong once their expressions were evaluated.
	CodeStepTimedOut       = "step_timed_out"      // No attempt ended within the step's timeout, or its workers died.
	CodeAppInvalid         = "app_invalid"         // The app's files on a worker are missing or wrong.
	CodeResultStore        = "result_store"        // The result store did not take a result.
	CodeResultInvalid      = "result_invalid"      // A result holds what the API can't answer.
	CodeFailed             = "failed"              // A Fail that names no code of its own.
	CodeIterationsExceeded = "iterations_exceeded" // A While went on beyond its maxIterations.
	CodeSignalTimedOut     = "signal_timed_out"    // A WaitForSignal waited in vain.
	CodeBranchesFailed     = "branches_failed"     // Branches of a Parallel that collects errors failed.
	CodeCallTooDeep        = "call_too_deep"       // Scenarios ran each other beyond the bound of their recursion.
	CodeLimitExceeded      = "limit_exceeded"      // A value, or the job's state, is larger than Temporal could hold.
	CodeChildStopped       = "child_stopped"       // The job that a RunScenario started was stopped or terminated by itself.
	CodeVariableStore      = "variable_store"      // The app's variables can't be reached.
	CodeWorkerStopped      = "worker_stopped"      // The worker that ran a step was stopped, too often for its policy.
	CodeWorkerCutOff       = "worker_cut_off"      // The worker that ran a step could not reach Temporal for too long.
	CodeInternal           = "internal"            // A defect of Jobwright's.
)

// Codes returns every code of a failure that is not a source's.
func Codes() []string {
	return []string{
		CodeParameterInvalid, CodeStepTimedOut, CodeAppInvalid, CodeResultStore, CodeResultInvalid, CodeFailed,
		CodeIterationsExceeded, CodeSignalTimedOut, CodeBranchesFailed, CodeCallTooDeep, CodeLimitExceeded,
		CodeChildStopped, CodeVariableStore, CodeWorkerStopped, CodeWorkerCutOff,
		CodeInternal,
	}
}

// ErrorDetail is the detail of the error that a step's activity ends with.
type ErrorDetail struct {
	Attempt int32 `json:"attempt"`
}
