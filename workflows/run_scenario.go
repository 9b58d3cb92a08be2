package workflows

import (
	"encoding/json"
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// RunScenario is the workflow of every job: it runs the program's entry, step by step. It returns what the job leaves
// behind. When the job fails, it ends with an application error whose type is the failure's code and whose detail is a
// [job.Failure]; when it is cancelled, with a cancellation whose detail is the [job.Outcome] so far.
//
// A history does not grow for ever: before it is too long, the run ends and another goes on from the position.
func RunScenario(ctx workflow.Context, input job.Input, position *Position) (*job.Outcome, error) {
	return Interpreter{}.RunScenario(ctx, input, position)
}

// Interpreter runs scenarios as workflows. Its zero value is the one for production.
type Interpreter struct {
	// MaxHistory is the number of events after which a run continues as new, although Temporal does not suggest it yet.
	MaxHistory int

	// Observe, when it is set, is told of each step that begins and ends. Replays tell it again.
	Observe func(StepEvent)
}

// StepEvent tells that a step began or ended.
type StepEvent struct {
	JobID  string // Of the job itself, or of one that it started.
	Path   string // With the number of the round in each loop around it.
	OpName string
	State  job.StepState
}

// RunScenario is the function of that name.
func (i Interpreter) RunScenario(ctx workflow.Context, input job.Input, position *Position) (*job.Outcome, error) {
	m, err := newMachine(ctx, i, input, position)
	if err != nil {
		return nil, err
	}

	if m.position.Stopping {
		stopping, stop := workflow.WithCancel(ctx)
		ctx = stopping

		stop()
	}

	err = m.list(ctx, m.root)
	m.show(ctx)

	var returns *returned

	failed, isFailure := asFailure(err)

	switch {
	case err == nil:
		outcome := m.outcome()

		return &outcome, nil
	case errors.As(err, &returns):
		outcome := m.outcome()
		outcome.Value = &jsonvalue.Value{Any: returns.value}

		return &outcome, nil
	case errors.Is(err, errMoving):
		return nil, m.continueAsNew(ctx)
	case isFailure:
		return nil, m.fail(failed, err)
	}

	return nil, temporal.NewCanceledError(m.outcome())
}

// continueAsNew ends this run, and begins another at the position.
func (m *machine) continueAsNew(ctx workflow.Context) error {
	m.position.Runs++
	m.position.Stopping = ctx.Err() != nil

	encoded, err := json.Marshal(m.position)
	if err != nil {
		return m.fail(failedWith(job.CodeInternal, "%v", err), err)
	}

	if most := m.room + others; len(encoded) > most {
		return m.fail(failedWith(job.CodeLimitExceeded,
			"the job's state has %d bytes, and %d is the most beside its program; keep large data in sources, not in variables",
			len(encoded), most), nil)
	}

	return workflow.NewContinueAsNewError(ctx, job.Workflow, m.input, m.position)
}

// fail is the error with which the job ends: the code as its type, and what was done so far in its detail.
func (m *machine) fail(failed *failure, cause error) error {
	ended := job.Failure{
		Code: failed.Code, Message: failed.placed(), Attempts: failed.Attempts, Trace: failed.Trace, Causes: failed.Causes,
		Outcome: m.outcome(),
	}

	if failed.Step.Path != "" {
		ended.Step = &failed.Step
	}

	return temporal.NewApplicationErrorWithOptions(ended.Message, ended.Code, temporal.ApplicationErrorOptions{
		NonRetryable: true,
		Cause:        cause,
		Details:      []any{ended},
	})
}
