package workflows

import (
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// PlanOf returns the actions of a job that runs the whole program.
func PlanOf(program scenario.Program) []job.PlannedStep {
	p := &plan{program: program}

	for i, step := range program.Scenarios[program.Entry].Steps {
		p.step(place{}.step(i).path, step, run)
	}

	return p.steps
}

// Plan returns what becomes of each step, in the order of the program.
func (c *Continuation) Plan() []job.PlannedStep {
	p := &plan{program: c.program, records: c.Checkpoint.Steps}
	p.list(place{}, c.program.Scenarios[c.program.Entry].Steps, c.Checkpoint.Root)

	return p.steps
}

// plan collects the actions of steps.
type plan struct {
	program scenario.Program
	records map[string]*stepRecord
	steps   []job.PlannedStep
}

// add adds a step without the steps within it.
func (p *plan) add(path string, step scenario.Step, action job.Action) {
	p.steps = append(p.steps, job.PlannedStep{
		Path: path, Title: step.DisplayTitle(), OpName: step.OpName, Action: action,
	})
}

// step adds a step with the steps within it. action returns the action for a path.
func (p *plan) step(path string, step scenario.Step, action func(path string) job.Action) {
	p.add(path, step, action(path))

	for _, block := range p.blocks(step) {
		p.block(path, block, action)
	}
}

// block adds the steps of a list within a step.
func (p *plan) block(path string, block scenario.Block, action func(path string) job.Action) {
	within := place{path: path}.block(block.Name, block.Name)
	for i, step := range block.Steps {
		p.step(within.step(i).path, step, action)
	}
}

// blocks returns the lists of steps within a step. The scenario that a step runs inline is a list with its name.
func (p *plan) blocks(step scenario.Step) []scenario.Block {
	if step.OpName != scenario.OpRunScenario || startsChild(step) {
		return step.Blocks
	}

	params, err := scenario.DecodeLiteral[scenario.RunScenario](step.OpParams)
	if err != nil {
		return nil
	}

	return []scenario.Block{{Name: params.Scenario, Steps: p.program.Scenarios[params.Scenario].Steps}}
}

// ended returns the action for a step that does not run again.
func (p *plan) ended(path string) job.Action {
	if p.records[path] == nil {
		return job.ActionSkip
	}

	return job.ActionTakeOver
}

// list adds the steps of a list with that state.
func (p *plan) list(prefix place, steps []scenario.Step, state *list) {
	for i, step := range steps {
		at := prefix.step(i)

		switch {
		case i < state.Next:
			p.step(at.path, step, p.ended)
		case i > state.Next || state.Step == nil:
			p.step(at.path, step, run)
		default:
			p.add(at.path, step, job.ActionContinue)
			p.within(at, step, state.Step)
		}
	}
}

func run(string) job.Action { return job.ActionRun }

// within adds the steps within a step that continues.
func (p *plan) within(at place, step scenario.Step, state *frame) {
	isBefore := true // Whether the block precedes the one that continues.

	for _, block := range p.blocks(step) {
		blockState := state.List
		if step.OpName == scenario.OpParallel {
			blockState = state.Branches[block.Name].List
		}

		isCurrent := block.Name == state.Block

		switch step.OpName {
		case scenario.OpWhile, scenario.OpForEach: // Other rounds follow.
			p.block(at.path, block, run)
		case scenario.OpIf, scenario.OpSwitch:
			if !isCurrent {
				p.block(at.path, block, p.ended)

				continue
			}

			p.list(at.block(block.Name, block.Name), block.Steps, blockState)
		case scenario.OpTryCatch:
			switch {
			case isCurrent:
				isBefore = false

				p.list(at.block(block.Name, block.Name), block.Steps, blockState)
			case isBefore:
				p.block(at.path, block, p.ended)
			default:
				p.block(at.path, block, run)
			}
		default: // A branch, or a scenario that runs inline.
			if blockState == nil {
				p.block(at.path, block, p.ended)

				continue
			}

			p.list(at.block(block.Name, block.Name), block.Steps, blockState)
		}
	}
}
