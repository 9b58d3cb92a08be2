package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// resolve evaluates the parameters of a step and returns them as the operation's struct. Lazy fields keep their
// expressions.
func resolve[T any](m *machine, ctx workflow.Context, s *step) (T, error) {
	params, err := m.resolveParams(ctx, s)
	if err != nil {
		var none T

		return none, err
	}

	return scenario.Decode[T](params)
}

// resolveOnce returns the parameters of a step as the operation's struct. It evaluates them when the step begins, and
// stores them in the checkpoint for the runs after this one.
func resolveOnce[T any](m *machine, ctx workflow.Context, s *step) (T, error) {
	if s.frame.Params != nil {
		return storedParams[T](s.frame)
	}

	params, err := resolve[T](m, ctx, s)
	if err == nil {
		err = m.storeParams(s, params)
	}

	return params, err
}

// storeParams stores the resolved parameters of a step, the operation's struct, in the checkpoint.
func (m *machine) storeParams(s *step, params any) error {
	encoded, err := json.Marshal(params)
	if err != nil {
		return failedWith(job.CodeParameterInvalid, "the parameters can't be written as JSON: %v", err)
	}

	if err := m.reserve(len(encoded)); err != nil {
		return err
	}

	s.frame.Params, s.frame.resolved = encoded, params

	return nil
}

// storedParams returns the parameters of a step from the checkpoint.
func storedParams[T any](state *frame) (T, error) {
	params, ok := state.resolved.(T)
	if ok {
		return params, nil
	}

	if err := json.Unmarshal(state.Params, &params); err != nil {
		return params, fmt.Errorf("the parameters in the checkpoint can't be read: %w", err)
	}

	state.resolved = params

	return params, nil
}

// resolveParams evaluates the parameters of a step.
func (m *machine) resolveParams(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	var params jsonvalue.Object

	return params, m.withLookUps(ctx, s, func(moment expression.Moment) (err error) {
		params, err = s.level.scope.Resolve(s.OpName, s.OpParams, moment) //workflowcheck:ignore // See withLookUps.

		return err
	})
}

// evaluate evaluates a value of a step.
func (m *machine) evaluate(ctx workflow.Context, s *step, raw any) (any, error) {
	var value any

	return value, m.withLookUps(ctx, s, func(moment expression.Moment) (err error) {
		value, err = s.level.scope.Evaluate(raw, moment) //workflowcheck:ignore // See withLookUps.

		return err
	})
}

// condition evaluates a condition of a step.
func (m *machine) condition(ctx workflow.Context, s *step, raw any) (bool, error) {
	var holds bool

	return holds, m.withLookUps(ctx, s, func(moment expression.Moment) (err error) {
		holds, err = s.level.scope.Condition(raw, moment) //workflowcheck:ignore // See withLookUps.

		return err
	})
}

// maxLookUps bounds the look-ups of one evaluation: the result of a look-up may be necessary for the next one.
const maxLookUps = 10

// withLookUps evaluates expressions of a step, and looks up the values that they lack. Package scenario makes expressions
// deterministic when it compiles them.
func (m *machine) withLookUps(ctx workflow.Context, s *step, evaluate func(expression.Moment) error) error {
	// A step evaluates more than once: its condition, its parameters, and the condition of each round.
	s.frame.Evaluations++

	moment := expression.Moment{
		Now: workflow.Now(ctx), Seed: m.first().ID + "/" + s.instance + "#" + strconv.FormatInt(s.frame.Evaluations, 10),
		ReadsTime: func() {
			m.task.observe(ctx)
			m.task.volatile = true
		},
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

		call := activityCall{name: job.LookUpActivity, timeout: s.Timeout, isQuery: true}
		request := job.LookUp{Queries: missing.Queries, Variables: missing.Variables}

		if err := m.callAuxiliary(ctx, s, call, request, &found); err != nil {
			return err
		}

		if moment, err = moment.With(missing, found.Cells, found.Variables); err != nil {
			return err
		}
	}

	return failedWith(job.CodeParameterInvalid, "the step needs more than %d look-ups, each for the next one", maxLookUps)
}

// asParameterError returns the error of an expression as a failure of the step's parameters.
func asParameterError(err error) error {
	if err == nil {
		return nil
	}

	return failedWith(job.CodeParameterInvalid, "%v", err)
}
