package job

// The workflow that checks a source of an app from a worker, and its activity. API servers connect to no source. No job can have
// the workflow's ID, see [VariablesWorkflow].
const (
	CheckSourceWorkflow = "CheckSource" // The workflow type. It accepts a [SourceCheck] and returns a [SourceChecked].
	CheckSourceActivity = "CheckSource" // Accepts and returns the same.
)

// SourceCheck asks for the check of a source.
type SourceCheck struct {
	AppID  string `json:"appId"`
	Source string `json:"source"`

	TaskQueue string `json:"taskQueue,omitempty"` // Where the steps on the source run; empty for that of jobs.
}

// WorkflowID returns the ID of the workflow that checks the source. At most one check of a source runs at a time.
func (c SourceCheck) WorkflowID() string { return "app/" + c.AppID + "/sources/" + c.Source + "/check" }

// SourceChecked is the result of a check.
type SourceChecked struct {
	OK         bool            `json:"ok" description:"Whether a worker can use the source."`
	Text       string          `json:"text,omitempty" description:"What the worker has found: the server, its version, and the number of tables."`
	Warnings   []SourceWarning `json:"warnings,omitempty" description:"What is wrong with the privileges of the source's user."`
	Code       string          `json:"code,omitempty" description:"The code of the error, if the source can't be used; docs/errors.md explains each."`
	Message    string          `json:"message,omitempty" description:"Why the source can't be used."`
	Hint       string          `json:"hint,omitempty" description:"What to do."`
	DurationMs int64           `json:"durationMs" description:"How long the check took in the worker, in milliseconds."`
	Worker     string          `json:"worker,omitempty" description:"The host of the worker."`
}

// SourceWarning is a privilege that the user of a source lacks or should not have.
type SourceWarning struct {
	Message string `json:"message" description:"What is wrong."`
	Hint    string `json:"hint" description:"What to do."`
}
