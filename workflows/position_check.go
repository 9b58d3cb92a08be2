package workflows

import (
	"fmt"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/scenario"
)

// check says why the position is none of the program's: then a run would go on anywhere, or not at all.
func (p *Position) check(program scenario.Program) error {
	return positionCheck{program}.list("", program.Scenarios[program.Entry].Steps, p.Root)
}

// positionCheck compares where steps stand with the steps.
type positionCheck struct{ program scenario.Program }

func (c positionCheck) list(path string, steps []scenario.Step, at *list) error {
	switch {
	case at == nil:
		return fmt.Errorf("the position does not say where the steps %s stand", path)
	case at.Next < 0 || at.Next > len(steps) || at.Next == len(steps) && at.Step != nil:
		return fmt.Errorf("of the steps %s, the position is at number %d of %d", path, at.Next+1, len(steps))
	case at.Step == nil:
		return nil
	}

	return c.frame(fmt.Sprintf("%s%d", path, at.Next+1), steps[at.Next], at.Step)
}

func (c positionCheck) frame(path string, step scenario.Step, at *frame) error {
	switch step.OpName {
	case scenario.OpIf, scenario.OpSwitch, scenario.OpTryCatch:
		if at.Block == "" {
			return nil
		}

		known := step.HasBlock(at.Block) || step.OpName == scenario.OpIf && at.Block == scenario.BlockElse ||
			step.OpName == scenario.OpSwitch && at.Block == scenario.BlockDefault
		if !known || step.OpName == scenario.OpTryCatch && at.Block == scenario.BlockFinally && at.Ending == nil {
			return fmt.Errorf("the step %s can't stand in its block %s as the position says", path, at.Block)
		}

		return c.block(path, step, at.Block, at.List)
	case scenario.OpWhile:
		if at.List == nil && at.Round >= 0 {
			return nil
		}

		return c.block(path, step, scenario.BlockSteps, at.List)
	case scenario.OpForEach:
		return c.forEach(path, step, at)
	case scenario.OpParallel:
		return c.parallel(path, step, at)
	case scenario.OpRunScenario:
		name, _ := step.OpParams["scenario"].(string)
		if at.List == nil {
			return nil
		}

		return c.list(path+"."+name+".", c.program.Scenarios[name].Steps, at.List)
	}

	return nil
}

func (c positionCheck) block(path string, step scenario.Step, name string, at *list) error {
	return c.list(path+"."+name+".", step.Block(name).Steps, at)
}

func (c positionCheck) forEach(path string, step scenario.Step, at *frame) error {
	if at.Loop == nil {
		return nil
	}

	params, err := scenario.Decode[scenario.ForEach](at.Params)
	if err != nil {
		return err
	}

	begun := at.Loop.Next - at.Loop.Base
	if params.MaxConcurrency < 0 || params.MaxConcurrency > scenario.MaxConcurrency || at.Loop.Base < 0 || begun < 0 ||
		begun > int64(len(at.Loop.Entries)) {
		return fmt.Errorf("the loop %s can't stand at round %d as the position says", path, at.Loop.Next)
	}

	for _, one := range at.Loop.Errors {
		if one.Failure == nil {
			return fmt.Errorf("an error of the loop %s is missing from the position", path)
		}
	}

	for _, number := range slices.Sorted(maps.Keys(at.Loop.Rounds)) {
		if err := c.block(path, step, scenario.BlockSteps, at.Loop.Rounds[number]); err != nil {
			return err
		}
	}

	return nil
}

func (c positionCheck) parallel(path string, step scenario.Step, at *frame) error {
	if at.Branches == nil {
		return nil
	}

	params, err := scenario.Decode[scenario.Parallel](at.Params)
	if err != nil || params.MaxConcurrency < 0 {
		return fmt.Errorf("the position does not hold the parameters of the step %s", path)
	}

	for _, block := range step.Blocks {
		branch := at.Branches[block.Name]
		if branch != nil && branch.Ended {
			continue
		}

		if branch == nil {
			return fmt.Errorf("the position does not know the branch %s of the step %s", block.Name, path)
		}

		if err := c.block(path, step, block.Name, branch.List); err != nil {
			return err
		}
	}

	return nil
}
