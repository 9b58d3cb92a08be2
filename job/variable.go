package job

// An app's variables live in a workflow of their own, which never ends. Neither a job nor a child of one can have its ID:
// a jobId has no slash, and behind the slash of a child stands a digit.
const (
	VariablesWorkflow = "AppVariables" // The workflow type.
	VariablesQuery    = "variables"    // The query that answers all that were set, as [jsonvalue.Object].
	SetVariableUpdate = "set"          // The update that takes a [Variable].

	// VariableRejected is the type of the error with which the workflow refuses a variable that is beyond a bound.
	VariableRejected = "variable_refused"
)

// Bounds of an app's variables, which together are part of one input of a workflow.
const (
	MaxVariable     = 16 << 10 // Bytes of one value as JSON.
	MaxVariables    = 1_000    // Variables of an app that are set.
	MaxAllVariables = 1 << 20  // Bytes of all of them as JSON.
)

// VariablesID is the ID of the workflow that holds an app's variables.
func VariablesID(appID string) string { return "app/" + appID + "/variables" }
