package scenario

import (
	"fmt"
	"slices"
	"time"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Form is a form of values that only scenarios have.
type Form string

// The forms.
const (
	FormDuration    Form = "a duration"
	FormOnError     Form = "fail or continue"
	FormExecution   Form = "auto, local or activity"
	FormTaskQueue   Form = "a name of letters, digits, dots, hyphens and underscores"
	FormCondition   Form = "true, false or an expression"
	FormSteps       Form = "a list of steps"
	FormCases       Form = "a list of cases"
	FormBranches    Form = "an object of lists of steps"
	FormIgnoreRules Form = "a list of rules"
	FormMaxRejected Form = "a number of records, or a percentage such as 1 %"
)

// String returns the form's name for messages.
func (f Form) String() string { return string(f) }

// Mismatch returns why value does not have the form, or "" if it has. subject names the value in the message.
func (f Form) Mismatch(subject string, value any) string {
	fits := false

	switch f {
	case FormDuration:
		text, _ := value.(string)
		if d, err := time.ParseDuration(text); err == nil && d > 0 {
			return ""
		}

		return fmt.Sprintf("%s must be a duration above zero such as 90s or 1h30m, but is %s", subject, jsonvalue.Describe(value))
	case FormOnError:
		fits = value == string(OnErrorFail) || value == string(OnErrorContinue)
	case FormExecution:
		text, _ := value.(string)
		fits = slices.Contains(Executions(), Execution(text))
	case FormTaskQueue:
		text, _ := value.(string)
		fits = TaskQueue(text).IsValid()
	case FormCondition:
		_, fits = value.(bool)
	case FormSteps, FormCases, FormIgnoreRules:
		_, fits = value.([]any)
	case FormMaxRejected:
		_, err := MaxRejected{Any: value}.Limit()
		fits = err == nil && value != nil
	case FormBranches:
		_, fits = value.(map[string]any)
	}

	return schema.MismatchUnless(fits, subject, f, value)
}

// Accepts reports whether the result of an expression of the given kind can have the form.
func (f Form) Accepts(kind schema.Kind) bool {
	switch f {
	case FormDuration:
		return kind == "" || kind == schema.Text
	case FormCondition:
		return kind == "" || kind == schema.Boolean
	case FormMaxRejected:
		return kind == "" || kind == schema.Integer || kind == schema.Text
	case FormOnError, FormExecution, FormTaskQueue, FormSteps, FormCases, FormBranches, FormIgnoreRules:
	}

	return kind == ""
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
