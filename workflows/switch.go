package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// switchCase runs the steps of the first case with the value, or the default steps.
func (m *machine) switchCase(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	if s.frame.Block == "" {
		params, err := resolve[scenario.Switch](m, ctx, s)
		if err != nil {
			return nil, err
		}

		block, err := m.matchingCase(ctx, s, params)
		if err != nil {
			return nil, err
		}

		s.frame.enter(block)
	}

	return nil, m.runBlock(ctx, s)
}

// matchingCase returns the name of the first case's block that has the value. The values of a case are evaluated only if no
// earlier case matches.
func (m *machine) matchingCase(ctx workflow.Context, s *step, params scenario.Switch) (string, error) {
	for i, candidate := range params.Cases {
		when, err := m.evaluate(ctx, s, candidate.When.Any)
		if err != nil {
			return "", err
		}

		if matches(when, params.Value.Any) {
			return scenario.BlockCase(i), nil
		}
	}

	return scenario.BlockDefault, nil
}

// matches reports whether the value of a case, or an entry of its list, equals a value. Numbers of the same value are
// equal, as in expressions.
func matches(when, value any) bool {
	if expression.Equal(when, value) {
		return true
	}

	list, _ := when.([]any)
	for _, entry := range list {
		if expression.Equal(entry, value) {
			return true
		}
	}

	return false
}
