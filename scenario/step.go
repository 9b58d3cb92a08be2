package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a scenario, so that the state of a job that runs it stays small whatever its author writes.
const (
	maxDepth       = 16     // How many lists of steps may lie within each other.
	maxSteps       = 1_000  // How many steps a scenario may have, and a program with those that run inline.
	maxExpressions = 10_000 // How many expressions a scenario may have.
)

// steps checks a list of steps.
func (c *checker) steps(path string, list []any) []Step {
	c.depth++
	defer func() { c.depth-- }()

	if c.depth > maxDepth {
		c.addf(path, CodeTooLarge, "steps lie more than %d lists deep; move some into a scenario of their own", maxDepth)

		return nil
	}

	var (
		steps []Step
		ended bool
	)

	for i, value := range list {
		at := fmt.Sprintf("%s[%d]", path, i)

		c.stepCount++

		if c.stepCount > maxSteps {
			if c.stepCount == maxSteps+1 {
				c.addf(at, CodeTooLarge, "a scenario has at most %d steps; move some into a scenario of their own", maxSteps)
			}

			break
		}

		step := c.step(at, value)
		c.introduce(at, step)

		// Those after it are not reached either, but it is one mistake.
		if !ended && step.endsScenario() && i+1 < len(list) {
			c.addf(fmt.Sprintf("%s[%d]", path, i+1), CodeStepUnreachable,
				"this step is never reached; the one before it always ends the scenario")

			ended = true
		}

		steps = append(steps, step)
	}

	return steps
}

// introduce makes known to later steps what a step adds to the names.
func (c *checker) introduce(path string, step Step) {
	if step.Name != "" {
		if _, taken := c.names.step(step.Name); taken {
			c.addf(join(path, "name"), CodeNameTaken, "an earlier step is named %s too", step.Name)
		}

		operation, _ := OperationNamed(step.OpName)
		c.names.steps[step.Name] = operation
	}

	if step.OpName == OpSetVariable {
		c.setVariable(join(path, "opParams"), step)
	}
}

// setVariable checks that a variable may be set here, and makes it known.
func (c *checker) setVariable(path string, step Step) {
	name, _ := step.OpParams["name"].(string)
	if name == "" || !isLiteral(name) {
		return // That was told.
	}

	found, beyond, ok := c.names.find(name)
	forApp := step.OpParams["scope"] == ScopeApp
	given := c.formOf(step.OpParams["value"])

	switch {
	case forApp && (!ok || found.kind != kindAppVariable):
		c.addf(join(path, "name"), CodeVariableUnknown, "app.yaml declares no variable %s; %s", name,
			Suggest(name, c.appVariables()))
	case forApp:
		c.assign(join(path, "value"), name, found, given)
	case ok && found.kind == kindAppVariable:
		c.addf(join(path, "name"), CodeNameTaken, "%s is a variable of the app; add scope: app to set it", name)
	case ok && found.kind != kindVariable:
		c.addf(join(path, "name"), CodeNameTaken, "%s is %s and can't be set", name, found.kind)
	case ok && beyond:
		c.addf(join(path, "name"), CodeVariableShared,
			"%s lies outside of what runs at the same time here, and can be read but not set; set it before or after", name)
	case ok:
		c.assign(join(path, "value"), name, found, given)
	case !isName(name):
		c.addf(join(path, "name"), CodeValueInvalid,
			"%s can't name a variable; a name is letters, digits and _, and no word of expressions", name)
	default:
		// The variable is null where the step was skipped or failed.
		if step.isConditional() || step.OnError == OnErrorContinue {
			given = ""
		}

		c.names.own[name] = known{kind: kindVariable, form: given, t: typeOfForm(given)}
	}
}

