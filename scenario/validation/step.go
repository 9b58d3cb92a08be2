package validation

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// Limits of a scenario, so that the state of its jobs remains small.
const (
	MaxDepth       = 16     // The depth of nested lists of steps.
	MaxSteps       = 1_000  // The number of steps of a scenario, including scenarios that it runs inline.
	maxExpressions = 10_000 // The number of expressions of a scenario.
)

// steps checks a list of steps.
func (c *checker) steps(path string, list []any) []scenario.Step {
	c.depth++
	defer func() { c.depth-- }()

	if c.depth > MaxDepth {
		c.Addf(path, problem.CodeTooLarge, "steps lie more than %d lists deep; move some into a scenario of their own", MaxDepth)

		return nil
	}

	var (
		steps []scenario.Step
		ended bool
	)

	for i, value := range list {
		at := fmt.Sprintf("%s[%d]", path, i)

		c.stepCount++

		if c.stepCount > MaxSteps {
			if c.stepCount == MaxSteps+1 {
				c.Addf(at, problem.CodeTooLarge,
					"a scenario has at most %d steps; move some into a scenario of their own", MaxSteps)
			}

			break
		}

		step := c.step(at, value)
		c.introduce(at, step)

		// The following steps are unreachable too, but this is one mistake.
		if !ended && endsScenario(step) && i+1 < len(list) {
			c.Addf(fmt.Sprintf("%s[%d]", path, i+1), problem.CodeStepUnreachable,
				"this step is never reached; the one before it always ends the scenario")

			ended = true
		}

		steps = append(steps, step)
	}

	return steps
}

// introduce adds the names that a step declares for later steps.
func (c *checker) introduce(path string, step scenario.Step) {
	if step.Name != "" {
		if _, taken := c.names.step(step.Name); taken {
			c.Addf(problem.JoinPath(path, "name"), problem.CodeNameTaken, "an earlier step is named %s too", step.Name)
		}

		operation, _ := scenario.OperationNamed(step.OpName)
		c.names.steps[step.Name] = operation
	}

	if step.OpName == scenario.OpSetVariable {
		c.setVariable(problem.JoinPath(path, "opParams"), step)
	}
}

// setVariable checks that a variable may be set here, and declares it.
func (c *checker) setVariable(path string, step scenario.Step) {
	name, _ := step.OpParams["name"].(string)
	if name == "" || !expression.IsLiteral(name) {
		return // Reported when the parameters were checked.
	}

	found, beyond, ok := c.names.find(name)
	forApp := step.OpParams["scope"] == scenario.ScopeApp
	given := c.kindOf(step.OpParams["value"])

	switch {
	case forApp && (!ok || found.kind != kindAppVariable):
		c.Addf(problem.JoinPath(path, "name"), problem.CodeVariableUnknown, "app.yaml declares no variable %s; %s", name,
			problem.Suggest(name, c.appVariables()))
	case forApp:
		c.assign(problem.JoinPath(path, "value"), name, found, given)
	case ok && found.kind == kindAppVariable:
		c.Addf(problem.JoinPath(path, "name"), problem.CodeNameTaken,
			"%s is a variable of the app; add scope: app to set it", name)
	case ok && found.kind != kindVariable:
		c.Addf(problem.JoinPath(path, "name"), problem.CodeNameTaken, "%s is %s and can't be set", name, found.kind)
	case ok && beyond:
		c.Addf(problem.JoinPath(path, "name"), problem.CodeVariableShared,
			"%s belongs to steps around concurrent steps, which can read but not set it; set it before or after them", name)
	case ok:
		c.assign(problem.JoinPath(path, "value"), name, found, given)
	case !expression.IsName(name):
		c.Addf(problem.JoinPath(path, "name"), problem.CodeValueInvalid,
			"%s can't name a variable; a name consists of letters, digits and _, and must not be a reserved word", name)
	default:
		// The variable is null if the step was skipped or failed.
		if isConditional(step) || step.OnError == scenario.OnErrorContinue {
			given = ""
		}

		c.names.own[name] = known{kind: kindVariable, t: expression.Type{Kind: given}}
	}
}

