package workflows

import (
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// A list of steps ends with nil after its last step, or with one of: errContinueAsNew, a *returned, a *failure, or
// Temporal's cancellation.

// errContinueAsNew ends all steps without undoing anything: the checkpoint has the state in which the next run continues.
var errContinueAsNew = errors.New("the job continues as new")

// returned ends a scenario, with the value of its Return.
type returned struct{ value any }

func (r *returned) Error() string { return "the scenario returns" }

// failure is the error of a step: a catch reads it, or it fails the job.
type failure struct {
	Code     string        `json:"code"`
	Message  string        `json:"message"`
	Attempts int32         `json:"attempts,omitempty"`
	Rejected int64         `json:"rejected,omitempty"` // Records that the step has rejected.
	Causes   []string      `json:"causes,omitempty"`   // The failures that led to this one, the nearest first.
	Step     job.StepPlace `json:"step"`
	Trace    []string      `json:"trace,omitempty"` // The places from the step that failed to the outermost one around it.

	number int // Its number in a [Recording], from 1.
}

func (f *failure) Error() string { return f.Message }

// Bounds of a failure in the checkpoint, which may contain a hundred of them.
const (
	maxMessage = 2 << 10
	maxTrace   = 20
	maxCauses  = 10
)

// failedWith returns a failure that the interpreter detects itself.
func failedWith(code, format string, arguments ...any) *failure {
	return &failure{Code: code, Message: shorten(fmt.Sprintf(format, arguments...), maxMessage)}
}

// shorten cuts a text to most bytes, and marks it as shortened.
func shorten(text string, most int) string {
	const mark = " … (shortened)"
	if len(text) <= most {
		return text
	}

	return strings.ToValidUTF8(text[:most-len(mark)], "") + mark
}

// isCancelled reports whether an error is a cancellation.
func isCancelled(err error) bool { return temporal.IsCanceledError(err) }

// asFailure returns an error of a step as a failure; false if it is none.
func asFailure(err error) (*failure, bool) {
	var (
		failed      *failure
		returns     *returned
		problems    problem.List
		application *temporal.ApplicationError
		timeout     *temporal.TimeoutError
	)

	switch {
	case err == nil, errors.Is(err, errContinueAsNew), errors.As(err, &returns), isCancelled(err):
		return nil, false
	case errors.As(err, &failed):
		return failed, true
	case errors.As(err, &problems):
		return failedWith(job.CodeParameterInvalid, "%s", problems.Error()), true
	case errors.As(err, &application):
		failed = failedWith(application.Type(), "%s", application.Message())

		var detail job.ErrorDetail
		if application.HasDetails() && application.Details(&detail) == nil {
			failed.Attempts, failed.Rejected = detail.Attempt, detail.Rejected
		}

		return failed, true
	case errors.As(err, &timeout):
		return failedWith(job.CodeStepTimedOut, "no attempt ended in time (%s timeout)", timeout.TimeoutType()), true
	}

	return failedWith(job.CodeInternal, "%s", err.Error()), true
}

// addPlace adds a step to a failure that passes it on its way out. The innermost one is the step that failed.
func (f *failure) addPlace(place job.StepPlace) {
	if f.Step.Path == "" {
		f.Step = place
	}

	if len(f.Trace) < maxTrace {
		f.Trace = append(f.Trace, place.String())
	}
}

// addCauses adds the failures that led to this one, the nearest first.
func (f *failure) addCauses(causes ...*failure) {
	for _, cause := range causes {
		for _, text := range append([]string{cause.withPlace()}, cause.Causes...) {
			if len(f.Causes) < maxCauses {
				f.Causes = append(f.Causes, text)
			}
		}
	}
}

// withPlace returns the message, with the step that failed before it.
func (f *failure) withPlace() string {
	if f.Step.Path == "" {
		return f.Message
	}

	return f.Step.String() + ": " + f.Message
}

// stackTrace returns the code, the message and the places of a failure, a place a line.
func (f *failure) stackTrace() string {
	return f.Code + ": " + f.Message + "\n\tat " + strings.Join(f.Trace, "\n\tat ")
}

// object returns the failure as expressions read it.
func (f *failure) object() map[string]any {
	cause := ""
	if len(f.Causes) > 0 {
		cause = f.Causes[0]
	}

	return map[string]any{
		"code": f.Code, "message": f.Message, "attempts": int64(f.Attempts), "cause": cause,
		"step": map[string]any{
			"path": f.Step.Path, "title": f.Step.Title, "name": f.Step.Name, "opName": f.Step.OpName,
			"scenario": f.Step.Scenario, "file": f.Step.File, "line": int64(f.Step.Line),
		},
	}
}

// endingOf returns the error of a list of steps in a form that a checkpoint can store.
func endingOf(err error) *ending {
	var returns *returned

	failed, isFailure := asFailure(err)

	switch {
	case err == nil:
		return &ending{}
	case errors.As(err, &returns):
		return &ending{Returns: true, Value: jsonvalue.Value{Any: returns.value}}
	case isFailure:
		return &ending{Failure: failed}
	default:
		return &ending{Stopped: true}
	}
}

// err returns the error that endingOf was called with.
func (e *ending) err() error {
	switch {
	case e.Returns:
		return &returned{value: e.Value.Any}
	case e.Failure != nil:
		return e.Failure
	case e.Stopped:
		return temporal.NewCanceledError()
	}

	return nil
}
