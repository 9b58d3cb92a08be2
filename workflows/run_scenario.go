package workflows

import (
	"encoding/json"
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

// maxDepth bounds the nesting of child jobs.
const maxDepth = 16

// runScenario runs another scenario, as a child job or within this one.
func (m *machine) runScenario(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	params, err := resolveOnce[scenario.RunScenario](m, ctx, s)
	if err != nil {
		return nil, err
	}

	called, ok := m.input.Program.Scenarios[params.Scenario]
	if !ok {
		return nil, failedWith(job.CodeInternal, "the job's program has no scenario %s", params.Scenario)
	}

	bound, err := called.Bind(params.Parameters)
	if err != nil {
		return nil, failedWith(job.CodeParameterInvalid, "%v", err)
	}

	addsResults := params.AddResults == nil || *params.AddResults
	if params.Inline {
		return m.runInline(ctx, s, inlineCall{
			name: params.Scenario, definition: called, parameters: bound, addsResults: addsResults,
		})
	}

	return m.runChild(ctx, s, params.Scenario, bound, addsResults)
}

// inlineCall is a scenario that runs within the job of another.
type inlineCall struct {
	name        string
	definition  scenario.Scenario
	parameters  jsonvalue.Object
	addsResults bool
}

// runInline runs a scenario within this job.
func (m *machine) runInline(ctx workflow.Context, s *step, call inlineCall) (jsonvalue.Object, error) {
	if s.frame.List == nil {
		s.frame.enter(call.name)
	}

	inner := m.scenarioLevel(call.name, call.definition, call.parameters, s.frame.List)
	inner.run.discardResults = s.level.run.discardResults || !call.addsResults
	inner.path = fmt.Sprintf("%s.%s.", s.path, call.name)
	inner.instance = fmt.Sprintf("%s.%s.", s.instance, call.name)

	err := m.runList(ctx, inner)

	if returns, ok := errors.AsType[*returned](err); ok {
		return jsonvalue.Object{"value": returns.value}, nil
	}

	return nil, err
}

// runChild runs a scenario as a child job, whose ID is this job's ID with the step's path.
func (m *machine) runChild(
	ctx workflow.Context, s *step, name string, parameters jsonvalue.Object, addsResults bool,
) (jsonvalue.Object, error) {
	if m.input.Depth+1 > maxDepth {
		return nil, failedWith(job.CodeCallTooDeep,
			"scenarios run each other more than %d deep; give the recursion a condition that ends it", maxDepth)
	}

	program, err := m.input.Program.Reachable(name)
	if err != nil {
		return nil, failedWith(job.CodeInternal, "%v", err)
	}

	input := job.Input{
		Scenario: name, Parameters: parameters, Caller: m.input.Caller, Labels: m.input.Labels, AppID: m.input.AppID,
		Listeners: m.input.Listeners.OfChild(),
		Depth:     m.input.Depth + 1, Secrets: m.input.Secrets, Program: program,
	}

	memo := input.Memo(true)
	if memo[job.MemoProgramVersion], err = m.programVersion(program); err != nil {
		return nil, failedWith(job.CodeInternal, "%v", err)
	}

	childID := m.jobID + "/" + s.instance
	m.tracker.setChild(s.path, childID)
	m.beforeBlocking(ctx)

	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            childID,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, // After a reset of this job by an operator.
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		WaitForCancellation:   true, // A job ends after its children.
		Memo:                  memo,
		TypedSearchAttributes: input.Attributes(true, workflow.Now(ctx)),
		StaticSummary:         input.Summary(),
		StaticDetails:         program.Scenarios[name].Description,
	})

	encoded, err := encodeArguments(input)
	if err == nil {
		err = m.reserveCommand(ctx, len(encoded))
	}

	if err != nil {
		return nil, err
	}

	var outcome job.Outcome

	err = workflow.ExecuteChildWorkflow(ctx, job.Workflow, m.childArguments(s, input)...).Get(ctx, &outcome)
	if err != nil {
		outcome, err = childFailure(ctx, err)
	}

	if addsResults {
		err = errors.Join(err, m.addResults(s, outcome.Results...))
	}

	returns := jsonvalue.Object{}
	if outcome.Value != nil {
		returns["value"] = outcome.Value.Any
	}

	return returns, err
}

// programVersion returns the version of the program of a child job, which is the same for all children with that entry.
func (m *machine) programVersion(program scenario.Program) (string, error) {
	if known, ok := m.versions[program.Entry]; ok {
		return known, nil
	}

	encoded, err := json.Marshal(program)
	if err != nil {
		return "", err
	}

	m.versions[program.Entry] = job.ProgramVersion(encoded)

	return m.versions[program.Entry], nil
}

// childArguments returns the arguments of a child job: its input and, if an earlier job has begun it, where it continues.
func (m *machine) childArguments(s *step, input job.Input) []any {
	if checkpoint, ok := m.checkpoint.Children[s.instance]; ok {
		return []any{input, checkpoint}
	}

	return []any{input}
}

// childFailure returns the failure of a child job that did not complete, and its outcome until then.
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

// failureOf returns the failure of a child job. The step that failed is the child's.
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
