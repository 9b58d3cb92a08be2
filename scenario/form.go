package scenario

import (
	"fmt"
	"slices"
	"time"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// The forms of values that only scenarios have.
var (
	FormDuration    = schema.Form(durationForm{schema.NewForm("a duration", schema.Is[string], schema.Text)})
	FormOnError     = schema.NewForm("fail or continue", isOneOf(OnErrorFail, OnErrorContinue))
	FormExecution   = schema.NewForm("auto, local or activity", isOneOf(Executions()...))
	FormTaskQueue   = schema.NewForm("a name of letters, digits, dots, hyphens and underscores", isTaskQueue)
	FormCondition   = schema.NewForm("true, false or an expression", schema.Is[bool], schema.Boolean)
	FormSteps       = schema.NewForm("a list of steps", schema.Is[[]any])
	FormCases       = schema.NewForm("a list of cases", schema.Is[[]any])
	FormBranches    = schema.NewForm("an object of lists of steps", schema.Is[map[string]any])
	FormIgnoreRules = schema.NewForm("a list of rules", schema.Is[[]any])
	FormMaxRejected = schema.NewForm(maxRejectedForm, isMaxRejected, schema.Integer, schema.Text)
)

// durationForm is a form whose message has examples.
type durationForm struct{ schema.Form }

// Mismatch returns why value is not a duration above zero, or "" if it is. subject names the value in the message.
func (f durationForm) Mismatch(subject string, value any) string {
	text, _ := value.(string)
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return ""
	}

	return fmt.Sprintf("%s must be a duration above zero such as 90s or 1h30m, but is %s", subject, jsonvalue.Describe(value))
}

func isOneOf[T ~string](values ...T) func(value any) bool {
	return func(value any) bool {
		text, isText := value.(string)

		return isText && slices.Contains(values, T(text))
	}
}

func isTaskQueue(value any) bool {
	text, _ := value.(string)

	return TaskQueue(text).IsValid()
}

func isMaxRejected(value any) bool {
	_, err := MaxRejected{Any: value}.Limit()

	return err == nil && value != nil
}

// SchemaForm implements [schema.Typed].
func (Duration) SchemaForm() schema.Form { return FormDuration }

// SchemaForm implements [schema.Typed].
func (OnError) SchemaForm() schema.Form { return FormOnError }

// SchemaForm implements [schema.Typed].
func (Execution) SchemaForm() schema.Form { return FormExecution }

// SchemaForm implements [schema.Typed].
func (TaskQueue) SchemaForm() schema.Form { return FormTaskQueue }

// SchemaForm implements [schema.Typed].
func (Condition) SchemaForm() schema.Form { return FormCondition }

// SchemaForm implements [schema.Typed].
func (Steps) SchemaForm() schema.Form { return FormSteps }

// SchemaForm implements [schema.Typed].
func (Cases) SchemaForm() schema.Form { return FormCases }

// SchemaForm implements [schema.Typed].
func (Branches) SchemaForm() schema.Form { return FormBranches }

// SchemaForm implements [schema.Typed].
func (IgnoreRules) SchemaForm() schema.Form { return FormIgnoreRules }

// HasSteps reports whether values of the form contain lists of steps, which become blocks of a step.
func HasSteps(form schema.Form) bool {
	return form == FormSteps || form == FormCases || form == FormBranches
}
