package scenario

import (
	"maps"
	"regexp"
	"slices"
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
		Title     string         `json:"title"     description:"What people read of the step."`
		Name      string         `json:"name"      description:"The name by which later steps read its outcome."`
		Condition Condition      `json:"condition" description:"Whether to run the step: an expression that gives true or false."`
		OpName    string         `json:"opName"    required:"true" description:"The operation that the step runs."`
		OpParams  map[string]any `json:"opParams"  description:"The operation's parameters."`
		Retry     map[string]any `json:"retry"     description:"How the step is tried again, if its operation touches data."`
		Timeout   Duration       `json:"timeout"   description:"The longest that one attempt may take; of a control operation, the longest that it may take as a whole."`
		OnError   OnError        `json:"onError"   description:"What becomes of the scenario when the step fails: fail, the default, or continue."`
	}
)

// Parse reads a scenario from a YAML or JSON file and checks it against what its app offers. An error is [Problems]: every
// mistake in the file, with its place; the scenario is then what could be read. What lies beyond the file, [NewProgram]
// checks.
func Parse(file string, text []byte, app Surroundings) (Scenario, error) {
	parsed, problems := parseDocument(text)
	for i := range problems {
		problems[i].File = file
	}

	if parsed == nil {
		return Scenario{}, problems.err()
	}

	check := checker{file: file, document: parsed, app: &app}
	found := check.scenario(parsed.value)
	found.File = file
	found.document = parsed

	for _, problem := range check.problems {
		if !problem.isWithin(problems) {
			problems.add(problem)
		}
	}

	return found, problems.err()
}

// ParseOperation reads the operation of a job, which is a step by itself, and checks it against what the app offers. An
// error is [Problems]. The parameters of RunScenario are data, in which no expressions are looked for.
func ParseOperation(operation Params, app Surroundings) (Step, error) {
	check := checker{app: &app}

	check.names = check.outermost(nil)

	if operation["opName"] == OpRunScenario {
		step, sound := check.stepFrame("", map[string]any(operation))
		check.names = nil

		if sound {
			check.object("opParams", map[string]any(step.OpParams), fieldsOf[RunScenario]())
		}

		return step, check.problems.err()
	}

	step := check.step("", map[string]any(operation))

	return step, check.problems.err()
}

// outermost returns the names that a scenario with those parameters begins with.
func (c *checker) outermost(parameters []Parameter) *names {
	outermost := (*names)(nil).inner()

	if c.app != nil {
		for _, variable := range c.app.Variables {
			outermost.own[variable.Name] = knownAs(kindAppVariable, variable)
		}
	}

	// A parameter hides a variable of the app that has its name.
	for _, parameter := range parameters {
		outermost.own[parameter.Name] = knownAs(kindParameter, parameter)
	}

	return outermost
}

func knownAs(kind nameKind, declared Parameter) known {
	return known{kind: kind, form: formOfType(declared.Type), t: exprType(declared.Type)}
}

func (c *checker) scenario(value any) Scenario {
	object := c.object("", value, fieldsOf[scenarioFields]())

	var found Scenario

	found.Description, _ = object["description"].(string)

	parameters, _ := object["parameters"].(map[string]any)
	found.Parameters = c.parameters("parameters", parameters)

	c.names = c.outermost(found.Parameters)

	steps, given := object["steps"].([]any)
	if given && len(steps) == 0 {
		c.addf("steps", CodeValueInvalid, "a scenario needs at least one step")
	}

	found.Steps = c.steps("steps", steps)

	return found
}

// parameters reads the declarations of parameters, in the order in which the author wrote them.
func (c *checker) parameters(path string, declared map[string]any) []Parameter {
	var parameters []Parameter

	for _, name := range c.inOrder(path, declared) {
		parameters = append(parameters, c.parameter(join(path, name), name, declared[name]))
	}

	return parameters
}

// ParseVariables reads the declarations of an app's variables, which have the form of a scenario's parameters and need a
// default. An error is [Problems], whose paths begin with path.
func ParseVariables(path string, declared map[string]any) ([]Parameter, error) {
	var check checker

	parameters := check.parameters(path, declared)
	for _, parameter := range parameters {
		if parameter.Required {
			check.addf(join(path, parameter.Name), CodeFieldMissing, "default is missing: the value until a job sets another")
		}
	}

	return parameters, check.problems.err()
}

// inOrder returns the names of an object's fields in the order in which the author wrote them or, where that is not known,
// by name.
func (c *checker) inOrder(path string, object map[string]any) []string {
	if c.document == nil {
		return slices.Sorted(maps.Keys(object))
	}

	return slices.DeleteFunc(c.document.fieldOrder(path), func(name string) bool {
		_, isThere := object[name]

		return !isThere
	})
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// reservedNames can't name a parameter, a variable or an entry of a loop: expressions mean something else by them.
var reservedNames = []string{
	nameJob, nameSteps, nameError, nameErrorMessage, nameErrorStackTrace, "now", "today", "random", "uuid", // See momentNames.
	"true", "false", "nil", "null", "in", "not", "and", "or", "let", "if", "else",
	"matches", "contains", "startsWith", "endsWith", "env",
}

func (c *checker) parameter(path, name string, value any) Parameter {
	if !isName(name) {
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

// stepFrame checks what every step has, whatever its operation, and reports whether its parameters are an object.
func (c *checker) stepFrame(path string, value any) (step Step, sound bool) {
	raw, _ := value.(map[string]any)
	object := c.stepObject(path, value)

	step.Title, _ = object["title"].(string)
	step.Name, _ = object["name"].(string)
	step.OpName, _ = object["opName"].(string)
	step.Timeout = duration(object["timeout"])
	step.Condition = object["condition"]
	onError, _ := object["onError"].(string)
	step.OnError = OnError(onError)

	params, sound := object["opParams"].(map[string]any)
	if !sound {
		params = map[string]any{}
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

	if operation, ok := OperationNamed(step.OpName); ok && operation.Control && step.Retry != nil {
		c.addf(join(path, "retry"), CodeValueInvalid, "%s is not tried again; retry belongs to the steps in it that touch data",
			step.OpName)
	}

	if c.document != nil {
		step.Line, _ = c.document.position(path)
	}

	return step, sound
}

// stepObject checks the fields of a step. Of them, only its condition and its parameters hold expressions, and the
// parameters are checked later.
func (c *checker) stepObject(path string, value any) map[string]any {
	names := c.names
	c.names = nil

	defer func() { c.names = names }()

	var frame []Field

	for _, field := range fieldsOf[stepFields]() {
		if field.form == formCondition {
			field.form = formAny // It is checked with the names, below.
		}

		frame = append(frame, field)
	}

	object := c.object(path, value, frame)
	c.names = names

	condition, given := object["condition"]
	if given && !c.field(join(path, "condition"), Field{Name: "condition", form: formCondition}, condition) {
		delete(object, "condition")
	}

	return object
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
