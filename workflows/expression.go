package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// resolve evaluates the parameters of a step.
func (m *machine) resolve(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	var params jsonvalue.Object

	return params, m.look(ctx, s, func(moment expression.Moment) (err error) {
		params, err = s.level.scope.Resolve(s.OpName, s.OpParams, moment) //workflowcheck:ignore // See look.

		return err
	})
}

// settle evaluates the parameters of a step once, and keeps them for as long as it runs.
func (m *machine) settle(ctx workflow.Context, s *step) error {
	params, err := m.resolve(ctx, s)
	if err == nil {
		err = m.keep(jsonvalue.SizeOf(map[string]any(params)))
	}

	if err == nil {
		s.frame.Params = params
	}

	return err
}

// decode evaluates the parameters of a step and reads them as the struct that defines them.
func decode[T any](m *machine, ctx workflow.Context, s *step) (T, error) {
	params, err := m.resolve(ctx, s)
	if err != nil {
		var none T

		return none, err
	}

	return scenario.Decode[T](params)
}

// evaluate evaluates a value of a step.
func (m *machine) evaluate(ctx workflow.Context, s *step, raw any) (any, error) {
	var value any

	return value, m.look(ctx, s, func(moment expression.Moment) (err error) {
		value, err = s.level.scope.Evaluate(raw, moment) //workflowcheck:ignore // See look.

		return err
	})
}

// condition evaluates a condition of a step.
func (m *machine) condition(ctx workflow.Context, s *step, raw any) (bool, error) {
	var holds bool

	return holds, m.look(ctx, s, func(moment expression.Moment) (err error) {
		holds, err = s.level.scope.Condition(raw, moment) //workflowcheck:ignore // See look.

		return err
	})
}

// maxLookUps bounds how often something is looked up for one evaluation: what was found can be needed to find the next.
const maxLookUps = 10

// look evaluates expressions of a step, and looks up what they lack meanwhile. Expressions were made deterministic where
// they are compiled, in package scenario.
func (m *machine) look(ctx workflow.Context, s *step, evaluate func(expression.Moment) error) error {
	// A step evaluates more than once: its condition, its parameters, and the condition of each round.
	s.frame.Looks++

	moment := expression.Moment{
		Now: workflow.Now(ctx), Seed: fmt.Sprintf("%s/%s#%d", m.jobID, s.instance, s.frame.Looks),
	}
	before := s.level.scope.Cost()

	defer func() { m.work += s.level.scope.Cost() - before }()

	for range maxLookUps {
		err := evaluate(moment)

		missing, ok := errors.AsType[*expression.Missing](err)
		if !ok {
			return asParameterError(err)
		}

		var found job.Found

		request := job.LookUp{Queries: missing.Queries, Variables: missing.Variables}
		if err := m.assist(ctx, s, activityCall{name: job.LookUpActivity, timeout: s.Timeout}, request, &found); err != nil {
			return err
		}

		if moment, err = moment.With(missing, found.Cells, found.Variables); err != nil {
			return err
		}
	}

	return failedWith(job.CodeParameterInvalid, "the step looks up more than %d things after each other", maxLookUps)
}

// asParameterError says that what went wrong with an expression is a matter of the step's parameters.
func asParameterError(err error) error {
	if err == nil {
		return nil
	}

	return failedWith(job.CodeParameterInvalid, "%v", err)
}
