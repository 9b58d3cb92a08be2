package workflows

import (
	"cmp"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// while repeats steps for as long as a condition holds.
func (m *machine) while(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	frame := s.frame

	params, err := resolveOnce[scenario.While](m, ctx, s)
	if err != nil {
		return nil, err
	}

	for {
		if frame.List == nil {
			more, err := m.nextRound(ctx, s, params)
			if err != nil || !more {
				return jsonvalue.Object{"iterations": frame.Round}, err
			}

			frame.enter(scenario.BlockSteps)
		}

		round := s.inner(scenario.BlockSteps, fmt.Sprintf("%s[%d]", scenario.BlockSteps, frame.Round), frame.List)
		if err := m.runList(ctx, round); err != nil {
			return jsonvalue.Object{"iterations": frame.Round}, err
		}

		frame.Round++
		m.tracker.setIterations(s.path, frame.Round, 0)
		frame.List = nil
	}
}

// nextRound reports whether there is another round.
func (m *machine) nextRound(ctx workflow.Context, s *step, params scenario.While) (bool, error) {
	// A look-up of the condition may be the only part of a round that takes time.
	if err := m.admit(ctx); err != nil {
		return false, err
	}

	holds, err := m.condition(ctx, s, params.Condition.Any)
	if err != nil || !holds {
		return false, err
	}

	most := int64(cmp.Or(params.MaxIterations, scenario.DefaultMaxIterations))
	if s.frame.Round >= most {
		return false, failedWith(job.CodeIterationsExceeded,
			"the condition still holds after %d rounds; raise maxIterations if there may be more", most)
	}

	return true, nil
}
