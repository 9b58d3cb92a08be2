package validation

import (
	"fmt"
	"slices"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// unreached reports the lists of steps in a step that are never reached.
func (c *checker) unreached(path string, step scenario.Step) {
	condition, isLiteral := step.OpParams["condition"].(bool)

	switch {
	case step.OpName == scenario.OpSwitch:
		c.unreachedCases(problem.JoinPath(path, "opParams.cases"), step.OpParams)
	case !isLiteral:
	case step.OpName == scenario.OpWhile && !condition:
		c.unreachedBlock(path, step, scenario.BlockSteps, condition)
	case step.OpName == scenario.OpIf && condition:
		c.unreachedBlock(path, step, scenario.BlockElse, condition)
	case step.OpName == scenario.OpIf:
		c.unreachedBlock(path, step, scenario.BlockThen, condition)
	}
}

func (c *checker) unreachedBlock(path string, step scenario.Step, block string, condition bool) {
	if len(step.Block(block).Steps) > 0 {
		c.Addf(blockPath(step, path, block)+"[0]", problem.CodeStepUnreachable,
			"this step is never reached; the condition is always %t", condition)
	}
}

// unreachedCases reports the cases of a Switch whose values earlier cases have, or that its value can't have.
func (c *checker) unreachedCases(path string, params jsonvalue.Object) {
	cases, _ := params["cases"].([]any)

	var given schema.Kind
	if !expression.IsLiteral(params["value"]) {
		given = c.kindOf(params["value"])
	}

	earlier := map[any]bool{}

	for i, entry := range cases {
		object, _ := entry.(map[string]any)
		at := fmt.Sprintf("%s[%d].when", path, i)

		whens, isList := object["when"].([]any)
		if !isList {
			whens = []any{object["when"]}
		} else if given == schema.List {
			continue // The list as a whole can also be the value.
		}

		isNew := func(when any) bool { return !earlier[caseKey(when)] }
		if len(whens) > 0 && !slices.ContainsFunc(whens, isNew) {
			c.Addf(at, problem.CodeStepUnreachable, "this case is never reached; the values of it have earlier ones")
		}

		for _, when := range whens {
			c.caseKind(at, given, when)

			if key := caseKey(when); key != nil {
				earlier[key] = true
			}
		}
	}
}

// caseKind checks that the value of a Switch, of the given kind, can equal the value of a case.
func (c *checker) caseKind(path string, given schema.Kind, when any) {
	wanted := c.kindOf(when)
	if given == "" || wanted == "" || given.Accepts(wanted) || wanted.Accepts(given) {
		return
	}

	described := string(wanted)
	if expression.IsLiteral(when) {
		described = jsonvalue.Describe(when)
	}

	c.Addf(path, problem.CodeTypeMismatch, "the value is %s, and never %s", given, described)
}

// caseKey returns the same key for values that a Switch considers equal, or nil if the value is known only at run time. An
// integer equals a float of the same value.
func caseKey(when any) any {
	switch v := when.(type) {
	case string:
		if expression.IsLiteral(v) {
			return v
		}
	case bool, int64:
		return v
	case float64:
		if whole := int64(v); float64(whole) == v {
			return whole
		}

		return v
	}

	return nil
}

// endsScenario reports whether the step always ends the scenario, so that the steps after it are never reached.
func endsScenario(s scenario.Step) bool {
	if isConditional(s) || s.OnError == scenario.OnErrorContinue {
		return false
	}

	switch s.OpName {
	case scenario.OpReturn, scenario.OpFail:
		return true
	case scenario.OpIf:
		return blockEnds(s.Block(scenario.BlockThen)) && blockEnds(s.Block(scenario.BlockElse))
	case scenario.OpSwitch:
		return s.HasBlock(scenario.BlockDefault) &&
			!slices.ContainsFunc(s.Blocks, func(b scenario.Block) bool { return !blockEnds(b) })
	case scenario.OpTryCatch:
		return blockEnds(s.Block(scenario.BlockFinally)) || blockEnds(s.Block(scenario.BlockTry)) && neverRecovers(s)
	case scenario.OpParallel: // A Parallel contains no Return, only Fail.
		return slices.ContainsFunc(s.Blocks, blockEnds)
	}

	return false
}

// neverRecovers reports whether the steps after a TryCatch are never reached if a step in it fails.
func neverRecovers(s scenario.Step) bool {
	_, ignores := s.OpParams["ignore"]

	return !ignores && (!s.HasBlock(scenario.BlockCatch) || blockEnds(s.Block(scenario.BlockCatch)))
}

// blockEnds reports whether a step of the block always ends the scenario.
func blockEnds(b scenario.Block) bool { return slices.ContainsFunc(b.Steps, endsScenario) }

// mayEndScenario reports whether the step is or contains a Return or a Fail.
func mayEndScenario(s scenario.Step) bool {
	if s.OpName == scenario.OpReturn || s.OpName == scenario.OpFail {
		return true
	}

	return slices.ContainsFunc(s.Blocks, func(b scenario.Block) bool {
		return slices.ContainsFunc(b.Steps, mayEndScenario)
	})
}

// isConditional reports whether the step may be skipped.
func isConditional(s scenario.Step) bool { return s.Condition != nil && s.Condition != true }
