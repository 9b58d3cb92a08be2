package job

import "encoding/json"

// Continuation is a state of an ended job in which another job continues it.
type Continuation struct {
	Checkpoint json.RawMessage // The second argument of the workflow of the job that continues; absent in a job that does not.
	Plan       []PlannedStep   // What becomes of each step.

	// Interrupted are the steps without an outcome, with their rounds: they failed, were stopped, or ran when the job was
	// terminated. They run again.
	Interrupted []string
}

// Action is what becomes of a step in a job that runs the program of another one again.
type Action string

// The actions.
const (
	ActionTakeOver Action = "takeOver" // Its outcome is taken over.
	ActionContinue Action = "continue" // It has begun, and continues with the steps within it.
	ActionRun      Action = "run"      // It runs, unless its condition or the steps around it decide otherwise.
	ActionSkip     Action = "skip"     // It did not run before, and does not run now.
)

// SchemaValues returns every action as text.
func (Action) SchemaValues() []string {
	return []string{string(ActionTakeOver), string(ActionContinue), string(ActionRun), string(ActionSkip)}
}

// PlannedStep is a step with its action.
type PlannedStep struct {
	Path   string `json:"path"   description:"Its place in the program."`
	Title  string `json:"title"  description:"Its title."`
	OpName string `json:"opName" description:"Its operation."`
	Action Action `json:"action" description:"What becomes of it."`
}

// NotContinuableError reports why no job can continue an ended one from a step.
type NotContinuableError struct {
	UnknownStep bool // Whether the job has not begun such a step.
	Reason      string
}

func (e *NotContinuableError) Error() string { return e.Reason }
