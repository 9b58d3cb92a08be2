package scenariotest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/workflows"
)

// Options say how a test is run.
type Options struct {
	AppID string // What the job takes for its app.

	// MaxHistory is the number of events after which a run of the job continues as new; 0 for as many as Temporal wants.
	MaxHistory int
}

// Report is how a test went.
type Report struct {
	Differences []string      // What is not as expected, a line each; none where the test passes.
	Duration    time.Duration // How long the job took, by its own clock.
	Runs        int           // How often it continued as new.
	Outcome     Outcome
}

// Outcome is what came of a job.
type Outcome struct {
	Problems  scenario.Problems // Why it could not start.
	Status    job.State
	Code      string
	Message   string
	Value     *scenario.Value
	Results   []string
	Trace     []string // Which steps ended, in order, and how.
	Begun     []string // Which steps began, in order.
	Steps     []job.StepStatus
	Variables scenario.Params // Of the app.
	Calls     map[string]int  // How often each step called what it stands for, by its path.
	Attempts  map[string]int  // The same with what was tried again.
}

// Bounds of a test: a job that waits longer waits for ever, and one that computes longer hangs.
const (
	longest     = 10 * 365 * 24 * time.Hour
	testTimeout = time.Minute
	maxRuns     = 2_000
)

// Run runs the test. Scenarios come from the library, unless the file of the test holds them itself. The error is one of
// the library's.
func (c Case) Run(ctx context.Context, library scenario.Library, options Options) (Report, error) {
	if c.library != nil {
		library = *c.library
	}

	program, parameters, err := c.program(library)

	var report Report
	if errors.As(err, &report.Outcome.Problems) {
		report.Differences = c.form.Expect.compareProblems(report.Outcome.Problems)

		return report, nil
	}

	if err != nil {
		return report, err
	}

	r := newRun(c.form, options)
	r.world.checkMocks(program)

	if err := r.run(ctx, job.Input{AppID: options.AppID, Program: program, Parameters: parameters}); err != nil {
		return report, err
	}

	return r.report(), nil
}

// program returns what the job runs, with values for its parameters.
func (c Case) program(library scenario.Library) (scenario.Program, scenario.Params, error) {
	entry, err := library.Load(c.form.Scenario)
	if errors.Is(err, scenario.ErrUnknown) {
		return scenario.Program{}, nil, fmt.Errorf("%s:%d: there is no scenario %s; %s", c.File, c.Line, c.form.Scenario,
			scenario.Suggest(c.form.Scenario, library.Names))
	}

	if err != nil {
		return scenario.Program{}, nil, err
	}

	program, err := scenario.NewProgram(c.form.Scenario, entry, library)
	if err != nil {
		return program, nil, err
	}

	parameters, err := program.Scenarios[program.Entry].Bind(scenario.Params(c.form.Parameters))

	return program, parameters, err
}

// jobRun is a job as it is tested, over all its runs.
type jobRun struct {
	form    caseForm
	options Options
	world   *world
	clock   time.Time // Where the run before ended.

	told    []bool // Which signals the job has taken or refused.
	stopped bool   // Whether it was told to stop.
	endless bool   // Whether it was told to stop because it would never end.

	runs int
	err  error // What the last run ended with.
	last job.Outcome
}

func newRun(form caseForm, options Options) *jobRun {
	r := &jobRun{form: form, options: options, clock: form.start(), told: make([]bool, len(form.Signals))}
	r.world = &world{
		places: map[string][]place{}, variables: scenario.Params{}, set: map[string]bool{},
		aside: map[string][]scenario.Params{}, calls: map[string]int{}, attempts: map[string]int{},
	}

	maps.Copy(r.world.variables, scenario.Params(form.Variables))

	for _, form := range form.Mocks {
		r.world.mocks = append(r.world.mocks, &mock{mockForm: form})
	}

	return r
}

// run runs the job, and goes on for as long as it continues as new.
func (r *jobRun) run(ctx context.Context, input job.Input) error {
	var position *workflows.Position

	for r.runs < maxRuns {
		if err := ctx.Err(); err != nil {
			return err
		}

		if err := r.once(input, position); err != nil {
			return err
		}

		next, moves := errors.AsType[*workflow.ContinueAsNewError](r.err)
		if !moves {
			return nil
		}

		r.runs++
		position = nil

		if err := converter.GetDefaultDataConverter().FromPayloads(next.Input, &input, &position); err != nil {
			return err
		}

		// Temporal gives the next run what the one before did not see any more.
		if !r.world.sawStop {
			r.stopped, r.endless = false, false
		}
	}

	r.world.differf("the job continued as new %d times without an end", r.runs)

	return nil
}

// once runs the job in an environment of its own, until it ends or continues as new.
func (r *jobRun) once(input job.Input, position *workflows.Position) (err error) {
	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))

	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&workers{world: r.world}},
		DeadlockDetectionTimeout: testTimeout, // Of the machine's own time, which others use too.
	})
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: jobID, TaskQueue: job.TaskQueue})
	env.SetTestTimeout(testTimeout)
	env.SetStartTime(r.clock)

	interpreter := workflows.Interpreter{MaxHistory: r.options.MaxHistory, Observe: r.observe}
	env.RegisterWorkflowWithOptions(interpreter.RunScenario, workflow.RegisterOptions{Name: job.Workflow})

	r.world.history, r.world.setHistory = 0, env.SetCurrentHistoryLength
	r.world.setHistory(firstEvents)
	r.world.history = firstEvents

	r.schedule(env)

	// The environment panics with the stack of a workflow that hangs.
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the job hangs: %v", cause)
		}
	}()

	env.ExecuteWorkflow(job.Workflow, input, position)

	r.clock, r.err = env.Now(), env.GetWorkflowError()
	if r.err == nil {
		return env.GetWorkflowResult(&r.last)
	}

	return nil
}

