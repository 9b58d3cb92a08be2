package workflows

import (
	"encoding/json"
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// RunScenario is the workflow of every job: it runs the program's entry, step by step, and returns the job's outcome. When
// the job fails, the workflow ends with an application error whose type is the failure's code and whose detail is a
// [job.Failure]; when it is cancelled, with a cancellation whose detail is the [job.Outcome] so far.
//
// Before a history is too long, the job continues as new, with the checkpoint as the second argument of the next run. The
// first run has none.
func RunScenario(ctx workflow.Context, input job.Input, checkpoint *Checkpoint) (*job.Outcome, error) {
	return Interpreter{}.RunScenario(ctx, input, checkpoint)
}

// Interpreter runs scenarios as workflows. Its zero value is the production configuration; tests set fields.
type Interpreter struct {
	// MaxHistory is the number of events after which a run continues as new, even if Temporal does not suggest it yet.
	MaxHistory int

	// Observe, if set, receives an event for each step that begins or ends. Replays repeat the events.
	Observe func(StepEvent)

	// Recording, if set, finds a state of the job from which another one can continue.
	Recording *Recording
}

// StepEvent reports that a step began, ended or was skipped.
type StepEvent struct {
	JobID  string // Of the job itself, or of its child.
	Path   string // With the number of the round in each loop around it.
	OpName string
	State  job.StepState
}

// RunScenario is [RunScenario] with the interpreter's configuration.
func (i Interpreter) RunScenario(ctx workflow.Context, input job.Input, checkpoint *Checkpoint) (*job.Outcome, error) {
	startedAt := workflow.GetInfo(ctx).WorkflowStartTime

	var started workflow.ChildWorkflowFuture

	if checkpoint == nil {
		started = notifyStart(ctx, input)
		countStart(ctx, input)
	} else {
		startedAt = checkpoint.StartedAt
	}

	outcome, err := i.run(ctx, input, checkpoint)
	awaitNotified(ctx, started)
	releaseSlot(ctx, input, err)
	notifyEnd(ctx, input, err)
	countEnd(ctx, input, startedAt, err)

	if indexed := indexCode(ctx, err); indexed != nil {
		return nil, errors.Join(err, indexed)
	}

	return outcome, err
}

// run runs the job until it ends or continues as new.
func (i Interpreter) run(ctx workflow.Context, input job.Input, checkpoint *Checkpoint) (*job.Outcome, error) {
	m, err := newMachine(ctx, i, input, checkpoint)
	if err != nil {
		return nil, err
	}

	m.awaitStop(ctx)
	defer m.recordStop(ctx) // The job may end before the other coroutine runs.

	if m.checkpoint.Stopping {
		stopping, stop := workflow.WithCancel(ctx)
		ctx = stopping

		stop()
	}

	if err = m.awaitSlot(ctx); err == nil {
		err = m.runList(ctx, m.root)
	}

	failed, isFailure := asFailure(err)
	m.showDetails(ctx, failed)
	m.Recording.ends(err, failed)

	var returns *returned

	switch {
	case err == nil:
		outcome := m.outcome()

		return &outcome, nil
	case errors.As(err, &returns):
		outcome := m.outcome()
		outcome.Value = &jsonvalue.Value{Any: returns.value}

		return &outcome, nil
	case errors.Is(err, errContinueAsNew):
		return nil, m.continueAsNew(ctx)
	case isFailure:
		return nil, m.fail(failed, err)
	}

	return nil, temporal.NewCanceledError(m.outcome())
}

// continueAsNew ends this run; the job continues in another run with the checkpoint.
func (m *machine) continueAsNew(ctx workflow.Context) error {
	m.checkpoint.Runs++
	m.checkpoint.Stopping = ctx.Err() != nil

	encoded, err := json.Marshal(m.checkpoint)
	if err == nil {
		err = m.measureCapacity()
	}

	if err != nil {
		return m.fail(failedWith(job.CodeInternal, "%v", err), err)
	}

	if most := m.capacity + maxRecords; len(encoded) > most {
		return m.fail(failedWith(job.CodeLimitExceeded,
			"the job's state has %d bytes, and %d is the most beside its program; keep large data in sources, not in variables",
			len(encoded), most), nil)
	}

	// The next run begins on workers of the version that new jobs get, and is pinned to it.
	return workflow.NewContinueAsNewErrorWithOptions(ctx, workflow.ContinueAsNewErrorOptions{
		InitialVersioningBehavior: workflow.ContinueAsNewVersioningBehaviorAutoUpgrade,
	}, job.Workflow, m.input, m.checkpoint)
}

// fail returns the error with which the job ends: its type is the failure's code, its detail a [job.Failure].
func (m *machine) fail(failed *failure, cause error) error {
	detail := job.Failure{
		Code: failed.Code, Message: failed.withPlace(), Attempts: failed.Attempts, Trace: failed.Trace, Causes: failed.Causes,
		Outcome: m.outcome(),
	}

	if failed.Step.Path != "" {
		detail.Step = &failed.Step
	}

	return temporal.NewApplicationErrorWithOptions(detail.Message, detail.Code, temporal.ApplicationErrorOptions{
		NonRetryable: true,
		Cause:        cause,
		Details:      []any{detail},
	})
}
