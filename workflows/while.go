package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// while repeats steps for as long as a condition holds.
func (m *machine) while(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	frame := s.frame

	if frame.Params == nil {
		if err := m.settle(ctx, s); err != nil {
			return nil, err
		}
	}

	for {
		if frame.List == nil {
			more, err := m.nextRound(ctx, s)
			if err != nil || !more {
				return jsonvalue.Object{"iterations": frame.Round}, err
			}

			frame.enter(scenario.BlockSteps)
		}

		round := s.inner(scenario.BlockSteps, fmt.Sprintf("%s[%d]", scenario.BlockSteps, frame.Round), frame.List)
		if err := m.list(ctx, round); err != nil {
			return jsonvalue.Object{"iterations": frame.Round}, err
		}

		frame.Round++
		frame.List = nil
	}
}

// nextRound decides whether there is another round.
func (m *machine) nextRound(ctx workflow.Context, s *step) (bool, error) {
	// The condition may look something up, and so be the only thing in a round that takes time.
	if err := m.turn(ctx); err != nil {
		return false, err
	}

	holds, err := m.condition(ctx, s, s.OpParams["condition"])
	if err != nil || !holds {
		return false, err
	}

	most, given := s.frame.Params["maxIterations"].(int64)
	if !given {
		most = scenario.DefaultMaxIterations
	}

	if s.frame.Round >= most {
		return false, failedWith(job.CodeIterationsExceeded,
			"the condition still holds after %d rounds; raise maxIterations if there may be more", most)
	}

	return true, nil
}
