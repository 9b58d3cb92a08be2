package lineage

import (
	"fmt"
	"slices"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// job collects the steps of the job that runs a scenario: its own, and those of the scenarios that run inline within it.
type job struct {
	program  scenario.Program
	sources  map[string]source.Definition
	scenario string
	steps    []Step
	children []string // The scenarios that run as child jobs.
}

// add adds the steps of a list, each before the steps within it. within are the scenarios around the list.
func (j *job) add(prefix string, steps []scenario.Step, within []string) {
	for i, step := range steps {
		path := fmt.Sprintf("%s%d", prefix, i+1)
		callee := step.Callee()
		one := operation{job: j, params: step.OpParams, step: Step{
			Scenario: j.scenario, Path: path, Title: step.DisplayTitle(), Name: step.Name, OpName: step.OpName, Runs: callee,
		}}
		one.add(step)

		if found := one.step; callee != "" || len(found.Reads)+len(found.Writes)+len(found.Unknown) > 0 {
			j.steps = append(j.steps, found)
		}

		for _, block := range step.Blocks {
			j.add(path+"."+block.Name+".", block.Steps, within)
		}

		isInline, _ := step.OpParams["inline"].(bool)

		switch {
		case callee == "":
		case !isInline:
			j.children = append(j.children, callee)
		case !slices.Contains(within, callee): // Otherwise it runs itself, and its steps are known.
			j.add(path+"."+callee+".", j.program.Scenarios[callee].Steps, append(slices.Clip(within), callee))
		}
	}
}
