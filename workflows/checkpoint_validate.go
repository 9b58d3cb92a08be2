package workflows

import (
	"fmt"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/scenario"
)

// validate returns an error if the checkpoint does not fit the program. A run that continued at such a checkpoint would
// execute the wrong steps, or fail without a usable message.
func (c *Checkpoint) validate(program scenario.Program) error {
	return checkpointValidator{program}.list("", program.Scenarios[program.Entry].Steps, c.Root)
}

// checkpointValidator compares the state of steps with their definition.
type checkpointValidator struct{ program scenario.Program }

func (v checkpointValidator) list(path string, steps []scenario.Step, state *list) error {
	switch {
	case state == nil:
		return fmt.Errorf("the checkpoint has no state for the steps %s", path)
	case state.Next < 0 || state.Next > len(steps) || state.Next == len(steps) && state.Step != nil:
		return fmt.Errorf("of the steps %s, the checkpoint is at number %d of %d", path, state.Next+1, len(steps))
	case state.Step == nil:
		return nil
	}

	return v.frame(fmt.Sprintf("%s%d", path, state.Next+1), steps[state.Next], state.Step)
}

func (v checkpointValidator) frame(path string, step scenario.Step, state *frame) error {
	switch step.OpName {
	case scenario.OpIf, scenario.OpSwitch, scenario.OpTryCatch:
		if state.Block == "" {
			return nil
		}

		exists := step.HasBlock(state.Block) || step.OpName == scenario.OpIf && state.Block == scenario.BlockElse ||
			step.OpName == scenario.OpSwitch && state.Block == scenario.BlockDefault
		if !exists || step.OpName == scenario.OpTryCatch && state.Block == scenario.BlockFinally && state.Ending == nil {
			return fmt.Errorf("according to the checkpoint, the step %s is in its block %s, which is impossible",
				path, state.Block)
		}

		return v.block(path, step, state.Block, state.List)
	case scenario.OpWhile:
		if state.List == nil && state.Round >= 0 {
			return nil
		}

		return v.block(path, step, scenario.BlockSteps, state.List)
	case scenario.OpForEach:
		return v.forEach(path, step, state)
	case scenario.OpParallel:
		return v.parallel(path, step, state)
	case scenario.OpRunScenario:
		return v.runScenario(path, step, state)
	}

	return nil
}

func (v checkpointValidator) block(path string, step scenario.Step, name string, state *list) error {
	return v.list(path+"."+name+".", step.Block(name).Steps, state)
}

func (v checkpointValidator) forEach(path string, step scenario.Step, state *frame) error {
	if state.Loop == nil {
		return nil
	}

	params, err := storedParams[scenario.ForEach](state)
	if err != nil {
		return err
	}

	begun := state.Loop.Next - state.Loop.Base
	if params.MaxConcurrency < 0 || params.MaxConcurrency > scenario.MaxConcurrency || state.Loop.Base < 0 || begun < 0 ||
		begun > int64(len(state.Loop.Entries)) {
		return fmt.Errorf("according to the checkpoint, the loop %s is at round %d, which is impossible",
			path, state.Loop.Next)
	}

	for _, roundError := range state.Loop.Errors {
		if roundError.Failure == nil {
			return fmt.Errorf("the checkpoint lacks an error of the loop %s", path)
		}
	}

	for _, number := range slices.Sorted(maps.Keys(state.Loop.Rounds)) {
		if err := v.block(path, step, scenario.BlockSteps, state.Loop.Rounds[number]); err != nil {
			return err
		}
	}

	return nil
}

func (v checkpointValidator) parallel(path string, step scenario.Step, state *frame) error {
	if state.Branches == nil {
		return nil
	}

	params, err := storedParams[scenario.Parallel](state)
	if err != nil || params.MaxConcurrency < 0 {
		return fmt.Errorf("the checkpoint lacks the parameters of the step %s", path)
	}

	for _, block := range step.Blocks {
		branch := state.Branches[block.Name]
		if branch != nil && branch.Ended {
			continue
		}

		if branch == nil {
			return fmt.Errorf("the checkpoint lacks the branch %s of the step %s", block.Name, path)
		}

		if err := v.block(path, step, block.Name, branch.List); err != nil {
			return err
		}
	}

	return nil
}

func (v checkpointValidator) runScenario(path string, step scenario.Step, state *frame) error {
	if state.List == nil {
		return nil
	}

	params, err := scenario.DecodeLiteral[scenario.RunScenario](step.OpParams)
	if err != nil {
		return err
	}

	return v.list(path+"."+params.Scenario+".", v.program.Scenarios[params.Scenario].Steps, state.List)
}
