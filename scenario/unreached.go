package scenario

import (
	"fmt"
	"slices"
)

// unreached finds the lists of steps within a step that nothing can ever run.
func (c *checker) unreached(path string, step Step) {
	condition, isLiteral := step.OpParams["condition"].(bool)

	switch {
	case step.OpName == OpSwitch:
		c.unreachedCases(join(path, "opParams.cases"), step.OpParams)
	case !isLiteral:
	case step.OpName == OpWhile && !condition:
		c.unreachedBlock(path, step, BlockSteps, condition)
	case step.OpName == OpIf && condition:
		c.unreachedBlock(path, step, BlockElse, condition)
	case step.OpName == OpIf:
		c.unreachedBlock(path, step, BlockThen, condition)
	}
}

func (c *checker) unreachedBlock(path string, step Step, block string, condition bool) {
	if len(step.Block(block).Steps) > 0 {
		c.addf(step.blockPath(path, block)+"[0]", CodeStepUnreachable,
			"this step is never reached; the condition is always %t", condition)
	}
}

// unreachedCases finds the cases of a Switch whose values an earlier one has, or which its value can't have.
func (c *checker) unreachedCases(path string, params Params) {
	cases, _ := params["cases"].([]any)

	var given form
	if !isLiteral(params["value"]) {
		given = c.formOf(params["value"])
	}

	earlier := map[any]bool{}

	for i, entry := range cases {
		object, _ := entry.(map[string]any)
		at := fmt.Sprintf("%s[%d].when", path, i)

		whens, isList := object["when"].([]any)
		if !isList {
			whens = []any{object["when"]}
		} else if given == formList {
			continue // The list as a whole is a value too.
		}

		isNew := func(when any) bool { return !earlier[caseKey(when)] }
		if len(whens) > 0 && !slices.ContainsFunc(whens, isNew) {
			c.addf(at, CodeStepUnreachable, "this case is never reached; the values of it have earlier ones")
		}

		for _, when := range whens {
			c.caseForm(at, given, when)

			if key := caseKey(when); key != nil {
				earlier[key] = true
			}
		}
	}
}

// caseForm checks that the value of a Switch, of the given form, can be what a case asks for.
func (c *checker) caseForm(path string, given form, when any) {
	wanted := c.formOf(when)
	if given == "" || wanted == "" || given.accepts(wanted) || wanted.accepts(given) {
		return
	}

	described := string(wanted)
	if isLiteral(when) {
		described = describe(when)
	}

	c.addf(path, CodeTypeMismatch, "the value is %s, and never %s", given, described)
}

// caseKey returns the same for values that a Switch takes for the same, or nil where only running the job tells: an integer
// equals the float of the same size.
func caseKey(when any) any {
	switch v := when.(type) {
	case string:
		if isLiteral(v) {
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