// assign checks that a value of the given kind can be assigned to the variable.
func (c *checker) assign(path, name string, variable known, given schema.Kind) {
	if given != "" && variable.t.Kind != "" && !variable.t.Kind.Accepts(given) {
		c.Addf(path, problem.CodeTypeMismatch, "%s is %s from where it begins, this is %s", name, variable.t.Kind, given)
	}
}

func (c *checker) appVariables() []string {
	var names []string

	if c.app != nil {
		for _, variable := range c.app.Variables {
			names = append(names, variable.Name)
		}
	}

	return names
}

// kindOf returns the kind of a value after evaluation, or "" if it is known only at run time.
func (c *checker) kindOf(value any) schema.Kind {
	text, isText := value.(string)
	if !isText {
		return schema.KindOf(value)
	}

	parsed, err := expression.ParseTemplate(text)
	if err != nil || !parsed.IsAlone() {
		return schema.Text
	}

	if parsed[0].Kind == expression.QueryFragment {
		return ""
	}

	kind, err := expression.Check(parsed[0].Text, c.names)
	if err != nil {
		return "" // Reported when the parameters were checked.
	}

	return kind
}

// step checks a step.
func (c *checker) step(path string, value any) scenario.Step {
	step, sound := c.stepFrame(path, value)
	if step.OpName == "" {
		return step
	}

	operation, ok := scenario.OperationNamed(step.OpName)
	if !ok {
		c.Addf(problem.JoinPath(path, "opName"), problem.CodeOperationUnknown, "unknown operation %s; %s", step.OpName,
			problem.Suggest(step.OpName, scenario.OperationNames()))

		// The probable operation determines which parameters contain steps.
		operation, _ = scenario.OperationNamed(problem.Nearest(step.OpName, scenario.OperationNames()))
		step.OpName = operation.Name
		c.blocks(problem.JoinPath(path, "opParams"), operation, &step)

		return step
	}

	if !sound {
		return step
	}

	c.timeout(problem.JoinPath(path, "timeout"), step)
	c.operation(problem.JoinPath(path, "opParams"), operation, step.OpParams)
	c.blocks(problem.JoinPath(path, "opParams"), operation, &step)
	c.unreached(path, step)

	if _, ignores := step.OpParams["ignore"]; step.OpName == scenario.OpTryCatch && len(step.Blocks) == 1 && !ignores {
		c.Addf(problem.JoinPath(path, "opParams"), problem.CodeValueInvalid,
			"errors have no handler; add catch, ignore or finally")
	}

	if step.OpName == scenario.OpRunScenario {
		c.arguments(problem.JoinPath(path, "opParams.parameters"), step.OpParams["parameters"])
	}

	if step.OpName == scenario.OpReturn && c.names.isApart() {
		c.Addf(problem.JoinPath(path, "opName"), problem.CodeValueInvalid,
			"a Return is not allowed in steps that run concurrently with other steps")
	}

	return step
}

// timeout checks that the timeout of a data operation does not exceed the maximum of the app.
func (c *checker) timeout(path string, step scenario.Step) {
	if c.app == nil || c.app.Limits.MaxStepTimeout == 0 || step.Timeout <= c.app.Limits.MaxStepTimeout {
		return
	}

	if operation, isKnown := scenario.OperationNamed(step.OpName); isKnown && !operation.Control {
		c.Addf(path, problem.CodeValueInvalid, "timeout is %s, and maxStepTimeout in app.yaml allows %s at most",
			time.Duration(step.Timeout), time.Duration(c.app.Limits.MaxStepTimeout))
	}
}

// arguments records the kinds of the expressions that are parameters of another scenario.
func (c *checker) arguments(path string, value any) {
	given, _ := value.(map[string]any)

	for _, name := range slices.Sorted(maps.Keys(given)) {
		if c.document != nil && !expression.IsLiteral(given[name]) {
			c.document.arguments[problem.JoinPath(path, name)] = c.kindOf(given[name])
		}
	}
}

// blocks checks the steps within a control operation, and moves them from its parameters to its blocks.
func (c *checker) blocks(path string, operation scenario.Operation, step *scenario.Step) {
	rest := maps.Clone(step.OpParams)

	for _, field := range operation.Fields {
		value, given := step.OpParams[field.Name]
		if !given {
			continue
		}

		at := problem.JoinPath(path, field.Name)

		switch field.Form {
		case scenario.FormSteps:
			delete(rest, field.Name)
			c.block(at, step, field.Name, value)
		case scenario.FormBranches:
			delete(rest, field.Name)
			c.branches(at, step, value)
		case scenario.FormCases:
			rest[field.Name] = c.cases(at, step, value)
		case scenario.FormIgnoreRules:
			c.rules(at, value)
		}
	}

	step.OpParams = rest
}

