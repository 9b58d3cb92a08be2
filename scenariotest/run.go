// Package scenariotest runs the tests of scenarios. A test is a YAML object beside a scenario: it mocks the data that the
// scenario reads and writes, and states the expected outcome. The interpreter of real jobs runs the scenario in Temporal's
// test environment, which simulates time: a scenario that waits for three days is tested in milliseconds.
package scenariotest

import (
	"cmp"
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
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/workflows"
)

// Options configure a run of a test.
type Options struct {
	AppID string // The ID of the app, as the job sees it.

	// MaxHistory is the number of history events after which the job continues as new; 0 for Temporal's default.
	MaxHistory int

	// Execution is the default of the scenarios; "" means that of the library.
	Execution scenario.Execution
}

// Report is the result of a test.
type Report struct {
	Differences []string      // The differences from the expected outcome; empty if the test passes.
	Duration    time.Duration // The simulated duration of the job.
	Runs        int           // The number of times that the job continued as new.
	Outcome     Outcome
}

// Outcome is the outcome of a tested job.
type Outcome struct {
	Problems  problem.List // The mistakes that prevent the start.
	Status    job.State
	Code      string
	Message   string
	Value     *jsonvalue.Value
	Results   []string
	Trace     []string // The steps with their final states, in the order in which they ended.
	Begun     []string // The steps in the order in which they started.
	Steps     []job.StepStatus
	Variables jsonvalue.Object // The variables of the app.
	Calls     map[string]int   // The number of calls of each step, by its path.
	Attempts  map[string]int   // The number of attempts of each step, retries included.
}

// Limits of a test.
const (
	maxDuration = 10 * 365 * 24 * time.Hour // Simulated. A job that waits longer is reported as endless.
	testTimeout = time.Minute               // Real. A workflow that computes longer is reported as hanging.
	maxRuns     = 2_000
)

// Run runs the test with the scenarios of the library, or with those in the test file if it has its own. A difference is not
// an error; an error means that a scenario can't be read.
func (c Case) Run(ctx context.Context, library validation.Library, options Options) (Report, error) {
	if c.library != nil {
		library = *c.library
	}

	program, parameters, err := c.program(library)

	var report Report
	if errors.As(err, &report.Outcome.Problems) {
		report.Differences = c.definition.Expect.compareProblems(report.Outcome.Problems)

		return report, nil
	}

	if err != nil {
		return report, err
	}

	program.Execution = cmp.Or(options.Execution, program.Execution)
	program.Sources, program.TaskQueue = nil, "" // A test loads no source.

	r := newRun(c.definition, options)
	r.simulation.checkMocks(program)

	if err := r.run(ctx, job.Input{
		Scenario: program.Entry, Parameters: parameters, AppID: options.AppID, Program: program,
	}); err != nil {
		return report, err
	}

	return r.report(), nil
}

// program returns the program of the job and its parameters.
func (c Case) program(library validation.Library) (scenario.Program, jsonvalue.Object, error) {
	entry, err := library.Load(c.definition.Scenario)
	if errors.Is(err, validation.ErrUnknown) {
		return scenario.Program{}, nil, fmt.Errorf("%s:%d: there is no scenario %s; %s", c.File, c.Line, c.definition.Scenario,
			problem.Suggest(c.definition.Scenario, library.Names))
	}

	if err != nil {
		return scenario.Program{}, nil, err
	}

	program, err := validation.NewProgram(c.definition.Scenario, entry, library)
	if err != nil {
		return program, nil, err
	}

	parameters, err := program.Scenarios[program.Entry].Bind(jsonvalue.Object(c.definition.Parameters))

	return program, parameters, err
}

// jobRun is a tested job with all its workflow runs.
type jobRun struct {
	definition definition
	options    Options
	simulation *simulation
	clock      time.Time // The simulated time at the end of the previous run.

	signalled []bool // The signals that the job has accepted or rejected.
	stopped   bool   // Whether a stop was requested.
	endless   bool   // Whether the stop was requested after maxDuration.

	runs int
	err  error // The error of the last run.
	last job.Outcome
}

func newRun(definition definition, options Options) *jobRun {
	r := &jobRun{
		definition: definition, options: options, clock: definition.start(), signalled: make([]bool, len(definition.Signals)),
	}
	r.simulation = &simulation{
		places: map[string][]place{}, variables: jsonvalue.Object{}, applied: map[string]bool{},
		failed: map[string]callOutcome{},
		stored: map[string][]jsonvalue.Object{}, calls: map[string]int{}, attempts: map[string]int{},
	}

	maps.Copy(r.simulation.variables, jsonvalue.Object(definition.Variables))

	for _, definition := range definition.Mocks {
		r.simulation.mocks = append(r.simulation.mocks, &mock{mockDefinition: definition})
	}

	return r
}

// run runs the job until it ends, over all runs that continue as new.
func (r *jobRun) run(ctx context.Context, input job.Input) error {
	var checkpoint *workflows.Checkpoint

	for r.runs < maxRuns {
		if err := ctx.Err(); err != nil {
			return err
		}

		if err := r.runOnce(input, checkpoint); err != nil {
			return err
		}

		next, continues := errors.AsType[*workflow.ContinueAsNewError](r.err)
		if !continues {
			return nil
		}

		r.runs++
		checkpoint = nil

		if err := converter.GetDefaultDataConverter().FromPayloads(next.Input, &input, &checkpoint); err != nil {
			return err
		}

		// Temporal delivers a cancellation that the workflow has not received to the next run.
		if !r.simulation.cancelled {
			r.stopped, r.endless = false, false
		}
	}

	r.simulation.differf("the job continued as new %d times and did not end", r.runs)

	return nil
}

