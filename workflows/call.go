package workflows

import (
	"errors"
	"fmt"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// maxDepth bounds how deep jobs may start each other.
const maxDepth = 16

// runScenario runs another scenario, as a child job or within this one.
func (m *machine) runScenario(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	if s.frame.Params == nil {
		if err := m.settle(ctx, s); err != nil {
			return nil, err
		}
	}

	name, _ := s.frame.Params["scenario"].(string)
	given, _ := s.frame.Params["parameters"].(map[string]any)

	called, ok := m.input.Program.Scenarios[name]
	if !ok {
		return nil, failedWith(job.CodeInternal, "the job's program has no scenario %s", name)
	}

	bound, err := called.Bind(given)
	if err != nil {
		return nil, failedWith(job.CodeParameterInvalid, "%v", err)
	}

	if s.frame.Params["inline"] == true {
		return m.inline(ctx, s, name, called, bound)
	}

	return m.child(ctx, s, name, bound)
}

// inline runs the scenario within this job.
func (m *machine) inline(
	ctx workflow.Context, s *step, name string, called scenario.Scenario, parameters jsonvalue.Object,
) (jsonvalue.Object, error) {
	if s.frame.List == nil {
		s.frame.enter(name)
	}

	inner := m.scenarioLevel(name, called, parameters, s.frame.List)
	inner.run.discard = s.level.run.discard || s.frame.Params["addResults"] == false
	inner.path = fmt.Sprintf("%s.%s.", s.path, name)
	inner.instance = fmt.Sprintf("%s.%s.", s.instance, name)

	err := m.list(ctx, inner)

	if returns, ok := errors.AsType[*returned](err); ok {
		return jsonvalue.Object{"value": returns.value}, nil
	}

	return nil, err
}

// child runs the scenario as a job of its own, whose ID is that of this job with the step's path.
func (m *machine) child(ctx workflow.Context, s *step, name string, parameters jsonvalue.Object) (jsonvalue.Object, error) {
	if m.input.Depth+1 > maxDepth {
		return nil, failedWith(job.CodeCallTooDeep,
			"scenarios run each other more than %d deep; give the recursion a condition that ends it", maxDepth)
	}

	program, err := m.input.Program.Reachable(name)
	if err != nil {
		return nil, failedWith(job.CodeInternal, "%v", err)
	}

	childID := m.jobID + "/" + s.instance
	m.board.child(s.path, childID)
	m.rest(ctx)

	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            childID,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, // After a reset of this job by an operator.
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		WaitForCancellation:   true, // A job ends when its work has ended.
		Memo:                  map[string]any{job.MemoAppID: m.input.AppID},
		TypedSearchAttributes: temporal.NewSearchAttributes(
			job.AppAttribute.ValueSet(m.input.AppID), job.ScenarioAttribute.ValueSet(name)),
		StaticSummary: fmt.Sprintf("%s · app %s", name, m.input.AppID),
		StaticDetails: program.Scenarios[name].Description,
	})

	input := job.Input{AppID: m.input.AppID, Program: program, Parameters: parameters, Depth: m.input.Depth + 1}

	if err := m.send(ctx, input); err != nil {
		return nil, err
	}

	var outcome job.Outcome

	err = workflow.ExecuteChildWorkflow(ctx, job.Workflow, input).Get(ctx, &outcome)
	if err != nil {
		outcome, err = childFailure(ctx, err)
	}

	if s.frame.Params["addResults"] != false {
		err = errors.Join(err, m.addResults(s, outcome.Results...))
	}

	returns := jsonvalue.Object{}
	if outcome.Value != nil {
		returns["value"] = outcome.Value.Any
	}

	return returns, err
}

// childFailure says how a child job ended that did not complete, and what it had done by then.
func childFailure(ctx workflow.Context, err error) (job.Outcome, error) {
	var (
		application *temporal.ApplicationError
		cancelled   *temporal.CanceledError
		terminated  *temporal.TerminatedError
		failure     job.Failure
		outcome     job.Outcome
	)

	switch {
	case errors.As(err, &cancelled):
		if cancelled.HasDetails() {
			if err := cancelled.Details(&outcome); err != nil {
				return outcome, err
			}
		}

		if ctx.Err() == nil {
			err = failedWith(job.CodeChildStopped, "the job that it started was stopped")
		}
	case errors.As(err, &terminated):
		err = failedWith(job.CodeChildStopped, "the job that it started was terminated by an operator")
	case errors.As(err, &application) && application.HasDetails():
		if err := application.Details(&failure); err != nil {
			return outcome, err
		}

		return failure.Outcome, failureOf(failure)
	}

	return outcome, err
}

// failureOf is the failure with which a child job ended. The step that failed is the child's.
func failureOf(ended job.Failure) *failure {
	failed := &failure{
		Code: ended.Code, Message: ended.Message, Attempts: ended.Attempts, Trace: ended.Trace, Causes: ended.Causes,
	}

	if ended.Step != nil {
		failed.Step = *ended.Step
		failed.Message = strings.TrimPrefix(ended.Message, ended.Step.String()+": ")
	}

	return failed
}
