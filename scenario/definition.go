package scenario

import (
	"fmt"
	"strings"
	"time"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/source"
)

// The objects of a scenario's file, as authors write them.
type (
	fileFields struct {
		Description string         `json:"description" description:"A description for readers."`
		Parameters  map[string]any `json:"parameters"  description:"The parameters of the scenario."`
		Execution   Execution      `json:"execution"   description:"Where the first attempts of its steps run: auto, local or activity. Default: the app's."`
		Steps       []any          `json:"steps"       required:"true" description:"The steps, in order."`
	}

	parameterFields struct {
		Type        source.Type `json:"type"        required:"true" description:"The type of the values."`
		Default     any         `json:"default"     description:"The value if the caller passes none. Without a default, the parameter is required."`
		Secret      bool        `json:"secret"      description:"Whether the value is a secret: text that only data operations read, and that no history, status, result or error contains."`
		Description string      `json:"description" description:"A description for callers."`
	}

	stepFields struct {
		Title     string         `json:"title"     description:"A title for readers, in the status of the job and in Temporal UI."`
		Name      string         `json:"name"      description:"The name by which later steps refer to the outcome of the step."`
		Condition Condition      `json:"condition" description:"Whether to run the step."`
		OpName    string         `json:"opName"    required:"true" description:"The operation that the step runs."`
		OpParams  map[string]any `json:"opParams"  description:"The parameters of the operation."`
		Retry     map[string]any `json:"retry"     description:"The retry policy of a data operation."`
		Timeout   Duration       `json:"timeout"   description:"The time limit of each attempt of a data operation, or of a control operation as a whole."`
		OnError   OnError        `json:"onError"   description:"Whether the scenario continues if the step fails: fail (default) or continue."`
		Execution Execution      `json:"execution" description:"Where the first attempt of the step runs: auto, local or activity. Default: the scenario's."`
		TaskQueue TaskQueue      `json:"taskQueue" description:"The task queue of a data operation, which workers of its own poll. Default: that of its sources or of the app."`
	}
)

// FileFields returns the fields of a scenario's file.
func FileFields() []schema.Field { return schema.Fields[fileFields]() }

// ParameterFields returns the fields of the declaration of a parameter.
func ParameterFields() []schema.Field { return schema.Fields[parameterFields]() }

// StepFields returns the fields of a step.
func StepFields() []schema.Field { return schema.Fields[stepFields]() }

// RetryFields returns the fields of [Retry] with descriptions, which contain the defaults.
func RetryFields() []schema.Field {
	defaults := DefaultRetry()
	descriptions := map[string]string{
		"initialInterval": fmt.Sprintf("The interval before the second attempt. Default: %s.", short(defaults.InitialInterval)),
		"backoffCoefficient": fmt.Sprintf(
			"The factor by which each interval is longer than the one before, at least 1. Default: %g.",
			defaults.BackoffCoefficient),
		"maximumInterval": fmt.Sprintf("The maximum interval. Default: %s.", short(defaults.MaximumInterval)),
		"maximumAttempts": fmt.Sprintf(
			"The maximum number of attempts, up to a million. Default: %d.", defaults.MaximumAttempts),
	}

	fields := schema.Fields[Retry]()
	for i := range fields {
		fields[i].Description = descriptions[fields[i].Name]
	}

	return fields
}

// short formats a duration without zero units: 1m, not 1m0s.
func short(d Duration) string {
	text := time.Duration(d).String()

	if minutes, whole := strings.CutSuffix(text, "m0s"); whole {
		text = minutes + "m"
	}

	if hours, whole := strings.CutSuffix(text, "h0m"); whole {
		text = hours + "h"
	}

	return text
}
