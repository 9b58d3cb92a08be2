package scenario

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/jobwright/jobwright/source"
)

// The objects of a scenario file, as their author writes them.
type (
	scenarioFields struct {
		Description string         `json:"description" description:"What the scenario does."`
		Parameters  map[string]any `json:"parameters"  description:"The parameters that it can be run with."`
		Steps       []any          `json:"steps"       required:"true" description:"What it does, in order."`
	}

	parameterFields struct {
		Type        source.Type `json:"type"        required:"true" description:"The type of its values."`
		Default     any         `json:"default"     description:"Its value when a caller gives none; without one, a caller must."`
		Description string      `json:"description" description:"What it means."`
	}

	stepFields struct {
		Title    string         `json:"title"    description:"What people read of the step."`
		Name     string         `json:"name"     description:"The name by which later steps read its outcome."`
		OpName   string         `json:"opName"   required:"true" description:"The operation that the step runs."`
		OpParams map[string]any `json:"opParams" description:"The operation's parameters."`
		Retry    map[string]any `json:"retry"    description:"How the step is tried again."`
		Timeout  Duration       `json:"timeout"  description:"The longest that one attempt may take."`
	}
)

// Parse reads a scenario from a YAML or JSON file and checks it against the sources that its app has. An error is
// [Problems]: every mistake in the file, with its place.
func Parse(file string, text []byte, sources []string) (Scenario, error) {
	parsed, problems := parseDocument(text)
	check := checker{file: file, document: parsed, sources: nonNil(sources)}

	if len(problems) > 0 {
		for i := range problems {
			problems[i].File = file
		}

		return Scenario{}, problems.err()
	}

	found := check.scenario(parsed.value)
	found.File = file

	return found, check.problems.err()
}

// ParseOperation reads the operation of a job, which is a step by itself, and checks it against the sources that the app
// has. An error is [Problems]. The parameters of RunScenario are data, in which no expressions are looked for.
func ParseOperation(operation Params, sources []string) (Step, error) {
	check := checker{sources: nonNil(sources)}

	if operation["opName"] == RunScenario {
		step, sound := check.stepFrame("", map[string]any(operation))
		if sound {
			check.object("opParams", map[string]any(step.OpParams), fieldsOf[RunScenarioParams]())
		}

		return step, check.problems.err()
	}

	check.scope = NewScope(nil, nil, JobScope{})
	step := check.step("", map[string]any(operation), append(operationNames(), RunScenario))

	return step, check.problems.err()
}

// nonNil makes the list of an app without sources one that is checked.
func nonNil(sources []string) []string {
	if sources == nil {
		return []string{}
	}

	return sources
}

func (c *checker) scenario(value any) Scenario {
	object := c.object("", value, fieldsOf[scenarioFields]())

	var found Scenario

	found.Description, _ = object["description"].(string)

	parameters, _ := object["parameters"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		found.Parameters = append(found.Parameters, c.parameter("parameters."+name, name, parameters[name]))
	}

	// In the order in which the author wrote them.
	slices.SortStableFunc(found.Parameters, func(a, b Parameter) int {
		at, bt := c.document.positions["parameters."+a.Name], c.document.positions["parameters."+b.Name]

		return cmp.Or(cmp.Compare(at.line, bt.line), cmp.Compare(at.column, bt.column))
	})

	c.scope = NewScope(found.Parameters, nil, JobScope{})
	steps, given := object["steps"].([]any)

	if given && len(steps) == 0 {
		c.addf("steps", CodeValueInvalid, "a scenario needs at least one step")
	}

	for i, value := range steps {
		step := c.step(pathOfStep(i), value, operationNames())

		if _, taken := c.scope.steps[step.Name]; taken {
			c.addf(pathOfStep(i)+".name", CodeNameTaken, "an earlier step is named %s too", step.Name)
		}

		c.scope.AddStep(step.Name, StepScope{})

		found.Steps = append(found.Steps, step)
	}

	return found
}

