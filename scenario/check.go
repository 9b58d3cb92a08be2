package scenario

import (
	"fmt"
	"maps"
	"slices"
)

// checker collects the mistakes of one document.
type checker struct {
	problems Problems
	file     string
	document *document // Where things stand, for a file; nil for what came without one.
	sources  []string  // The sources that the app has; nil where that is not checked.
	scope    *Scope    // What expressions see; nil where values hold none.
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
		for at := path; ; at = parent(at) {
			if found, ok := c.document.positions[at]; ok {
				problem.Line, problem.Column = found.line, found.column

				break
			}

			if at == "" {
				break
			}
		}
	}

	c.problems = append(c.problems, problem)
}

// parent returns the path of what holds the thing at path.
func parent(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}

	return ""
}

// object checks that value is an object with those fields, and returns it. What has mistakes is left out, so that none
// is told twice.
func (c *checker) object(path string, value any, fields []Field) map[string]any {
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

// field checks one field's value and reports whether it is sound.
func (c *checker) field(path string, field Field, value any) bool {
	if c.scope != nil {
		plain, sound := c.expressions(path, field.form, value)
		if !plain || !sound {
			return sound
		}

		value = withoutExpressions(value)
	}

	if field.Required && value == "" {
		c.addf(path, CodeValueInvalid, "%s is empty: %s", field.Name, field.Description)

		return false
	}

	if mismatch := field.form.mismatch(value); mismatch != "" {
		c.addf(path, CodeTypeMismatch, "%s", mismatch)

		return false
	}

	if name, isText := value.(string); isText && field.Refers == "source" && c.sources != nil &&
		!slices.Contains(c.sources, name) {
		c.addf(path, CodeSourceUnknown, "unknown source %s; %s", name, Suggest(name, c.sources))

		return false
	}

	return true
}

// expressions compiles every expression in value. It reports whether the value has the form that it will have, being
// free of expressions where form looks, and whether it has no mistake.
func (c *checker) expressions(path string, form form, value any) (plain, sound bool) {
	switch v := value.(type) {
	case string:
		return c.template(path, form, v)
	case []any:
		sound = true

		for i := range v {
			_, entrySound := c.expressions(fmt.Sprintf("%s[%d]", path, i), formAny, v[i])
			sound = sound && entrySound
		}

		return true, sound
	case map[string]any:
		sound = true

		for _, name := range slices.Sorted(maps.Keys(v)) {
			_, entrySound := c.expressions(join(path, name), formAny, v[name])
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
		text, _ := object[name].(string)
		if parsed, err := parseTemplate(text); err == nil && parsed.isPlain() {
			plain[name] = object[name]
		}
	}

	return plain
}

func (c *checker) template(path string, form form, text string) (plain, sound bool) {
	parsed, err := parseTemplate(text)
	if err != nil {
		c.addf(path, CodeExpressionInvalid, "%v", err)

		return false, false
	}

	if parsed.isPlain() {
		return true, true
	}

	sound = true

	if !parsed.isExpression() && !form.accepts(formText) {
		c.addf(path, CodeTypeMismatch, "want %s, but what stands around the expression makes it text", form)

		sound = false
	}

	for _, fragment := range parsed {
		if !fragment.isExpression {
			continue
		}

		program, err := compile(fragment.text, c.scope.names)
		if err != nil {
			c.addf(path, CodeExpressionInvalid, "%v", err)

			sound = false

			continue
		}

		if given := resultForm(program); parsed.isExpression() && !form.accepts(given) {
			c.addf(path, CodeTypeMismatch, "want %s, but ${%s} gives %s", form, fragment.text, given)

			sound = false
		}
	}

	return false, sound
}

// operation checks the parameters of an operation at path.
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