// assign checks that a value of the given form may take the place of the one that the variable has.
func (c *checker) assign(path, name string, variable known, given form) {
	if given != "" && variable.form != "" && !variable.form.accepts(given) {
		c.addf(path, CodeTypeMismatch, "%s is %s from where it begins, this is %s", name, variable.form, given)
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

// formOf returns the form that a value will have once its expressions are evaluated, or "" where only that can tell.
func (c *checker) formOf(value any) form {
	text, isText := value.(string)
	if !isText {
		return formOfValue(value)
	}

	parsed, err := parseTemplate(text)
	if err != nil || !parsed.isAlone() {
		return formText
	}

	if parsed[0].kind == queryText {
		return ""
	}

	used, err := parseExpression(parsed[0].text)
	if err != nil {
		return ""
	}

	program, err := compile(parsed[0].text, c.names.env(used))
	if err != nil {
		return "" // It was told where the parameters were checked.
	}

	return resultForm(program)
}

// step checks a step.
func (c *checker) step(path string, value any) Step {
	step, sound := c.stepFrame(path, value)
	if step.OpName == "" {
		return step
	}

	operation, ok := OperationNamed(step.OpName)
	if !ok {
		c.addf(join(path, "opName"), CodeOperationUnknown, "unknown operation %s; %s", step.OpName,
			Suggest(step.OpName, operationNames()))

		// What it was probably meant to be says which steps and names are in it.
		operation, _ = OperationNamed(nearest(step.OpName, operationNames()))
		step.OpName = operation.Name
		c.blocks(join(path, "opParams"), operation, &step)

		return step
	}

	if !sound {
		return step
	}

	c.operation(join(path, "opParams"), operation, step.OpParams)
	c.blocks(join(path, "opParams"), operation, &step)
	c.unreached(path, step)

	if _, ignores := step.OpParams["ignore"]; step.OpName == OpTryCatch && len(step.Blocks) == 1 && !ignores {
		c.addf(join(path, "opParams"), CodeValueInvalid, "there is nothing to do about an error; give catch, ignore or finally")
	}

	if step.OpName == OpRunScenario {
		c.arguments(join(path, "opParams.parameters"), step.OpParams["parameters"])
	}

	if step.OpName == OpReturn && c.names.isApart() {
		c.addf(join(path, "opName"), CodeValueInvalid,
			"a Return can't stand in what runs at the same time as other steps: which of them would have run?")
	}

	return step
}

// arguments notes what the expressions give that stand for parameters of another scenario.
func (c *checker) arguments(path string, value any) {
	given, _ := value.(map[string]any)

	for _, name := range slices.Sorted(maps.Keys(given)) {
		if c.document != nil && !isLiteral(given[name]) {
			c.document.arguments[join(path, name)] = c.formOf(given[name])
		}
	}
}

// blocks checks the steps within a control operation, and moves them from its parameters to its blocks.
func (c *checker) blocks(path string, operation Operation, step *Step) {
	rest := maps.Clone(step.OpParams)

	for _, field := range operation.Fields {
		value, given := step.OpParams[field.Name]
		if !given {
			continue
		}

		at := join(path, field.Name)

		switch field.form { //nolint:exhaustive // The others hold no steps.
		case formSteps:
			delete(rest, field.Name)
			c.block(at, step, field.Name, value)
		case formBranches:
			delete(rest, field.Name)
			c.branches(at, step, value)
		case formCases:
			rest[field.Name] = c.cases(at, step, value)
		case formRules:
			c.rules(at, value)
		}
	}

	step.OpParams = rest
}

// block checks a list of steps within a step, with the names that the step's operation adds for it.
func (c *checker) block(path string, step *Step, name string, value any) {
	list, isList := value.([]any)
	if !isList {
		return // The form of the field told it.
	}

	outer := c.names
	c.names = outer.inner()

	switch {
	case step.OpName == OpParallel:
		c.names.apart = true
	case step.OpName == OpForEach:
		c.loopNames(parent(path), step.OpParams)
	case name == BlockCatch:
		c.names.addError()
	}

	step.Blocks = append(step.Blocks, Block{Name: name, Steps: c.steps(path, list)})
	c.names = outer
}

// loopNames makes known what the steps of a ForEach read of each round.
func (c *checker) loopNames(path string, params Params) {
	concurrency, isNumber := params["maxConcurrency"].(int64)
	_, given := params["maxConcurrency"]
	c.names.apart = given && (!isNumber || concurrency > 1)

	c.loopName(join(path, "as"), itemName(params), "")

	if index, _ := params["index"].(string); index != "" {
		c.loopName(join(path, "index"), index, formInteger)
	}
}

func (c *checker) loopName(path, name string, form form) {
	if !isName(name) {
		c.addf(path, CodeValueInvalid,
			"%s can't name an entry or its number; a name is letters, digits and _, and no word of expressions", name)
	}

	c.names.own[name] = known{kind: kindLoopName, form: form, t: typeOfForm(form)}
}

// branches checks the branches of a Parallel.
func (c *checker) branches(path string, step *Step, value any) {
	branches, isObject := value.(map[string]any)
	if isObject && len(branches) == 0 {
		c.addf(path, CodeValueInvalid, "there are no branches")
	}

	for _, name := range c.inOrder(path, branches) {
		at := join(path, name)

		if !identifier.MatchString(name) {
			c.addf(at, CodeValueInvalid, "%s can't name a branch; a name is letters, digits and _", name)
		}

		if mismatch := formSteps.mismatch(branches[name]); mismatch != "" {
			c.addf(at, CodeTypeMismatch, "%s", mismatch)
		}

		c.block(at, step, name, branches[name])
	}
}

// cases checks the cases of a Switch, and returns what remains of them without their steps: the values.
func (c *checker) cases(path string, step *Step, value any) []any {
	list, isList := value.([]any)
	values := make([]any, 0, len(list))

	if isList && len(list) == 0 {
		c.addf(path, CodeValueInvalid, "there are no cases")
	}

	for i, entry := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		object := c.object(at, entry, fieldsOf[Case]())
		values = append(values, map[string]any{"when": object["when"]})

		c.block(join(at, "steps"), step, BlockCase(i), object["steps"])
	}

	return values
}

// BlockCase is the name of the block of the case at index, from 0.
func BlockCase(index int) string { return "case" + strconv.Itoa(index+1) }

// caseIndex is the index of the case whose block has the name.
func caseIndex(block string) int {
	number, _ := strconv.Atoi(strings.TrimPrefix(block, "case"))

	return number - 1
}

// rules checks the ignore rules of a TryCatch, which read what a catch reads.
func (c *checker) rules(path string, value any) {
	outer := c.names
	c.names = outer.inner()
	c.names.addError()

	list, _ := value.([]any)
	for i, entry := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.object(at, entry, fieldsOf[IgnoreRule]())

		rule, isObject := entry.(map[string]any)
		if isObject && len(rule) != 1 {
			c.addf(at, CodeValueInvalid, "a rule has one of messageContains, stackContains and condition")
		}

		for _, name := range []string{"messageContains", "stackContains"} {
			if rule[name] == "" {
				c.addf(join(at, name), CodeValueInvalid, "%s is empty; every error contains that, and would be passed over", name)
			}
		}
	}

	c.names = outer
}
