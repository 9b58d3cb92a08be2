package scenario

import (
	"slices"
	"sync"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// stepOutcome is the part of a step's outcome that all operations have. Expressions read it as steps.<name>.rows and so on.
type stepOutcome struct {
	Status     string `json:"status" description:"completed, failed or skipped."`
	Rows       int    `json:"rows" description:"The number of records that the step wrote or returned."`
	Value      any    `json:"value" description:"The value of the step: the records of a Transform with returnValue, the data of a signal, or the value that a scenario returned."`
	DurationMs int    `json:"durationMs" description:"The duration of the step in milliseconds."`
	Error      any    `json:"error" description:"The error of a failed step, or nil: an object with code, message, attempts, cause, and step, which has path, title, name, opName, scenario, file and line."`
}

// OutcomeFields returns the fields of an outcome that all operations have.
func OutcomeFields() []schema.Field { return outcomeFields() }

var outcomeFields = sync.OnceValue(schema.Fields[stepOutcome])

// EmptyOutcome returns the outcome of a step that was skipped or failed: every field has the zero value of its form.
func EmptyOutcome(opName string) jsonvalue.Object {
	operation, _ := OperationNamed(opName)
	outcome := jsonvalue.Object{}

	for _, field := range slices.Concat(OutcomeFields(), operation.Outcome) {
		outcome[field.Name] = zero(field.Form)
	}

	return outcome
}

func zero(form schema.Form) any {
	switch form {
	case schema.Text:
		return ""
	case schema.Integer:
		return int64(0)
	case schema.List:
		return []any{}
	default:
		return nil
	}
}
