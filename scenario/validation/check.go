package validation

import (
	"fmt"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
)

// Environment is what an app provides to its scenarios.
type Environment struct {
	Sources   []string             // The names of its sources.
	Kinds     map[string]string    // The kinds of its sources by their names, as far as they are known.
	Variables []scenario.Parameter // The variables that outlive its jobs.
	Access    []string             // The names in its access list.
	Limits    scenario.Limits      // The limits of its steps.
	Execution scenario.Execution   // The default of its scenarios.
	TaskQueue scenario.TaskQueue   // The default of its steps.

	Capacities map[string]scenario.Capacity // Those of its sources that have any, by their names.
}

// checker checks one document.
type checker struct {
	schema.Checker

	document *document      // The places in the file; nil if there is no file.
	app      *Environment   // nil if references to the app are not checked.
	params   map[string]any // The parameters of the operation that is being checked.
	names    *names         // The names that expressions can read; nil if values contain no expressions.

	operationName   string // The operation whose parameters are checked; empty elsewhere.
	placesSecrets   bool   // Whether the current field may contain secret parameters.
	depth           int    // The number of lists of steps around the current place.
	stepCount       int    // The number of steps read so far.
	expressionCount int    // The number of expressions compiled so far.
}

// newChecker returns a checker for a file, or for input without a file if document is nil.
func newChecker(file string, document *document, app *Environment) *checker {
	check := &checker{Checker: schema.Checker{File: file}, document: document, app: app}
	if document != nil {
		check.Position = document.position
	}

	return check
}

// object checks that value is an object with the given fields, and returns the fields without problems.
func (c *checker) object(path string, value any, fields []schema.Field) map[string]any {
	return c.Object(path, value, fields, c.field)
}

// field checks the value of a field and reports whether it has no problem. The steps in it are checked by [checker.blocks].
func (c *checker) field(path string, field schema.Field, value any) bool {
	c.placesSecrets = scenario.PlacesSecrets(c.operationName, field.Name)

	if c.names != nil && !scenario.HasSteps(field.Form) && field.Form != scenario.FormIgnoreRules {
		plain, sound := c.expressions(path, field, value)
		if !plain || !sound {
			return sound
		}

		value = withoutExpressions(value)
	}

	isSound := c.Field(path, field, value)

	return c.encoding(path, field, value) && isSound && (c.app == nil || c.reference(path, field, value))
}

// reference checks that a field with [schema.Field.Refers] names an existing object of the app.
func (c *checker) reference(path string, field schema.Field, value any) bool {
	switch field.Refers {
	case "source":
		return c.source(path, value)
	case "access":
		return c.access(path, value)
	}

	return true
}

// access checks that a list contains only names from the app's access list.
func (c *checker) access(path string, value any) bool {
	sound := true
	names, _ := value.([]any)

	for i, name := range names {
		text, isText := name.(string)
		if !isText || !expression.IsLiteral(text) || slices.Contains(c.app.Access, text) {
			continue
		}

		c.Addf(fmt.Sprintf("%s[%d]", path, i), problem.CodeAccessUnknown, "app.yaml gives no access to %s; %s", text,
			problem.Suggest(text, c.app.Access))

		sound = false
	}

	return sound
}

// source checks that value names a source of the app.
func (c *checker) source(path string, value any) bool {
	name, isText := value.(string)
	if !isText || c.app == nil || slices.Contains(c.app.Sources, name) {
		return true
	}

	c.Addf(path, problem.CodeSourceUnknown, "unknown source %s; %s", name, problem.Suggest(name, c.app.Sources))

	return false
}

// expressions compiles the expressions in a field's value. It reports whether the value itself is plain, so that its form can
// be checked, and whether it has no mistake.
func (c *checker) expressions(path string, field schema.Field, value any) (plain, sound bool) {
	entry := schema.Field{Form: schema.Any, Literal: field.Literal}

	if c.Problems.IsFull() {
		return false, false
	}

	if len(path) > maxPath {
		c.Addf(path[:maxPath], problem.CodeTooLarge, "the value is nested too deeply, or its field names are too long")

		return false, false
	}

	switch v := value.(type) {
	case string:
		return c.template(path, field, v)
	case []any:
		sound = true

		for i := range v {
			_, entrySound := c.expressions(fmt.Sprintf("%s[%d]", path, i), entry, v[i])
			sound = sound && entrySound
		}

		return true, sound
	case map[string]any:
		sound = true

		for _, name := range slices.Sorted(maps.Keys(v)) {
			_, entrySound := c.expressions(problem.JoinPath(path, name), entry, v[name])
			sound = sound && entrySound
		}

		return true, sound
	}

	return true, true
}

