package job

import "fmt"

// Failure is the reason why a job failed, and its place. It is the detail of the error with which the job's workflow ends,
// and contains the job's outcome until then.
type Failure struct {
	Code     string     `json:"code"` // Stable; docs/errors.md explains each.
	Message  string     `json:"message"`
	Step     *StepPlace `json:"step,omitempty"`
	Attempts int32      `json:"attempts,omitempty"` // The number of attempts of the step, if known.
	Trace    []string   `json:"trace,omitempty"`    // The places from the step that failed to the outermost one around it.
	Causes   []string   `json:"causes,omitempty"`   // The failures that led to this one, the nearest first, each with its place.
	Outcome  Outcome    `json:"outcome"`
}

// StepPlace identifies a step of a scenario, for people.
type StepPlace struct {
	AppID    string `json:"appId" description:"The app."`
	Scenario string `json:"scenario" description:"The scenario that has the step."`
	File     string `json:"file,omitempty" description:"The file of the scenario in the folder of the app."`
	Line     int    `json:"line,omitempty" description:"The line at which the step begins."`
	Path     string `json:"path" description:"The position of the step: 4.steps.2 is the second step in the loop that is the fourth step."`
	Title    string `json:"title" description:"The title of the step."`
	Name     string `json:"name,omitempty" description:"The name of the step."`
	OpName   string `json:"opName" description:"The operation of the step."`
}

// String returns the place in one line.
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
	CodeSecretUnreadable   = "secret_unreadable"   // A secret parameter can't be opened.
	CodeResultStore        = "result_store"        // The result store did not accept a result.
	CodeResultInvalid      = "result_invalid"      // A result contains a value that the API can't return.
	CodeFailed             = "failed"              // A Fail that names no code of its own.
	CodeIterationsExceeded = "iterations_exceeded" // A While exceeded its maxIterations.
	CodeRejectedExceeded   = "rejected_exceeded"   // A LoadTableFromSource rejected more records than its maxRejected, or all.
	CodeSignalTimedOut     = "signal_timed_out"    // The signal of a WaitForSignal did not arrive in time.
	CodeBranchesFailed     = "branches_failed"     // Branches of a Parallel that collects errors failed.
	CodeCallTooDeep        = "call_too_deep"       // Nested child jobs exceeded the limit of their depth.
	CodeLimitExceeded      = "limit_exceeded"      // A value, or the job's state, exceeds a limit of Temporal.
	CodeChildStopped       = "child_stopped"       // The child job of a RunScenario was stopped or terminated separately.
	CodeVariableStore      = "variable_store"      // The app's variables can't be reached.
	CodeWorkerStopped      = "worker_stopped"      // Workers were stopped during a step more often than its retry policy allows.
	CodeWorkerCutOff       = "worker_cut_off"      // The worker that ran a step could not reach Temporal for too long.
	CodeInternal           = "internal"            // A defect of Jobwright's.
)

// Codes returns every code of this package.
func Codes() []string {
	return []string{
		CodeParameterInvalid, CodeStepTimedOut, CodeAppInvalid, CodeSecretUnreadable, CodeResultStore, CodeResultInvalid,
		CodeFailed, CodeIterationsExceeded, CodeRejectedExceeded, CodeSignalTimedOut, CodeBranchesFailed, CodeCallTooDeep,
		CodeLimitExceeded, CodeChildStopped, CodeVariableStore, CodeWorkerStopped, CodeWorkerCutOff,
		CodeInternal,
	}
}

// ErrorDetail is the detail of the error of a step's activity.
type ErrorDetail struct {
	Attempt  int32 `json:"attempt"`
	Rejected int64 `json:"rejected,omitempty"` // Records that a load with CodeRejectedExceeded has rejected.
}
