package validation

import (
	"maps"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
)

// Document is a scenario that was read from a file, with the places of its parts in the file.
type Document struct {
	scenario.Scenario

	document *document // nil if the scenario has no file.
}

// Parse reads a scenario from a YAML or JSON file and checks it against the environment of its app. The error is a
// [problem.List] with every mistake in the file; the scenario then contains the parts without mistakes. [NewProgram] checks
// what concerns several files.
func Parse(file string, text []byte, app Environment) (Document, error) {
	parsed, problems := parseDocument(text)
	for i := range problems {
		problems[i].File = file
	}

	if parsed == nil {
		return Document{}, problems.Err()
	}

	check := newChecker(file, parsed, &app)
	found := check.scenario(parsed.value)
	found.File = file

	unread := slices.Clone(problems)

	for _, mistake := range check.Problems {
		if !isWithin(mistake, unread) {
			problems.Add(mistake)
		}
	}

	return Document{Scenario: found, document: parsed}, problems.Err()
}

// isWithin reports whether a mistake concerns a value that could not be read, or a value with such a part.
func isWithin(mistake problem.Problem, unread problem.List) bool {
	return slices.ContainsFunc(unread, func(other problem.Problem) bool {
		rest, is := strings.CutPrefix(other.Path, mistake.Path)

		return is && (rest == "" || rest[0] == '[' || mistake.Code == problem.CodeTooLarge)
	})
}

// ParseOperation reads the operation of a job, which is a step by itself, and checks it against the environment of its app.
// The error is a [problem.List]. The parameters of a RunScenario are data: they contain no expressions.
func ParseOperation(operation jsonvalue.Object, app Environment) (scenario.Step, error) {
	check := newChecker("", nil, &app)

	check.names = check.outermost(nil)

	if operation["opName"] == scenario.OpRunScenario {
		step, sound := check.stepFrame("", map[string]any(operation))
		check.names = nil

		if sound {
			check.object("opParams", map[string]any(step.OpParams), schema.Fields[scenario.RunScenario]())
		}

		return step, check.Problems.Err()
	}

	step := check.step("", map[string]any(operation))

	return step, check.Problems.Err()
}

// outermost returns the names that are declared before the first step: parameters and variables of the app.
func (c *checker) outermost(parameters []scenario.Parameter) *names {
	outermost := (*names)(nil).inner()

	if c.app != nil {
		for _, variable := range c.app.Variables {
			outermost.own[variable.Name] = knownAs(kindAppVariable, variable)
		}
	}

	// A parameter hides the app's variable of the same name.
	for _, parameter := range parameters {
		outermost.own[parameter.Name] = knownAs(kindParameter, parameter)
	}

	return outermost
}

func knownAs(kind nameKind, declared scenario.Parameter) known {
	return known{kind: kind, t: expression.Type{Kind: schema.KindOfType(declared.Type)}, secret: declared.Secret}
}

func (c *checker) scenario(value any) scenario.Scenario {
	object := c.object("", value, scenario.FileFields())

	var found scenario.Scenario

	found.Description, _ = object["description"].(string)
	execution, _ := object["execution"].(string)
	found.Execution = scenario.Execution(execution)

	parameters, _ := object["parameters"].(map[string]any)
	found.Parameters = c.parameters("parameters", parameters)

	c.names = c.outermost(found.Parameters)

	steps, given := object["steps"].([]any)
	if given && len(steps) == 0 {
		c.Addf("steps", problem.CodeValueInvalid, "a scenario needs at least one step")
	}

	found.Steps = c.steps("steps", steps)

	return found
}

// parameters reads the declarations of parameters, in the order of the file.
func (c *checker) parameters(path string, declared map[string]any) []scenario.Parameter {
	var parameters []scenario.Parameter

	for _, name := range c.inOrder(path, declared) {
		parameters = append(parameters, c.parameter(problem.JoinPath(path, name), name, declared[name]))
	}

	return parameters
}

// ParseVariables reads the declarations of an app's variables. They have the fields of [scenario.ParameterFields] and require a
// default. The error is a [problem.List] whose paths begin with path.
func ParseVariables(path string, declared map[string]any) ([]scenario.Parameter, error) {
	check := newChecker("", nil, nil)

	parameters := check.parameters(path, declared)
	for _, parameter := range parameters {
		if parameter.Secret {
			check.Addf(problem.JoinPath(path, parameter.Name)+".secret", problem.CodeValueInvalid,
				"a variable of an app can't be secret; use a parameter of a scenario")
		}

		if parameter.Required {
			check.Addf(problem.JoinPath(path, parameter.Name), problem.CodeFieldMissing,
				"default is missing (the value until a job sets another)")
		}
	}

	return parameters, check.Problems.Err()
}

