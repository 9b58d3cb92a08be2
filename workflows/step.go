package workflows

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// step is a step that runs.
type step struct {
	scenario.Step

	level    level
	path     string
	instance string // The path with the rounds of loops.
	frame    *frame
}

// runList runs a list of steps from its state to its end.
func (m *machine) runList(ctx workflow.Context, l level) error {
	for l.state.Next < len(l.steps) {
		number := strconv.Itoa(l.state.Next + 1)
		s := &step{
			Step: l.steps[l.state.Next], level: l, path: l.path + number, instance: l.instance + number, frame: l.state.Step,
		}

		if err := m.runStep(ctx, s); err != nil {
			return err
		}

		l.state.Next++
	}

	return nil
}

// runStep runs a step, or continues one that has begun, and publishes its outcome to the steps after it.
func (m *machine) runStep(ctx workflow.Context, s *step) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			failed := m.failureOfPanic(ctx, s, panicked)
			failed.addPlace(m.place(s))
			m.tracker.end(s.path, workflow.Now(ctx), job.StepFailed, nil, failed)

			err = failed
		}
	}()

	if s.frame == nil {
		if err := m.admit(ctx); err != nil {
			return err
		}

		m.Recording.stepBegins(s)

		skipped, err := m.begin(ctx, s)
		if skipped {
			return nil
		}

		if err != nil {
			return m.end(ctx, s, nil, err)
		}
	}

	if s.frame.StartedAt.IsZero() { // It has begun in the job that this one continues.
		s.frame.StartedAt = workflow.Now(ctx)
	}

	outcome, err := m.runOperation(ctx, s)

	return m.end(ctx, s, outcome, err)
}

// begin begins a step, unless its condition is false.
func (m *machine) begin(ctx workflow.Context, s *step) (skipped bool, err error) {
	now := workflow.Now(ctx)
	s.frame = &frame{StartedAt: now}

	if s.Condition != nil {
		holds, err := m.condition(ctx, s, s.Condition)
		if err != nil {
			m.tracker.begin(s.path, now)

			return false, err
		}

		if !holds {
			m.tracker.skip(s.path, now)
			m.observe(s, job.StepSkipped)

			m.publish(s, jsonvalue.Object{"status": string(job.StepSkipped)})

			return true, nil
		}
	}

	if most := maxWorkflowID - len(m.jobID); len(s.instance) > most {
		m.tracker.begin(s.path, now)

		return false, failedWith(job.CodeLimitExceeded, "the path %s has more than %d characters", s.instance, most)
	}

	m.tracker.begin(s.path, now)
	m.observe(s, job.StepRunning)

	s.level.state.Step = s.frame

	return false, nil
}

// maxWorkflowID bounds the ID of a child job, in bytes; Temporal's limit is 1,000 characters.
const maxWorkflowID = 990

// runOperation runs the operation of a step that has begun.
func (m *machine) runOperation(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	run := controlOperationNamed(s.OpName)

	switch {
	case run == nil:
		return m.dataStep(ctx, s)
	case s.Timeout == 0:
		return run(m, ctx, s)
	}

	return m.runWithTimeout(ctx, s, run)
}

// controlOperation runs a step of a control operation. It returns the fields of the step's outcome that only this operation
// has.
type controlOperation func(m *machine, ctx workflow.Context, s *step) (jsonvalue.Object, error)

// controlOperationNamed returns the control operation of that name, or nil.
func controlOperationNamed(name string) controlOperation {
	switch name {
	case scenario.OpIf:
		return (*machine).ifElse
	case scenario.OpSwitch:
		return (*machine).switchCase
	case scenario.OpWhile:
		return (*machine).while
	case scenario.OpForEach:
		return (*machine).forEach
	case scenario.OpParallel:
		return (*machine).parallel
	case scenario.OpTryCatch:
		return (*machine).tryCatch
	case scenario.OpRunScenario:
		return (*machine).runScenario
	case scenario.OpSetVariable:
		return (*machine).setVariable
	case scenario.OpWait:
		return (*machine).wait
	case scenario.OpWaitForSignal:
		return (*machine).waitForSignal
	case scenario.OpReturn:
		return (*machine).returnValue
	case scenario.OpFail:
		return (*machine).failStep
	}

	return nil
}

