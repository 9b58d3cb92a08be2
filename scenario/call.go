package scenario

import (
	"fmt"
)

// call is a step that runs another scenario.
type call struct {
	name   string
	path   string // The step's place in its file, see [Problem].
	params Params
	always bool // Whether it is made whenever the scenario runs.
	inline bool
}

// calls returns the calls of a scenario, in the order of its file.
func (s Scenario) calls() []call { return callsOf(s.Steps, "steps", true) }

func callsOf(steps []Step, path string, always bool) []call {
	var calls []call

	for i, step := range steps {
		at := fmt.Sprintf("%s[%d]", path, i)
		reached := always && !step.isConditional()

		name, _ := step.OpParams["scenario"].(string)

		// One without a name that is known, validation has found fault with.
		if step.OpName == OpRunScenario && name != "" && isLiteral(name) {
			inline, _ := step.OpParams["inline"].(bool)
			calls = append(calls, call{name: name, path: at, params: step.OpParams, always: reached, inline: inline})
		}

		for _, block := range step.Blocks {
			calls = append(calls, callsOf(block.Steps, step.blockPath(at, block.Name), reached && step.alwaysRuns(block.Name))...)
		}

		// What may have ended before is not made always. A chain of calls that ends is a recursion.
		always = always && !step.mayEndScenario()
	}

	return calls
}

// alwaysRuns reports whether the block of that name is run whenever the step is.
func (s Step) alwaysRuns(block string) bool {
	switch s.OpName {
	case OpParallel:
		return true
	case OpTryCatch:
		return block != BlockCatch
	case OpIf:
		return s.OpParams["condition"] == (block == BlockThen)
	case OpWhile:
		return s.OpParams["condition"] == true
	case OpForEach:
		list, _ := s.OpParams["in"].([]any)

		return len(list) > 0
	}

	return false
}

// blockPath returns where the list of steps stands that became the block of that name; path is the step's.
func (s Step) blockPath(path, block string) string {
	path = join(path, "opParams")

	switch {
	case s.OpName == OpParallel:
		return join(join(path, "branches"), block)
	case s.OpName == OpSwitch && block != BlockDefault:
		return fmt.Sprintf("%s.cases[%d].steps", path, caseIndex(block))
	default:
		return join(path, block)
	}
}