// firstEvents are those that begin every history.
const firstEvents = 3

// schedule makes happen, at their moments, the things from outside that have not happened yet.
func (r *jobRun) schedule(env *testsuite.TestWorkflowEnvironment) {
	at := func(after time.Duration, do func()) {
		env.RegisterDelayedCallback(do, max(r.form.start().Add(after).Sub(r.clock), instant))
	}

	for i, signal := range r.form.Signals {
		if !r.told[i] {
			at(time.Duration(signal.After), func() { r.signal(env, i) })
		}
	}

	if r.form.Stop > 0 && !r.stopped {
		at(time.Duration(r.form.Stop), func() {
			r.stopped = true

			env.CancelWorkflow()
		})
	}

	at(longest, func() {
		r.endless = true

		env.CancelWorkflow()
	})
}

func (r *jobRun) signal(env *testsuite.TestWorkflowEnvironment, number int) {
	form := r.form.Signals[number]

	env.UpdateWorkflow(job.SignalUpdate, "", &testsuite.TestUpdateCallback{
		OnAccept: func() {
			r.told[number] = true

			if form.Refused != "" {
				r.world.differf("signals[%d]: want it refused with %s, it was taken", number, form.Refused)
			}
		},
		OnReject: func(err error) {
			r.told[number] = true

			refusal, _ := errors.AsType[*temporal.ApplicationError](err)
			if refusal == nil || form.Refused == "" || refusal.Type() != form.Refused {
				r.world.differf("signals[%d]: it was refused: %v", number, err)
			}
		},
		OnComplete: func(any, error) {},
	}, job.Signal{Name: form.Name, Data: scenario.Value{Any: form.Data.any}, From: form.From})
}

// observe notes which steps begin and end.
func (r *jobRun) observe(event workflows.StepEvent) {
	key := r.world.key(event.JobID, event.Path)

	if event.State == job.StepRunning {
		r.world.begun = append(r.world.begun, key)

		return
	}

	r.world.trace = append(r.world.trace, key+" "+string(event.State))
}

// report compares what the job came to with what the test expects.
func (r *jobRun) report() Report {
	outcome := r.outcome()
	took := r.clock.Sub(r.form.start()).Round(time.Millisecond)

	if r.endless {
		r.world.differf("the job would never end: it waits for what does not come")
	}

	if left := len(r.world.aside); left > 0 {
		r.world.differf("records were set aside and not dropped: %d", left)
	}

	return Report{
		Differences: append(r.world.differences, r.form.Expect.compare(outcome, took)...),
		Duration:    took,
		Runs:        r.runs,
		Outcome:     outcome,
	}
}

// outcome reads what the job ended with.
func (r *jobRun) outcome() Outcome {
	found := Outcome{
		Trace: r.world.trace, Begun: r.world.begun, Variables: r.world.variables, Calls: r.world.calls,
		Attempts: r.world.attempts,
	}
	last := r.last

	var (
		cancelled   *temporal.CanceledError
		application *temporal.ApplicationError
		failure     job.Failure
	)

	switch {
	case r.err == nil:
		found.Status = job.Completed
	case errors.As(r.err, &cancelled):
		found.Status = job.Stopped

		if cancelled.HasDetails() {
			r.noteError(cancelled.Details(&last))
		}
	case errors.As(r.err, &application) && application.HasDetails():
		r.noteError(application.Details(&failure))

		found.Status, found.Code, found.Message = job.CompletedWithError, failure.Code, failure.Message
		last = failure.Outcome
	default:
		found.Status, found.Code, found.Message = job.CompletedWithError, job.CodeInternal, r.err.Error()
	}

	found.Steps, found.Value = last.Steps, last.Value

	for _, result := range last.Results {
		name := result.Key
		if result.Name != nil {
			name = *result.Name
		}

		found.Results = append(found.Results, name)
	}

	return found
}

func (r *jobRun) noteError(err error) {
	if err != nil {
		r.world.differf("what the job left behind can't be read: %v", err)
	}
}

// compareProblems compares the mistakes of a scenario with those that a test expects: the code of each and, after it, the
// place or some words of what is told.
func (e expectForm) compareProblems(found scenario.Problems) []string {
	var differences []string

	for i, problem := range found {
		if i >= len(e.Problems) || !told(e.Problems[i], problem) {
			differences = append(differences, problem.String())
		}
	}

	for _, missing := range e.Problems[min(len(found), len(e.Problems)):] {
		differences = append(differences, "want the problem "+missing)
	}

	return differences
}

func told(want string, problem scenario.Problem) bool {
	code, words, _ := strings.Cut(want, " ")

	return string(problem.Code) == code && (strings.Contains(problem.Message, words) || strings.Contains(problem.Path, words))
}
