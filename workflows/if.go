package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// ifElse runs one list of steps or another.
func (m *machine) ifElse(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	if s.frame.Block == "" {
		holds, err := m.condition(ctx, s, s.OpParams["condition"])
		if err != nil {
			return nil, err
		}

		block := scenario.BlockElse
		if holds {
			block = scenario.BlockThen
		}

		s.frame.enter(block)
	}

	return nil, m.block(ctx, s)
}
