package scenario

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/scenario/expression"
)

// Program is what a job runs, pinned when the job starts: a change of the app's files never changes a running job.
type Program struct {
	Entry     string              `json:"entry"`               // The name of the scenario that the job starts with.
	Scenarios map[string]Scenario `json:"scenarios"`           // The entry, and every scenario that it can call.
	Variables []Parameter         `json:"variables,omitempty"` // The app's variables.
	Files     map[string]string   `json:"files,omitempty"`     // The script files of its steps, by path.
	Limits    Limits              `json:"limits,omitzero"`     // The app's limits.
	Execution Execution           `json:"execution,omitempty"` // The app's default for its scenarios.
	TaskQueue TaskQueue           `json:"taskQueue,omitempty"` // The app's default for its steps.
	Sources   map[string]Capacity `json:"sources,omitempty"`   // Those of the app's sources that have any.
}

// Reachable returns the part of the program that the scenario of that name needs, with that scenario as the entry.
func (p Program) Reachable(name string) (Program, error) {
	part := p
	part.Entry, part.Scenarios, part.Files = name, map[string]Scenario{}, nil

	for waiting := []string{name}; len(waiting) > 0; waiting = waiting[1:] {
		found, ok := p.Scenarios[waiting[0]]
		if !ok {
			return part, fmt.Errorf("the program has no scenario %s", waiting[0])
		}

		if _, known := part.Scenarios[waiting[0]]; known {
			continue
		}

		part.Scenarios[waiting[0]] = found

		for step := range AllSteps(found.Steps) {
			if callee := step.Callee(); callee != "" {
				waiting = append(waiting, callee)
			}
		}
	}

	part.Files = p.filesOf(part.Scenarios)

	return part, nil
}

// OwnSteps returns the steps of a job that runs the program: those of the entry and of the scenarios that run inline within it.
// The steps of child jobs are not among them.
func (p Program) OwnSteps() iter.Seq[Step] {
	return func(yield func(Step) bool) {
		names := []string{p.Entry}

		for at := 0; at < len(names); at++ {
			for step := range AllSteps(p.Scenarios[names[at]].Steps) {
				if !yield(step) {
					return
				}

				inline, _ := step.OpParams["inline"].(bool)
				if callee := step.Callee(); inline && callee != "" && !slices.Contains(names, callee) {
					names = append(names, callee)
				}
			}
		}
	}
}

// filesOf returns the script files of scenarios of the program.
func (p Program) filesOf(scenarios map[string]Scenario) map[string]string {
	var files map[string]string

	for _, name := range slices.Sorted(maps.Keys(scenarios)) {
		for step := range AllSteps(scenarios[name].Steps) {
			file := step.ScriptFile()
			if file == "" {
				continue
			}

			if files == nil {
				files = map[string]string{}
			}

			files[file] = p.Files[file]
		}
	}

	return files
}

// AllSteps returns the steps and those in their blocks, each step before the steps in its blocks.
func AllSteps(steps []Step) iter.Seq[Step] {
	return func(yield func(Step) bool) { yieldSteps(steps, yield) }
}

func yieldSteps(steps []Step, yield func(Step) bool) bool {
	for _, step := range steps {
		if !yield(step) {
			return false
		}

		for _, block := range step.Blocks {
			if !yieldSteps(block.Steps, yield) {
				return false
			}
		}
	}

	return true
}

// Callee returns the name of the scenario that the step runs, or "" if it runs none.
func (s Step) Callee() string {
	name, _ := s.OpParams["scenario"].(string)
	if s.OpName != OpRunScenario || !expression.IsLiteral(name) {
		return ""
	}

	return name
}

// ScriptFile returns the path of the script file that the step runs, or "" if it runs none.
func (s Step) ScriptFile() string {
	file, _ := s.OpParams["scriptFile"].(string)
	if s.OpName != OpRunSourceScript {
		return ""
	}

	return file
}
