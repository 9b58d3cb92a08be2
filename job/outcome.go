package job

import "fmt"

// Outcome is what a job leaves behind when it ends.
type Outcome struct {
	Results []Result     `json:"results"` // In the order in which the steps returned them.
	Steps   []StepStatus `json:"steps"`
}

// Result refers to a result set in the result store.
type Result struct {
	Name    *string `json:"name"`    // nil where the step gave it none.
	Key     string  `json:"key"`     // Its key in the store.
	Records int64   `json:"records"` // How many records it holds.
	// The number of bytes before its records; what comes before them is the schema, which a caller may not want.
	SchemaBytes int64 `json:"schemaBytes"`
}

// StepOutcome is what the activity of a data operation returns.
type StepOutcome struct {
	Rows   int64   `json:"rows"` // Records written or returned.
	Result *Result `json:"result,omitempty"`
}

// Failure is why and where a job failed. It is the detail of the error with which its workflow ends, and holds what the
// job had done by then.
type Failure struct {
	Code     string     `json:"code"` // Stable; docs/errors.md explains each.
	Message  string     `json:"message"`
	Step     *StepPlace `json:"step,omitempty"`
	Attempts int32      `json:"attempts,omitempty"` // How often the step was tried, where that is known.
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

// The codes of failures that are not those of a source (see source.Codes).
const (
	CodeParameterInvalid = "parameter_invalid" // A step's parameters were wrong once their expressions were evaluated.
	CodeStepTimedOut     = "step_timed_out"    // No attempt ended within the step's timeout, or its workers died.
	CodeAppInvalid       = "app_invalid"       // The app's files on a worker are missing or wrong.
	CodeResultStore      = "result_store"      // The result store did not take a result.
	CodeResultInvalid    = "result_invalid"    // A result holds what the API can't answer.
	CodeInternal         = "internal"          // A defect of Jobwright's.
)

// Codes returns every code of a failure that is not a source's.
func Codes() []string {
	return []string{CodeParameterInvalid, CodeStepTimedOut, CodeAppInvalid, CodeResultStore, CodeResultInvalid, CodeInternal}
}

// ErrorDetail is the detail of the error that a step's activity ends with.
type ErrorDetail struct {
	Attempt int32 `json:"attempt"`
}