// runOnce runs the job until it ends or continues as new.
func (r *jobRun) runOnce(input job.Input, checkpoint *workflows.Checkpoint) (err error) {
	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))

	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&workerInterceptor{simulation: r.simulation}},
		DeadlockDetectionTimeout: testTimeout, // The default of 1 s is too short for a busy machine.
	})
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: jobID, TaskQueue: job.TaskQueue})
	env.SetTestTimeout(testTimeout)
	env.SetStartTime(r.clock)

	interpreter := workflows.Interpreter{MaxHistory: r.options.MaxHistory, Observe: r.observe}
	env.RegisterWorkflowWithOptions(interpreter.RunScenario, workflow.RegisterOptions{Name: job.Workflow})

	r.simulation.history, r.simulation.setHistory = 0, env.SetCurrentHistoryLength
	r.simulation.setHistory(firstEvents)
	r.simulation.history = firstEvents

	r.schedule(env)

	// The environment panics if a workflow hangs.
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the job hangs: %v", cause)
		}
	}()

	env.ExecuteWorkflow(job.Workflow, input, checkpoint)

	r.clock, r.err = env.Now(), env.GetWorkflowError()
	if r.err == nil {
		return env.GetWorkflowResult(&r.last)
	}

	return nil
}

// firstEvents is the number of events at the beginning of every history.
const firstEvents = 3

// schedule schedules the signals and the stop that have not happened in earlier runs.
func (r *jobRun) schedule(env *testsuite.TestWorkflowEnvironment) {
	at := func(after time.Duration, do func()) {
		env.RegisterDelayedCallback(do, max(r.definition.start().Add(after).Sub(r.clock), minDuration))
	}

	for i, signal := range r.definition.Signals {
		if !r.signalled[i] {
			at(time.Duration(signal.After), func() { r.signal(env, i) })
		}
	}

	if r.definition.Stop > 0 && !r.stopped {
		at(time.Duration(r.definition.Stop), func() {
			r.stopped = true

			env.CancelWorkflow()
		})
	}

	at(maxDuration, func() {
		r.endless = true

		env.CancelWorkflow()
	})
}

func (r *jobRun) signal(env *testsuite.TestWorkflowEnvironment, number int) {
	signal := r.definition.Signals[number]

	env.UpdateWorkflow(job.SignalUpdate, "", &testsuite.TestUpdateCallback{
		OnAccept: func() {
			r.signalled[number] = true

			if signal.Refused != "" {
				r.simulation.differf("signals[%d]: want rejection with %s, but the job accepted the signal", number,
					signal.Refused)
			}
		},
		OnReject: func(err error) {
			r.signalled[number] = true

			rejection, _ := errors.AsType[*temporal.ApplicationError](err)
			if rejection == nil || signal.Refused == "" || rejection.Type() != signal.Refused {
				r.simulation.differf("signals[%d]: the job rejected the signal: %v", number, err)
			}
		},
		OnComplete: func(any, error) {},
	}, job.Signal{Name: signal.Name, Data: jsonvalue.Value{Any: signal.Data.any}, From: signal.From})
}

// observe records the steps that start and end.
func (r *jobRun) observe(event workflows.StepEvent) {
	key := r.simulation.key(event.JobID, event.Path)

	if event.State == job.StepRunning {
		r.simulation.begun = append(r.simulation.begun, key)

		return
	}

	r.simulation.trace = append(r.simulation.trace, key+" "+string(event.State))
}

// report compares the outcome of the job with the expectation.
func (r *jobRun) report() Report {
	outcome := r.outcome()
	duration := r.clock.Sub(r.definition.start()).Round(time.Millisecond)

	if r.endless {
		r.simulation.differf("the job does not end: it waits for a signal or a time that does not come")
	}

	if left := len(r.simulation.stored); left > 0 {
		r.simulation.differf("the job left the stored records of %d queries", left)
	}

	return Report{
		Differences: append(r.simulation.differences, r.definition.Expect.compare(outcome, duration)...),
		Duration:    duration,
		Runs:        r.runs,
		Outcome:     outcome,
	}
}

// outcome returns the outcome of the last run.
func (r *jobRun) outcome() Outcome {
	found := Outcome{
		Trace: r.simulation.trace, Begun: r.simulation.begun, Variables: r.simulation.variables, Calls: r.simulation.calls,
		Attempts: r.simulation.attempts,
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
			r.checkDetails(cancelled.Details(&last))
		}
	case errors.As(r.err, &application) && application.HasDetails():
		r.checkDetails(application.Details(&failure))

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

func (r *jobRun) checkDetails(err error) {
	if err != nil {
		r.simulation.differf("the job's outcome can't be decoded: %v", err)
	}
}

// compareProblems compares the mistakes of a scenario with the expected ones. An expected mistake is a code, optionally
// followed by a part of the path or of the message.
func (e expectation) compareProblems(found problem.List) []string {
	var differences []string

	for i, problem := range found {
		if i >= len(e.Problems) || !matches(e.Problems[i], problem) {
			differences = append(differences, problem.String())
		}
	}

	for _, missing := range e.Problems[min(len(found), len(e.Problems)):] {
		differences = append(differences, "problems: want "+missing+", have none")
	}

	return differences
}

// matches reports whether the problem has the code and the text that a test expects, as in "field_unknown unknown field".
func matches(want string, found problem.Problem) bool {
	code, words, _ := strings.Cut(want, " ")

	return string(found.Code) == code && (strings.Contains(found.Message, words) || strings.Contains(found.Path, words))
}
