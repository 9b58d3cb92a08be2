package job

import "github.com/jobwright/jobwright/scenario/jsonvalue"

// A workflow of its own stores the variables of an app; it never completes. No job can have its ID: a jobId contains no
// slash, and in the ID of a child job a digit follows the slash.
const (
	VariablesWorkflow = "AppVariables" // The workflow type.
	VariablesQuery    = "variables"    // The query that returns all variables that were set, as a [jsonvalue.Object].
	SetVariableUpdate = "set"          // The update that accepts a [Variable].

	// VariableRejected is the type of the error with which the workflow rejects a variable that exceeds a bound.
	VariableRejected = "variable_refused"
)

// Bounds of an app's variables, which together are part of one workflow input.
const (
	MaxVariable     = 16 << 10 // Bytes of one value as JSON.
	MaxVariables    = 1_000    // Variables of an app that are set.
	MaxAllVariables = 1 << 20  // Bytes of all values as JSON.
)

// VariablesID returns the ID of the workflow that stores an app's variables.
func VariablesID(appID string) string { return "app/" + appID + "/variables" }

// Variable is a variable of an app, with its value.
type Variable struct {
	Name  string          `json:"name"`
	Value jsonvalue.Value `json:"value"`
	ID    string          `json:"id"` // Identifies the update, so that a repeated one takes effect once.
}