func pathOfStep(index int) string { return "steps[" + strconv.Itoa(index) + "]" }

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// reservedNames can't name a parameter: expressions mean something else by them.
var reservedNames = []string{
	scopeJob, scopeSteps, "true", "false", "nil", "null", "in", "not", "and", "or", "let", "if", "else", "matches",
	"contains", "startsWith", "endsWith", "env",
}

func (c *checker) parameter(path, name string, value any) Parameter {
	if !identifier.MatchString(name) || slices.Contains(reservedNames, name) {
		c.addf(path, CodeValueInvalid, "%s can't name a parameter; a name is letters, digits and _, and no word of expressions",
			name)
	}

	object := c.object(path, value, fieldsOf[parameterFields]())
	parameter := Parameter{Name: name}
	parameter.Description, _ = object["description"].(string)

	typeName, _ := object["type"].(string)
	parameter.Type = source.Type(typeName)

	fallback, given := object["default"]
	parameter.Required = !given

	if given && parameter.Type.Valid() {
		converted, mismatch := convert(parameter.Type, fallback)
		if mismatch != "" {
			c.addf(path+".default", CodeTypeMismatch, "%s", mismatch)
		}

		parameter.Default = converted
	}

	return parameter
}

// step checks a step whose operation is one of known.
func (c *checker) step(path string, value any, known []string) Step {
	step, sound := c.stepFrame(path, value)
	if step.OpName == "" {
		return step
	}

	operation, ok := dataOperation(step.OpName)
	if !ok {
		c.addf(join(path, "opName"), CodeOperationUnknown, "unknown operation %s; %s", step.OpName, Suggest(step.OpName, known))

		return step
	}

	if sound {
		c.operation(join(path, "opParams"), operation, step.OpParams)
	}

	return step
}

// stepFrame checks what every step has, whatever its operation, and reports whether its parameters are an object.
func (c *checker) stepFrame(path string, value any) (step Step, sound bool) {
	scope := c.scope
	c.scope = nil // No expressions around an operation, only in its parameters.
	object := c.object(path, value, fieldsOf[stepFields]())

	step.Title, _ = object["title"].(string)
	step.Name, _ = object["name"].(string)
	step.OpName, _ = object["opName"].(string)
	step.Timeout = duration(object["timeout"])

	params, sound := object["opParams"].(map[string]any)
	if !sound {
		params = map[string]any{}

		raw, _ := value.(map[string]any)
		_, given := raw["opParams"]
		sound = !given
	}

	step.OpParams = params

	if step.Name != "" && !identifier.MatchString(step.Name) {
		c.addf(join(path, "name"), CodeValueInvalid, "%s can't name a step; a name is letters, digits and _", step.Name)
	}

	if retry, given := object["retry"]; given {
		step.Retry = c.retry(join(path, "retry"), retry)
	}

	if c.document != nil {
		step.Line = c.document.positions[path].line
	}

	c.scope = scope

	return step, sound
}

func (c *checker) retry(path string, value any) *Retry {
	object := c.object(path, value, fieldsOf[Retry]())
	retry := &Retry{InitialInterval: duration(object["initialInterval"]), MaximumInterval: duration(object["maximumInterval"])}

	if attempts, given := object["maximumAttempts"].(int64); given {
		const most = 1_000_000
		if attempts < 1 || attempts > most {
			c.addf(path+".maximumAttempts", CodeValueInvalid, "want at least 1 attempt and at most %d, have %d", most, attempts)
		}

		retry.MaximumAttempts = int(attempts)
	}

	if coefficient, given := object["backoffCoefficient"]; given {
		converted, _ := convert(source.Float, coefficient)
		retry.BackoffCoefficient, _ = converted.(float64)

		if retry.BackoffCoefficient < 1 {
			c.addf(path+".backoffCoefficient", CodeValueInvalid, "want a number of at least 1, have %s", describe(coefficient))
		}
	}

	return retry
}

// duration reads a duration that was checked before.
func duration(value any) Duration {
	text, _ := value.(string)
	parsed, _ := time.ParseDuration(text) // An empty text is no duration: zero.

	return Duration(parsed)
}
