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
		Description string         `json:"description" description:"What the scenario does."`
		Parameters  map[string]any `json:"parameters"  description:"The parameters that it can be run with."`
		Steps       []any          `json:"steps"       required:"true" description:"What it does, in order."`
	}

	parameterFields struct {
		Type        source.Type `json:"type"        required:"true" description:"The type of its values."`
		Default     any         `json:"default"     description:"Its value when a caller gives none; without one, a caller must."`
		Description string      `json:"description" description:"What it means."`
	}

	stepFields struct {
		Title     string         `json:"title"     description:"What people read of the step."`
		Name      string         `json:"name"      description:"The name by which later steps read its outcome."`
		Condition Condition      `json:"condition" description:"Whether to run the step: an expression that gives true or false."`
		OpName    string         `json:"opName"    required:"true" description:"The operation that the step runs."`
		OpParams  map[string]any `json:"opParams"  description:"The operation's parameters."`
		Retry     map[string]any `json:"retry"     description:"How the step is tried again, if its operation touches data."`
		Timeout   Duration       `json:"timeout"   description:"The longest that one attempt may take; of a control operation, the longest that it may take as a whole."`
		OnError   OnError        `json:"onError"   description:"What becomes of the scenario when the step fails: fail, the default, or continue."`
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
		"initialInterval": fmt.Sprintf("The wait before the second attempt, %s by default.", short(defaults.InitialInterval)),
		"backoffCoefficient": fmt.Sprintf(
			"By what each wait is longer than the one before: %g by default, 1 at least.", defaults.BackoffCoefficient),
		"maximumInterval": fmt.Sprintf("The longest wait, %s by default.", short(defaults.MaximumInterval)),
		"maximumAttempts": fmt.Sprintf(
			"How many attempts there are in all: %d by default, a million at most.", defaults.MaximumAttempts),
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
