package scenario

import (
	"fmt"
	"maps"
	"slices"
)

// Surroundings are what an app offers to its scenarios.
type Surroundings struct {
	Sources   []string    // The names of its sources.
	Variables []Parameter // The variables that outlive its jobs.
	Access    []string    // The names of those who may use it.
}

// checker collects the mistakes of one document.
type checker struct {
	problems Problems
	file     string
	document *document     // Where things stand, for a file; nil for what came without one.
	app      *Surroundings // nil where what the app offers is not checked.
	names    *names        // What expressions see; nil where values hold none.

	depth           int // How many lists of steps lie around this place.
	stepCount       int // How many steps were read.
	expressionCount int // How many expressions were compiled.
}

// Check checks an object against the fields of the struct T, which are defined as those of [Field]. An error is
// [Problems].
func Check[T any](object Params) error {
	var check checker

	check.object("", map[string]any(object), fieldsOf[T]())

	return check.problems.err()
}

// addf notes a mistake at a path of the document, or at the nearest place around it that has a position.
func (c *checker) addf(path string, code Code, format string, arguments ...any) {
	problem := Problem{Code: code, File: c.file, Path: path, Message: fmt.Sprintf(format, arguments...)}

	if c.document != nil {
		problem.Line, problem.Column = c.document.position(path)
	}

	c.problems.add(problem)
}

// object checks that value is an object with those fields, and returns it. What has mistakes is left out, so that none
// is told twice.
func (c *checker) object(path string, value any, fields []Field) map[string]any {
	if c.problems.isFull() {
		return nil
	}

	object, ok := value.(map[string]any)
	if !ok {
		c.addf(path, CodeTypeMismatch, "want an object, have %s", describe(value))

		return nil
	}

	names := make([]string, len(fields))
	sound := make(map[string]any, len(object))

	for i, field := range fields {
		names[i] = field.Name

		given, present := object[field.Name]

		switch {
		case present && c.field(join(path, field.Name), field, given):
			sound[field.Name] = given
		case !present && field.Required:
			c.addf(path, CodeFieldMissing, "%s is missing: %s", field.Name, field.Description)
		}
	}

	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(names, name) {
			c.addf(join(path, name), CodeFieldUnknown, "unknown field %s; %s", name, Suggest(name, names))
		}
	}

	return sound
}

// field checks one field's value and reports whether it is sound. Fields that hold steps are checked with those.
func (c *checker) field(path string, field Field, value any) bool {
	if c.names != nil && !field.form.holdsSteps() && field.form != formRules {
		plain, sound := c.expressions(path, field, value)
		if !plain || !sound {
			return sound
		}

		value = withoutExpressions(value)
	}

	if field.Required && field.form == formText && value == "" {
		c.addf(path, CodeValueInvalid, "%s is empty: %s", field.Name, field.Description)

		return false
	}

	if mismatch := field.form.mismatch(value); mismatch != "" {
		c.addf(path, CodeTypeMismatch, "%s", mismatch)

		return false
	}

	return c.app == nil || c.reference(path, field, value)
}

// reference checks that a field which names something of the app names one that is there.
func (c *checker) reference(path string, field Field, value any) bool {
	switch field.Refers {
	case "source":
		return c.source(path, value)
	case "access":
		return c.access(path, value)
	}

	return true
}

// access checks that a list names those who may use the app.
func (c *checker) access(path string, value any) bool {
	sound := true
	names, _ := value.([]any)

	for i, name := range names {
		text, isText := name.(string)
		if !isText || !isLiteral(text) || slices.Contains(c.app.Access, text) {
			continue
		}

		c.addf(fmt.Sprintf("%s[%d]", path, i), CodeAccessUnknown, "app.yaml gives no access to %s; %s", text,
			Suggest(text, c.app.Access))

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

	c.addf(path, CodeSourceUnknown, "unknown source %s; %s", name, Suggest(name, c.app.Sources))

	return false
}

// expressions compiles every expression in a field's value. It reports whether the value has the form that it will have,
// being free of expressions where the form looks, and whether it has no mistake.
func (c *checker) expressions(path string, field Field, value any) (plain, sound bool) {
	entry := Field{form: formAny, Literal: field.Literal}

	if c.problems.isFull() {
		return false, false
	}

	if len(path) > maxPath {
		c.addf(path[:maxPath], CodeTooLarge, "this lies too deep within lists and objects, or below names that are too long")

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
			_, entrySound := c.expressions(join(path, name), entry, v[name])
			sound = sound && entrySound
		}

		return true, sound
	}

	return true, true
}

// withoutExpressions returns value without those entries whose form only running them can tell.
func withoutExpressions(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}

	plain := make(map[string]any, len(object))

	for _, name := range slices.Sorted(maps.Keys(object)) {
		if isLiteral(object[name]) {
			plain[name] = object[name]
		}
	}

	return plain
}

// template checks a text. It is not plain when it holds expressions.
func (c *checker) template(path string, field Field, text string) (plain, sound bool) {
	parsed, err := parseTemplate(text)
	if err != nil {
		c.addf(path, CodeExpressionInvalid, "%v", err)

		return false, false
	}

	if parsed.isPlain() {
		return true, true
	}

	if field.Literal {
		c.addf(path, CodeValueInvalid, "this can't be an expression: it must be known before the job runs")

		return false, false
	}

	sound = true

	if !parsed.isAlone() && !field.form.accepts(formText) {
		c.addf(path, CodeTypeMismatch, "want %s, but what stands around the expression makes it text", field.form)

		sound = false
	}

	for _, fragment := range parsed {
		given, fragmentSound := c.fragment(path, fragment)
		sound = sound && fragmentSound

		if fragmentSound && parsed.isAlone() && !field.form.accepts(given) {
			c.addf(path, CodeTypeMismatch, "want %s, but ${%s} gives %s", field.form, fragment.text, given)

			sound = false
		}
	}

	return false, sound
}

// fragment checks an expression, or a query with those in it. It returns the form of what it gives, or "" where only
// running it can tell.
func (c *checker) fragment(path string, fragment fragment) (given form, sound bool) {
	switch fragment.kind {
	case literalText:
		return formText, true
	case queryText:
		sound = c.source(path, fragment.source)

		for _, expression := range fragment.bind {
			_, bindSound := c.expression(path, expression)
			sound = sound && bindSound
		}

		return "", sound
	case expressionText:
	}

	return c.expression(path, fragment.text)
}

func (c *checker) expression(path, expression string) (given form, sound bool) {
	c.expressionCount++

	if c.expressionCount > maxExpressions {
		if c.expressionCount == maxExpressions+1 {
			c.addf(path, CodeTooLarge, "a scenario has at most %d expressions; move some steps into a scenario of their own",
				maxExpressions)
		}

		return "", false
	}

	used, err := parseExpression(expression)
	if err != nil {
		c.addf(path, CodeExpressionInvalid, "%v", err)

		return "", false
	}

	program, err := compile(expression, c.names.env(used))
	if err != nil {
		c.addf(path, CodeExpressionInvalid, "%v", c.explain(expression, used, err))

		return "", false
	}

	return resultForm(program), true
}

// operation checks the parameters of an operation at path, all but the steps in them.
func (c *checker) operation(path string, operation Operation, params map[string]any) {
	before := len(c.problems)

	c.object(path, params, operation.Fields)

	if operation.rule == nil || len(c.problems) > before {
		return
	}

	if field, message := operation.rule(params); message != "" {
		at := path
		if field != "" {
			at = join(path, field)
		}

		c.addf(at, CodeValueInvalid, "%s", message)
	}
}
