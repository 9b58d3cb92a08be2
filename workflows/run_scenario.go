package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// RunScenario is the workflow of every job: it runs the program's entry, step by step. It returns what the job leaves
// behind. When the job fails, it ends with an application error whose type is the failure's code and whose detail is a
// [job.Failure]; when it is cancelled, with a cancellation whose detail is the [job.Outcome] so far.
func RunScenario(ctx workflow.Context, input job.Input) (*job.Outcome, error) {
	r, err := newRun(ctx, input)
	if err != nil {
		return nil, err
	}

	for i := range r.scenario.Steps {
		if err := r.step(ctx, i); err != nil {
			return nil, err
		}
	}

	outcome := r.outcome()

	return &outcome, nil
}

// run is one execution of a scenario.
type run struct {
	input    job.Input
	jobID    string
	scenario scenario.Scenario
	scope    *scenario.Scope
	steps    []job.StepStatus
	results  []job.Result
}

func newRun(ctx workflow.Context, input job.Input) (*run, error) {
	r := &run{
		input:    input,
		jobID:    workflow.GetInfo(ctx).WorkflowExecution.ID,
		scenario: input.Program.Scenarios[input.Program.Entry],
		results:  []job.Result{},
	}

	for i, step := range r.scenario.Steps {
		r.steps = append(r.steps, job.StepStatus{
			Path: stepPath(i), Title: step.DisplayTitle(), Name: step.Name, OpName: step.OpName, State: job.StepPending,
		})
	}

	handler := func() (job.Status, error) { return r.status(ctx), nil }
	options := workflow.QueryHandlerOptions{Description: "Where the job and each of its steps stand."}

	if err := workflow.SetQueryHandlerWithOptions(ctx, job.StatusQuery, handler, options); err != nil {
		return nil, err
	}

	// The parameters were bound when the job was accepted. Binding them again gives each the Go type of its declaration,
	// which JSON does not carry.
	bound, err := r.scenario.Bind(input.Parameters)
	if err != nil {
		return nil, r.failure(job.Failure{Code: job.CodeParameterInvalid, Message: err.Error()}, err)
	}

	r.scope = scenario.NewScope(r.scenario.Parameters, bound, scenario.JobScope{
		ID: r.jobID, AppID: input.AppID, Scenario: input.Program.Entry,
	})

	return r, nil
}

// step runs the step at index and makes its outcome known to the steps after it.
func (r *run) step(ctx workflow.Context, index int) error {
	step, status := r.scenario.Steps[index], &r.steps[index]

	started := workflow.Now(ctx)
	status.State, status.StartedAt = job.StepRunning, &started

	r.showDetails(ctx)

	outcome, err := r.dataStep(ctx, step, status.Path)

	ended := workflow.Now(ctx)
	status.EndedAt = &ended

	if err != nil {
		return r.endStep(ctx, index, err)
	}

	status.State, status.Rows = job.StepCompleted, outcome.Rows
	if outcome.Result != nil {
		r.results = append(r.results, *outcome.Result)
	}

	r.scope.AddStep(step.Name, scenario.StepScope{Rows: outcome.Rows, DurationMs: ended.Sub(started).Milliseconds()})
	r.showDetails(ctx)

	return nil
}

// outcome is what the job has done so far.
func (r *run) outcome() job.Outcome { return job.Outcome{Results: r.results, Steps: r.steps} }
