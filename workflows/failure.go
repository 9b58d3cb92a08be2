package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// endStep notes how the step at index ended without success, and returns the error with which the job ends.
func (r *run) endStep(ctx workflow.Context, index int, err error) error {
	step, status := r.scenario.Steps[index], &r.steps[index]

	if temporal.IsCanceledError(err) {
		status.State = job.StepStopped
		r.showDetails(ctx)

		return temporal.NewCanceledError(r.outcome())
	}

	place := job.StepPlace{
		AppID: r.input.AppID, Scenario: r.input.Program.Entry, File: r.scenario.File, Line: step.Line,
		Path: status.Path, Title: status.Title, Name: step.Name, OpName: step.OpName,
	}

	failure := describe(err)
	failure.Step = &place

	status.State, status.LastError, status.Attempt = job.StepFailed, failure.Message, failure.Attempts
	failure.Message = fmt.Sprintf("%s: %s", place, failure.Message)

	r.showDetails(ctx)

	return r.failure(failure, err)
}

// failure is the error with which the job ends: the code as its type, and what was done so far in its detail.
func (r *run) failure(failure job.Failure, cause error) error {
	failure.Outcome = r.outcome()

	return temporal.NewApplicationErrorWithOptions(failure.Message, failure.Code, temporal.ApplicationErrorOptions{
		NonRetryable: true,
		Cause:        cause,
		Details:      []any{failure},
	})
}

// describe says what a step's error means.
func describe(err error) job.Failure {
	var (
		problems    scenario.Problems
		application *temporal.ApplicationError
		timeout     *temporal.TimeoutError
	)

	switch {
	case errors.As(err, &problems):
		return job.Failure{Code: job.CodeParameterInvalid, Message: problems.Error()}
	case errors.As(err, &application):
		failure := job.Failure{Code: application.Type(), Message: application.Message()}

		var detail job.ErrorDetail
		if application.HasDetails() && application.Details(&detail) == nil {
			failure.Attempts = detail.Attempt
		}

		return failure
	case errors.As(err, &timeout):
		return job.Failure{
			Code:    job.CodeStepTimedOut,
			Message: fmt.Sprintf("no attempt ended in time (%s timeout)", timeout.TimeoutType()),
		}
	}

	return job.Failure{Code: job.CodeInternal, Message: err.Error()}
}
