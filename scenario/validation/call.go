package validation

import (
	"fmt"
	"iter"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// call is a step that runs another scenario.
type call struct {
	name   string // The name of the scenario that it runs.
	path   string // The path of the step in its file.
	params jsonvalue.Object
	always bool // Whether every run of the calling scenario makes the call.
	inline bool
}

// callsOf returns the calls in a scenario, in the order of its file.
func callsOf(caller scenario.Scenario) []call { return appendCalls(nil, caller.Steps, "steps", true) }

func appendCalls(calls []call, steps []scenario.Step, path string, always bool) []call {
	for i, step := range steps {
		at := fmt.Sprintf("%s[%d]", path, i)
		reached := always && !isConditional(step)

		if name := step.Callee(); name != "" {
			inline, _ := step.OpParams["inline"].(bool)
			calls = append(calls, call{name: name, path: at, params: step.OpParams, always: reached, inline: inline})
		}

		for _, block := range step.Blocks {
			calls = appendCalls(calls, block.Steps, blockPath(step, at, block.Name), reached && alwaysRuns(step, block.Name))
		}

		// After a step that may end the scenario, calls are conditional: a recursion that ends is allowed.
		always = always && !mayEndScenario(step)
	}

	return calls
}

// alwaysRuns reports whether every run of the step runs the block of that name.
func alwaysRuns(s scenario.Step, block string) bool {
	switch s.OpName {
	case scenario.OpParallel:
		return true
	case scenario.OpTryCatch:
		return block != scenario.BlockCatch
	case scenario.OpIf:
		return s.OpParams["condition"] == (block == scenario.BlockThen)
	case scenario.OpWhile:
		return s.OpParams["condition"] == true
	case scenario.OpForEach:
		list, _ := s.OpParams["in"].([]any)

		return len(list) > 0
	}

	return false
}

// blockPath returns the path of the list of steps that became the block of that name. path is the path of the step.
func blockPath(s scenario.Step, path, block string) string {
	path = problem.JoinPath(path, "opParams")

	switch {
	case s.OpName == scenario.OpParallel:
		return problem.JoinPath(problem.JoinPath(path, "branches"), block)
	case s.OpName == scenario.OpSwitch && block != scenario.BlockDefault:
		return fmt.Sprintf("%s.cases[%d].steps", path, caseIndex(block))
	default:
		return problem.JoinPath(path, block)
	}
}

// stepsByPath returns all steps with their paths in the file, those of nested lists after the step that contains them. path is
// that of the list.
func stepsByPath(steps []scenario.Step, path string) iter.Seq2[string, scenario.Step] {
	return func(yield func(string, scenario.Step) bool) {
		for i, step := range steps {
			at := fmt.Sprintf("%s[%d]", path, i)
			if !yield(at, step) {
				return
			}

			for _, block := range step.Blocks {
				for inner, of := range stepsByPath(block.Steps, blockPath(step, at, block.Name)) {
					if !yield(inner, of) {
						return
					}
				}
			}
		}
	}
}