// withoutExpressions returns value without the fields whose values are known only at run time.
func withoutExpressions(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}

	plain := make(map[string]any, len(object))

	for _, name := range slices.Sorted(maps.Keys(object)) {
		if expression.IsLiteral(object[name]) {
			plain[name] = object[name]
		}
	}

	return plain
}

// template checks a text or a query. It reports whether the text is plain, that is without expressions, and whether it has no
// mistake.
func (c *checker) template(path string, field schema.Field, text string) (plain, sound bool) {
	if len(field.Query) > 0 {
		return c.query(path, field, text)
	}

	parsed, err := expression.ParseTemplate(text)
	if err != nil {
		c.Addf(path, problem.CodeExpressionInvalid, "%v", err)

		return false, false
	}

	if parsed.IsPlain() {
		return true, true
	}

	if field.Literal {
		c.Addf(path, problem.CodeValueInvalid, "this can't be an expression: it must be known before the job runs")

		return false, false
	}

	sound = true

	if !parsed.IsAlone() && !field.Form.Accepts(schema.Text) {
		c.Addf(path, problem.CodeTypeMismatch,
			"%s must be %s, but the text around the expression makes it text", problem.Subject(path), field.Form)

		sound = false
	}

	for _, fragment := range parsed {
		given, fragmentSound := c.fragment(path, fragment)
		sound = sound && fragmentSound

		if fragmentSound && parsed.IsAlone() && !field.Form.Accepts(given) {
			c.Addf(path, problem.CodeTypeMismatch,
				"%s must be %s, but ${%s} gives %s", problem.Subject(path), field.Form, fragment.Text, given)

			sound = false
		}
	}

	return false, sound
}

// fragment checks an expression, or a query with its expressions. It returns the kind of the result, or "" if it is known only
// at run time.
func (c *checker) fragment(path string, fragment expression.Fragment) (given schema.Kind, sound bool) {
	switch fragment.Kind {
	case expression.LiteralFragment:
		return schema.Text, true
	case expression.QueryFragment:
		sound = c.source(path, fragment.Source) && (c.app == nil || c.ability(path, fragment.Source, source.CanQuery, ""))

		return "", c.queryValues(path, fragment.Query, fragment.Source) && sound
	case expression.ExpressionFragment:
	}

	return c.expression(path, fragment.Text)
}

func (c *checker) expression(path, text string) (kind schema.Kind, sound bool) {
	return c.expressionWith(expression.Check, path, text)
}

// expressionWith checks an expression with the given function.
func (c *checker) expressionWith(
	check func(string, expression.Declarations) (schema.Kind, error), path, text string,
) (kind schema.Kind, sound bool) {
	c.expressionCount++

	if c.expressionCount > maxExpressions {
		if c.expressionCount == maxExpressions+1 {
			c.Addf(path, problem.CodeTooLarge,
				"a scenario has at most %d expressions; move some steps into a scenario of their own",
				maxExpressions)
		}

		return "", false
	}

	kind, err := check(text, c.names)
	if err != nil {
		c.Addf(path, problem.CodeExpressionInvalid, "%v", c.explain(err))

		return "", false
	}

	return kind, c.secrets(path, text)
}

// operation checks the parameters of an operation at path, except the steps in them.
func (c *checker) operation(path string, operation scenario.Operation, params map[string]any) {
	before := len(c.Problems)
	c.params = params

	c.operationName = operation.Name
	c.object(path, params, operation.Fields)
	c.operationName = ""
	c.sourceUses(path, operation, params)

	if len(c.Problems) > before {
		return
	}

	if field, message := operation.CheckParams(params); message != "" {
		at := path
		if field != "" {
			at = problem.JoinPath(path, field)
		}

		c.Addf(at, problem.CodeValueInvalid, "%s", message)
	}
}