// inOrder returns the names of an object's fields in the order of the file or, if there is none, sorted.
func (c *checker) inOrder(path string, object map[string]any) []string {
	if c.document == nil {
		return slices.Sorted(maps.Keys(object))
	}

	return slices.DeleteFunc(c.document.fieldOrder(path), func(name string) bool {
		_, isThere := object[name]

		return !isThere
	})
}

func (c *checker) parameter(path, name string, value any) scenario.Parameter {
	if !expression.IsName(name) {
		c.Addf(path, problem.CodeValueInvalid,
			"%s can't name a parameter; a name consists of letters, digits and _, and must not be a reserved word",
			name)
	}

	object := c.object(path, value, scenario.ParameterFields())
	parameter, _ := scenario.Decode[scenario.Parameter](object) // The values have been checked.
	fallback, given := object["default"]
	parameter.Name, parameter.Default, parameter.Required = name, nil, !given

	if parameter.Secret && given {
		c.Addf(path+".default", problem.CodeValueInvalid, "a secret has no default, which everyone who reads the file would know")
	}

	if parameter.Secret && parameter.Type != source.Text && parameter.Type.Valid() {
		c.Addf(path+".type", problem.CodeValueInvalid, "a secret has the type text, not %s", parameter.Type)
	}

	if given && parameter.Type.Valid() {
		converted, mismatch := parameter.Convert(fallback)
		if mismatch != "" {
			c.Addf(path+".default", problem.CodeTypeMismatch, "the default %s", mismatch)
		}

		parameter.Default = converted
	}

	return parameter
}

// stepFrame checks the fields that all steps have, and reports whether the parameters are an object.
func (c *checker) stepFrame(path string, value any) (step scenario.Step, sound bool) {
	raw, _ := value.(map[string]any)
	object := c.stepObject(path, value)
	retry, hasRetry := object["retry"]
	delete(object, "retry") // Its fields are checked below.

	step, _ = scenario.Decode[scenario.Step](object) // The values have been checked.

	_, given := raw["opParams"]
	sound = step.OpParams != nil || !given

	if step.OpParams == nil {
		step.OpParams = jsonvalue.Object{}
	}

	if step.Name != "" && !expression.IsIdentifier(step.Name) {
		c.Addf(problem.JoinPath(path, "name"), problem.CodeValueInvalid,
			"%s can't name a step; a name consists of letters, digits and _", step.Name)
	}

	if hasRetry {
		step.Retry = c.retry(problem.JoinPath(path, "retry"), retry)
	}

	operation, _ := scenario.OperationNamed(step.OpName)
	if operation.Control && step.Retry != nil {
		c.Addf(problem.JoinPath(path, "retry"), problem.CodeValueInvalid,
			"%s has no retry policy; set retry on the data steps in it",
			step.OpName)
	}

	if operation.Control && step.TaskQueue != "" {
		c.Addf(problem.JoinPath(path, "taskQueue"), problem.CodeValueInvalid,
			"%s runs in no task queue of its own; set taskQueue on the data steps in it",
			step.OpName)
	}

	if c.document != nil {
		step.Line, _ = c.document.position(path)
	}

	return step, sound
}

// stepObject checks the fields of a step. Only the condition and the parameters may contain expressions; the parameters are
// checked later.
func (c *checker) stepObject(path string, value any) map[string]any {
	names := c.names
	c.names = nil

	defer func() { c.names = names }()

	var frame []schema.Field

	for _, field := range scenario.StepFields() {
		if field.Form == scenario.FormCondition {
			field.Form = schema.Any // Checked with the names, below.
		}

		frame = append(frame, field)
	}

	object := c.object(path, value, frame)
	c.names = names

	condition, given := object["condition"]
	field := schema.Field{Name: "condition", Form: scenario.FormCondition}
	if given && !c.field(problem.JoinPath(path, field.Name), field, condition) {
		delete(object, "condition")
	}

	return object
}

func (c *checker) retry(path string, value any) *scenario.Retry {
	object := c.object(path, value, schema.Fields[scenario.Retry]())
	retry, _ := scenario.Decode[scenario.Retry](object) // The values have been checked.

	const most = 1_000_000
	if attempts, given := object["maximumAttempts"]; given && (retry.MaximumAttempts < 1 || retry.MaximumAttempts > most) {
		c.Addf(path+".maximumAttempts", problem.CodeValueInvalid,
			"maximumAttempts must be from 1 to %d, but is %d", most, attempts)
	}

	if coefficient, given := object["backoffCoefficient"]; given && retry.BackoffCoefficient < 1 {
		c.Addf(path+".backoffCoefficient", problem.CodeValueInvalid,
			"backoffCoefficient must be at least 1, but is %s", jsonvalue.Describe(coefficient))
	}

	return &retry
}
