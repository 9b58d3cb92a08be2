package workflows

import (
	"errors"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// machine runs one job: its scenario, and those that it runs inline.
type machine struct {
	Interpreter

	input       job.Input
	jobID       string
	checkpoint  *Checkpoint
	root        level
	tracker     *stepTracker
	parameters  string            // The job's parameters, for operators.
	versions    map[string]string // The versions of the programs of child jobs, by their entries.
	signalWaits []*signalWait
	isStopping  func() bool // Whether the job was cancelled.
	stoppedBy   string      // The access that stops the job, if this run was cancelled.
	slots       int         // Concurrency slots in use, beside the first.
	isQueued    bool        // Whether the job waits for a slot of its app.

	startAwaitingStop func() // See awaitStop; nil once it was called.

	slotRequests int // How often this run has requested a slot of a source.

	capacity int // Bytes of values, records and results that the checkpoint can store; 0 before it is measured.
	stored   int // Bytes that it stores, or has stored since it was last measured.
	task     task

	continuing    bool // Whether this run ends, so that the job continues in the next one.
	isAskedToMove bool // Whether an operator wants the job to continue in the current version of the workers.

	begun       bool  // Whether this run has begun a step; a run that has not makes no progress.
	work        int64 // Work of this run: steps, and the cost of expressions.
	workAtYield int64 // Work up to the last time that the run gave control back to Temporal.
}

// level is a list of steps that runs.
type level struct {
	run      *scenarioRun
	steps    []scenario.Step
	path     string // The prefix of the path of each step: "4.steps.".
	instance string // The same with the rounds of loops: "4.steps[17].".
	scope    *scenario.Scope
	state    *list
}

// scenarioRun is one run of a scenario, the job's own or inline.
type scenarioRun struct {
	name           string
	file           string
	execution      scenario.Execution
	discardResults bool // Whether it runs inline with addResults: false.
}

func newMachine(
	ctx workflow.Context, interpreter Interpreter, input job.Input, checkpoint *Checkpoint,
) (*machine, error) {
	if checkpoint == nil {
		checkpoint = &Checkpoint{StartedAt: workflow.GetInfo(ctx).WorkflowStartTime, Root: newList()}
	}

	m := &machine{
		Interpreter: interpreter, input: input, jobID: workflow.GetInfo(ctx).WorkflowExecution.ID, checkpoint: checkpoint,
		parameters: shownParameters(job.HideSecrets(input.Parameters)), versions: map[string]string{},
	}
	if checkpoint.StartedAt.IsZero() { // The job continues another one.
		checkpoint.StartedAt = workflow.GetInfo(ctx).WorkflowStartTime
	}

	m.isStopping = func() bool { return ctx.Err() != nil || m.checkpoint.Stopping }

	entry := input.Program.Scenarios[input.Program.Entry]

	if checkpoint.Steps == nil {
		checkpoint.Steps = map[string]*stepRecord{}
	}

	m.tracker = newStepTracker(input.Program, entry, checkpoint.Steps)

	if err := m.listen(ctx); err != nil {
		return nil, err
	}

	// The parameters were bound when the job was accepted. Binding them again gives each the Go type of its declaration,
	// which JSON does not carry.
	bound, err := entry.Bind(input.Parameters)
	if err != nil {
		return nil, m.fail(failedWith(job.CodeParameterInvalid, "%v", err), err)
	}

	if err := checkpoint.validate(input.Program); err != nil {
		return nil, m.fail(failedWith(job.CodeInternal, "%v", err), err)
	}

	m.root = m.scenarioLevel(input.Program.Entry, entry, bound, checkpoint.Root)
	m.Recording.begin(m)

	return m, nil
}

// scenarioLevel returns the level of a scenario's own steps.
func (m *machine) scenarioLevel(
	name string, definition scenario.Scenario, parameters jsonvalue.Object, state *list,
) level {
	first := m.first()
	outermost := scenario.NewScope(scenario.JobScope{
		ID: first.ID, AppID: m.input.AppID, Scenario: name, StartedAt: first.StartedAt,
	}, m.input.Program.Variables, parameters)

	return level{
		run:   &scenarioRun{name: name, file: definition.File, execution: definition.Execution},
		steps: definition.Steps, state: state, scope: state.scope(outermost),
	}
}

// first returns the job as expressions read it: this one, or the first of the jobs that it continues.
func (m *machine) first() continued {
	if m.checkpoint.Continued != nil {
		return *m.checkpoint.Continued
	}

	return continued{ID: m.jobID, StartedAt: m.checkpoint.StartedAt}
}

// listen sets the handlers of queries and signals.
func (m *machine) listen(ctx workflow.Context) error {
	status := func() (job.Status, error) { return m.status(), nil }
	options := workflow.QueryHandlerOptions{Description: "The status of the job and of each of its steps."}

	return errors.Join(
		workflow.SetQueryHandlerWithOptions(ctx, job.StatusQuery, status, options), m.acceptSignals(ctx), m.acceptPauses(ctx))
}

// status answers the status query.
func (m *machine) status() job.Status {
	status := job.Status{
		State: job.Running, StartedAt: m.checkpoint.StartedAt, Parameters: m.input.Parameters, Steps: m.tracker.statuses(),
	}
	if m.isQueued {
		status.State = job.Queued
	}

	switch paused := m.paused(); {
	case m.isStopping():
		status.State, status.StoppedBy = job.Stopping, m.stoppedBy
	case paused != nil:
		status.State, status.Paused = job.Paused, paused
	}

	for _, wait := range m.signalWaits {
		status.Signals = append(status.Signals, wait.AwaitedSignal)
	}

	return status
}