// block checks a list of steps within a step, with the names that the step's operation declares for it.
func (c *checker) block(path string, step *scenario.Step, name string, value any) {
	list, isList := value.([]any)
	if !isList {
		return // Reported when the field was checked.
	}

	outer := c.names
	c.names = outer.inner()

	switch {
	case step.OpName == scenario.OpParallel:
		c.names.apart = true
	case step.OpName == scenario.OpForEach:
		c.loopNames(problem.ParentPath(path), step.OpParams)
	case name == scenario.BlockCatch:
		c.names.addError()
	}

	step.Blocks = append(step.Blocks, scenario.Block{Name: name, Steps: c.steps(path, list)})
	c.names = outer
}

// loopNames declares the names that the steps of a ForEach read.
func (c *checker) loopNames(path string, params jsonvalue.Object) {
	concurrency, isNumber := params["maxConcurrency"].(int64)
	_, given := params["maxConcurrency"]
	c.names.apart = given && (!isNumber || concurrency > 1)

	c.loopName(problem.JoinPath(path, "as"), scenario.ItemName(params), "")

	if index, _ := params["index"].(string); index != "" {
		c.loopName(problem.JoinPath(path, "index"), index, schema.Integer)
	}
}

func (c *checker) loopName(path, name string, kind schema.Kind) {
	if !expression.IsName(name) {
		c.Addf(path, problem.CodeValueInvalid,
			"%s can't name an entry or its number; a name consists of letters, digits and _, and is not a reserved word", name)
	}

	c.names.own[name] = known{kind: kindLoopName, t: expression.Type{Kind: kind}}
}

// branches checks the branches of a Parallel.
func (c *checker) branches(path string, step *scenario.Step, value any) {
	branches, isObject := value.(map[string]any)
	if isObject && len(branches) == 0 {
		c.Addf(path, problem.CodeValueInvalid, "there are no branches")
	}

	for _, name := range c.inOrder(path, branches) {
		at := problem.JoinPath(path, name)

		if !expression.IsIdentifier(name) {
			c.Addf(at, problem.CodeValueInvalid, "%s can't name a branch; a name consists of letters, digits and _", name)
		}

		if mismatch := scenario.FormSteps.Mismatch(name, branches[name]); mismatch != "" {
			c.Addf(at, problem.CodeTypeMismatch, "%s", mismatch)
		}

		c.block(at, step, name, branches[name])
	}
}

// cases checks the cases of a Switch, and returns the cases without their steps.
func (c *checker) cases(path string, step *scenario.Step, value any) []any {
	list, isList := value.([]any)
	values := make([]any, 0, len(list))

	if isList && len(list) == 0 {
		c.Addf(path, problem.CodeValueInvalid, "there are no cases")
	}

	for i, entry := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		object := c.object(at, entry, schema.Fields[scenario.Case]())
		values = append(values, map[string]any{"when": object["when"]})

		c.block(problem.JoinPath(at, "steps"), step, scenario.BlockCase(i), object["steps"])
	}

	return values
}

// caseIndex returns the index of the case whose block has the name.
func caseIndex(block string) int {
	number, _ := strconv.Atoi(strings.TrimPrefix(block, "case"))

	return number - 1
}

// rules checks the ignore rules of a TryCatch, which can read the names of a catch.
func (c *checker) rules(path string, value any) {
	outer := c.names
	c.names = outer.inner()
	c.names.addError()

	list, _ := value.([]any)
	for i, entry := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.object(at, entry, schema.Fields[scenario.IgnoreRule]())

		rule, isObject := entry.(map[string]any)
		if isObject && len(rule) != 1 {
			c.Addf(at, problem.CodeValueInvalid, "a rule has one of messageContains, stackContains and condition")
		}

		for _, name := range []string{"messageContains", "stackContains"} {
			if rule[name] == "" {
				c.Addf(problem.JoinPath(at, name), problem.CodeValueInvalid, "%s is empty and would match every error", name)
			}
		}
	}

	c.names = outer
}
