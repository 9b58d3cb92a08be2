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

// A list of steps ends with nil when its last step has ended, or with one of: errMoving, a *returned, a *failure, or
// Temporal's cancellation.

// errMoving ends everything without undoing anything: the position says where it goes on, in the next run.
var errMoving = errors.New("the job continues as new")

// returned ends a scenario, with the value that a Return gave.
type returned struct{ value any }

func (r *returned) Error() string { return "the scenario returns" }

// failure is why a step failed: what a catch reads of it and, where nothing catches it, what its job ends with.
type failure struct {
	Code     string        `json:"code"`
	Message  string        `json:"message"`
	Attempts int32         `json:"attempts,omitempty"`
	Causes   []string      `json:"causes,omitempty"` // The failures that led to this one, the nearest first.
	Step     job.StepPlace `json:"step"`
	Trace    []string      `json:"trace,omitempty"` // The places from the step that failed to the outermost one around it.
}

func (f *failure) Error() string { return f.Message }

// Bounds of what is kept of an error, so that a position with a hundred of them stays small.
const (
	maxMessage = 2 << 10
	maxTrace   = 20
	maxCauses  = 10
)

// failedWith is a failure that the interpreter finds itself.
func failedWith(code, format string, arguments ...any) *failure {
	return &failure{Code: code, Message: shorten(fmt.Sprintf(format, arguments...), maxMessage)}
}

// shorten cuts a text that is longer than most bytes, and says so.
func shorten(text string, most int) string {
	const mark = " … (shortened)"
	if len(text) <= most {
		return text
	}

	return strings.ToValidUTF8(text[:most-len(mark)], "") + mark
}

// isCancelled reports whether steps ended because they were told to stop.
func isCancelled(err error) bool { return temporal.IsCanceledError(err) }

// asFailure says what an error means that a step ended with; false for one that is no failure.
func asFailure(err error) (*failure, bool) {
	var (
		known       *failure
		returns     *returned
		problems    problem.List
		application *temporal.ApplicationError
		timeout     *temporal.TimeoutError
	)

	switch {
	case err == nil, errors.Is(err, errMoving), errors.As(err, &returns), isCancelled(err):
		return nil, false
	case errors.As(err, &known):
		return known, true
	case errors.As(err, &problems):
		return failedWith(job.CodeParameterInvalid, "%s", problems.Error()), true
	case errors.As(err, &application):
		found := failedWith(application.Type(), "%s", application.Message())

		var detail job.ErrorDetail
		if application.HasDetails() && application.Details(&detail) == nil {
			found.Attempts = detail.Attempt
		}

		return found, true
	case errors.As(err, &timeout):
		return failedWith(job.CodeStepTimedOut, "no attempt ended in time (%s timeout)", timeout.TimeoutType()), true
	}

	return failedWith(job.CodeInternal, "%s", err.Error()), true
}

// at adds to a failure the step that it passes on its way out. The innermost one is the step that failed.
func (f *failure) at(place job.StepPlace) {
	if f.Step.Path == "" {
		f.Step = place
	}

	if len(f.Trace) < maxTrace {
		f.Trace = append(f.Trace, place.String())
	}
}

// because adds the failures that led to this one, the nearest first.
func (f *failure) because(causes ...*failure) {
	for _, cause := range causes {
		for _, told := range append([]string{cause.placed()}, cause.Causes...) {
			if len(f.Causes) < maxCauses {
				f.Causes = append(f.Causes, told)
			}
		}
	}
}

// placed tells the failure, and where it arose.
func (f *failure) placed() string {
	if f.Step.Path == "" {
		return f.Message
	}

	return f.Step.String() + ": " + f.Message
}

// stackTrace tells the places of a failure, a line each.
func (f *failure) stackTrace() string {
	return f.Code + ": " + f.Message + "\n\tat " + strings.Join(f.Trace, "\n\tat ")
}

// object is the failure as expressions read it.
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

// keep turns what steps ended with into what a position can hold.
func keep(err error) *ending {
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

// err is the error that keep was given.
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
