package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// ifElse runs one of two lists of steps.
func (m *machine) ifElse(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	if s.frame.Block == "" {
		params, err := resolve[scenario.If](m, ctx, s)
		if err != nil {
			return nil, err
		}

		holds, err := m.condition(ctx, s, params.Condition.Any)
		if err != nil {
			return nil, err
		}

		block := scenario.BlockElse
		if holds {
			block = scenario.BlockThen
		}

		s.frame.enter(block)
	}

	return nil, m.runBlock(ctx, s)
}
