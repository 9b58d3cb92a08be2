package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// machine runs one job: its scenario, and those that it runs inline.
type machine struct {
	Interpreter

	input    job.Input
	jobID    string
	position *Position
	root     level
	board    *board
	waiting  []*waiting
	opened   int // How many lanes run beside the first.

	room int // How many bytes of values, records and results the job can keep.
	kept int // How many it keeps; what has been let go since may be counted still.
	task int // The length of the history in this workflow task.
	sent int // How many bytes its commands hold so far.

	moving bool  // Whether this run is winding up, so that the next one can go on.
	begun  bool  // Whether this run has begun a step; one that has not makes no progress.
	work   int64 // What this run has done since it last gave control back to Temporal.
	worked int64 // What it had done by then.
}

// level is a list of steps as it runs.
type level struct {
	run      *scenarioRun
	steps    []scenario.Step
	path     string // What comes before the number of a step in its path: "4.steps.".
	instance string // The same with the rounds of loops: "4.steps[17].".
	scope    *scenario.Scope
	state    *list
}

// scenarioRun is one run of a scenario, be it the job's own or inline.
type scenarioRun struct {
	name    string
	file    string
	discard bool // Whether its results are nobody's: it runs inline with addResults: false.
}

func newMachine(ctx workflow.Context, interpreter Interpreter, input job.Input, position *Position) (*machine, error) {
	if position == nil {
		position = &Position{StartedAt: workflow.GetInfo(ctx).WorkflowStartTime, Root: newList()}
	}

	m := &machine{
		Interpreter: interpreter, input: input, jobID: workflow.GetInfo(ctx).WorkflowExecution.ID, position: position,
	}
	entry := input.Program.Scenarios[input.Program.Entry]

	if position.Steps == nil {
		position.Steps = map[string]*stepRecord{}
	}

	m.board = newBoard(input.Program, entry, position.Steps)

	program, err := json.Marshal(input)
	if err != nil {
		return nil, m.fail(failedWith(job.CodeInternal, "%v", err), err)
	}

	m.room = maxPayload - len(program) - others
	m.kept = m.room // What it keeps already is looked at first.

	if err := m.listen(ctx); err != nil {
		return nil, err
	}

	// The parameters were bound when the job was accepted. Binding them again gives each the Go type of its declaration,
	// which JSON does not carry.
	bound, err := entry.Bind(input.Parameters)
	if err != nil {
		return nil, m.fail(failedWith(job.CodeParameterInvalid, "%v", err), err)
	}

	if err := position.check(input.Program); err != nil {
		return nil, m.fail(failedWith(job.CodeInternal, "%v", err), err)
	}

	m.root = m.scenarioLevel(input.Program.Entry, entry, bound, position.Root)

	return m, nil
}

// scenarioLevel is the level of a scenario's own steps.
func (m *machine) scenarioLevel(name string, of scenario.Scenario, parameters jsonvalue.Object, state *list) level {
	outermost := scenario.NewScope(scenario.JobScope{
		ID: m.jobID, AppID: m.input.AppID, Scenario: name, StartedAt: m.position.StartedAt,
	}, m.input.Program.Variables, parameters)

	return level{
		run: &scenarioRun{name: name, file: of.File}, steps: of.Steps, state: state, scope: state.scope(outermost),
	}
}

// scope returns the scope of the list within another.
func (l *list) scope(outer *scenario.Scope) *scenario.Scope {
	if l.Names == nil {
		l.Names = jsonvalue.Object{}
	}

	if l.Steps == nil {
		l.Steps = jsonvalue.Object{}
	}

	return outer.Inner(l.Names, l.Steps)
}

// listen makes the job answer queries and take signals.
func (m *machine) listen(ctx workflow.Context) error {
	status := func() (job.Status, error) { return m.status(ctx), nil }
	options := workflow.QueryHandlerOptions{Description: "Where the job and each of its steps stand."}

	return errors.Join(workflow.SetQueryHandlerWithOptions(ctx, job.StatusQuery, status, options), m.takeSignals(ctx))
}

// Bounds of what a run does before it gives control back to Temporal, which wants it within seconds, and before it
// continues as new, so that a worker that has to replay it is done soon. Where a job does either is part of its history:
// running jobs depend on these numbers.
const (
	maxTaskWork = 2_000
	maxRunWork  = 100_000
)

// breathe lets the SDK see that the workflow is alive: a local activity that does nothing. It costs no round trip, and when
// the workflow task is about to time out, the SDK asks Temporal for another one meanwhile.
func breathe(ctx workflow.Context) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: time.Minute})

	if err := workflow.ExecuteLocalActivity(ctx, breath).Get(ctx, nil); isCancelled(err) {
		return err
	}

	return nil // That it had no time to do nothing does not matter.
}

// breath is that activity. Histories know it by its name.
func breath(context.Context) error { return nil }

// turn decides, between two steps, whether the next one begins.
func (m *machine) turn(ctx workflow.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}

	m.work++

	if m.moving || (m.begun && m.mustMove(ctx)) {
		m.moving = true

		return errMoving
	}

	m.begun = true

	if m.work-m.worked > maxTaskWork {
		m.worked = m.work

		return breathe(ctx)
	}

	return nil
}

// mustMove reports whether this run has done enough.
func (m *machine) mustMove(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)

	return info.GetContinueAsNewSuggested() || m.work > maxRunWork ||
		(m.MaxHistory > 0 && info.GetCurrentHistoryLength() >= m.MaxHistory)
}

// rest notes that the run gives control back to Temporal now, and brings up to date what operators see meanwhile.
func (m *machine) rest(ctx workflow.Context) {
	m.worked = m.work
	m.show(ctx)
}

// maxResults bounds the results of a job: the references to them are part of its position.
const maxResults = 1_000

// maxReference is how many bytes a reference to a result takes beside its key: its name and its numbers.
const maxReference = 400

// addResults adds the result sets of a step to those of the job.
func (m *machine) addResults(s *step, results ...job.Result) error {
	if s.level.run.discard {
		return nil
	}

	if len(m.position.Results)+len(results) > maxResults {
		return failedWith(job.CodeLimitExceeded, "a job returns at most %d results; store the records in a table", maxResults)
	}

	for _, result := range results {
		if err := m.keep(len(result.Inline) + len(result.Key) + maxReference); err != nil {
			return err
		}

		m.position.Results = append(m.position.Results, result)
	}

	return nil
}

// outcome is what the job has done so far.
func (m *machine) outcome() job.Outcome {
	outcome := job.Outcome{Results: append([]job.Result{}, m.position.Results...), Steps: m.board.steps()}

	// What a thousand steps with long titles and errors came to, Temporal could refuse. The results matter more.
	if encoded, err := json.Marshal(outcome); err == nil && len(encoded) > maxPayload-2*maxValue {
		outcome.Steps = []job.StepStatus{}
	}

	return outcome
}