// runWithTimeout runs a control operation, and cancels it when the step's timeout ends.
func (m *machine) runWithTimeout(ctx workflow.Context, s *step, run controlOperation) (jsonvalue.Object, error) {
	deadline := s.frame.StartedAt.Add(time.Duration(s.Timeout))
	timedOut := false

	limited, cancel := workflow.WithCancel(ctx)
	defer cancel()

	// The deadline may precede this run of the job, whose steps could end before the coroutine below begins.
	if left := deadline.Sub(workflow.Now(ctx)); left <= 0 {
		timedOut = true

		cancel()
	} else {
		workflow.GoNamed(limited, "timeout of "+s.instance, func(ctx workflow.Context) {
			if workflow.Sleep(ctx, left) == nil {
				timedOut = true

				cancel()
			}
		})
	}

	outcome, err := run(m, limited, s)
	if isCancelled(err) && timedOut && ctx.Err() == nil {
		return outcome, failedWith(job.CodeStepTimedOut, "it did not end within its timeout of %s", time.Duration(s.Timeout))
	}

	return outcome, err
}

// end records how a step ended. It returns the error that ends the steps around it too.
func (m *machine) end(ctx workflow.Context, s *step, outcome jsonvalue.Object, err error) error {
	if err == errContinueAsNew { //nolint:errorlint // It is never wrapped.
		return err
	}

	if err == nil && s.Name != "" {
		err = m.reserve(jsonvalue.SizeOf(map[string]any(outcome)))
	}

	failed, isFailure := asFailure(err)
	if isFailure {
		failed.addPlace(m.place(s))

		err = failed
	}

	m.Recording.stepEnds(s, failed, err)

	now := workflow.Now(ctx)
	state := stateOf(err, isFailure)

	m.tracker.end(s.path, now, state, outcome, failed)
	m.observe(s, state)
	m.countStep(ctx, s, state)

	if err != nil && (!isFailure || s.OnError != scenario.OnErrorContinue) {
		return err
	}

	if outcome == nil {
		outcome = jsonvalue.Object{}
	}

	outcome["status"] = string(state)
	outcome["durationMs"] = now.Sub(s.frame.StartedAt).Milliseconds()

	if isFailure {
		outcome["error"] = failed.object()
	}

	m.publish(s, outcome)

	return nil
}

func stateOf(err error, isFailure bool) job.StepState {
	switch {
	case isFailure:
		return job.StepFailed
	case isCancelled(err):
		return job.StepStopped
	default:
		return job.StepCompleted
	}
}

// publish makes the outcome of a step readable by the steps after it.
func (m *machine) publish(s *step, outcome jsonvalue.Object) {
	s.level.state.Step = nil

	if s.OpName == scenario.OpSetVariable && outcome["status"] != string(job.StepCompleted) {
		params, err := scenario.DecodeLiteral[scenario.SetVariable](s.OpParams)
		if err == nil && params.Scope != scenario.ScopeApp {
			s.level.scope.Declare(params.Name)
		}
	}

	if s.Name == "" {
		return
	}

	complete := scenario.EmptyOutcome(s.OpName)
	for _, name := range slices.Sorted(maps.Keys(outcome)) {
		complete[name] = outcome[name]
	}

	s.level.scope.AddStep(s.Name, complete)
}

// place returns the place of a step, for people.
func (m *machine) place(s *step) job.StepPlace {
	return job.StepPlace{
		AppID: m.input.AppID, Scenario: s.level.run.name, File: s.level.run.file, Line: s.Line, Path: s.instance,
		Title: s.DisplayTitle(), Name: s.Name, OpName: s.OpName,
	}
}

func (m *machine) observe(s *step, state job.StepState) {
	if m.Observe != nil {
		m.Observe(StepEvent{JobID: m.jobID, Path: s.instance, OpName: s.OpName, State: state})
	}
}

// runBlock runs the steps of the block that the step's frame has entered.
func (m *machine) runBlock(ctx workflow.Context, s *step) error {
	return m.runList(ctx, s.inner(s.frame.Block, s.frame.Block, s.frame.List))
}

// inner returns the level of a block within a step. The instance names the block in paths, with the round in a loop.
func (s *step) inner(block, instance string, state *list) level {
	return level{
		run: s.level.run, steps: s.Block(block).Steps, state: state, scope: state.scope(s.level.scope),
		path:     fmt.Sprintf("%s.%s.", s.path, block),
		instance: fmt.Sprintf("%s.%s.", s.instance, instance),
	}
}
