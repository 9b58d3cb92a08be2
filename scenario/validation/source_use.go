package validation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/kind"
	"github.com/jobwright/jobwright/source/sqltext"
)

// sourceUses checks that the sources of a step can do what the step requires of them, and that the values of bind are those of
// its query. Sources without a kind in the [Environment] are not checked.
func (c *checker) sourceUses(path string, operation scenario.Operation, params jsonvalue.Object) {
	if c.app == nil {
		return
	}

	for _, use := range operation.SourceUses(params) {
		at := problem.JoinPath(path, use.Field)

		if !c.ability(at, use.Source, use.Ability, use.Mode) {
			continue
		}

		if use.Text != "" {
			c.binds(path, use, params)
		}

		if use.Format != "" {
			c.fileFormat(path, use, params)
		}
	}
}

// fileFormat reports the fields of a format that have no effect on a file, whose name or format determines its type. An
// expression may determine the type too; it is checked when the step runs.
func (c *checker) fileFormat(path string, use scenario.SourceUse, params jsonvalue.Object) {
	name, _ := params[use.Table].(string)
	object, _ := params[use.Format].(map[string]any)
	format := schema.FormatOf(object)

	if sourceKind, isKnown := c.app.Kinds[use.Source]; !isKnown || !kind.Can(sourceKind, source.CanKeepFiles) {
		return
	}

	fileType := format.TypeOf(name)
	if fileType == "" {
		return
	}

	report := func(fields []string, message string) {
		for _, field := range fields {
			c.Addf(problem.JoinPath(problem.JoinPath(path, use.Format), field), problem.CodeValueInvalid, message, fileType)
		}
	}

	without := format.WithoutEffect(fileType)
	if format.Type == "" { // Otherwise, they were reported when the field was checked.
		report(without, "it has no effect on a file of type %s")
	}

	if use.Ability == source.CanWrite {
		onlyRead := slices.DeleteFunc(format.OnlyRead(fileType), func(field string) bool {
			return slices.Contains(without, field)
		})
		report(onlyRead, "it applies to reading a file of type %s, not to writing it")
	}
}

// ability checks that the kind of a source has an ability. It reports whether the kind has it or is unknown.
func (c *checker) ability(path, name string, ability source.Ability, mode source.Mode) bool {
	of, isKnown := c.app.Kinds[name]

	can := func(of string) bool { return kind.Can(of, ability) && (mode == "" || kind.Writes(of, mode)) }
	if !isKnown || can(of) {
		return true
	}

	failed := string(ability)
	if kind.Can(of, ability) {
		failed = modeAbilities[mode]
	}

	c.Addf(path, problem.CodeSourceUnsuitable, "%s is a %s, which can't %s; %s", name, of, failed, c.suitable(can))

	return false
}

// modeAbilities are the modes in the form of a [source.Ability].
var modeAbilities = map[source.Mode]string{
	source.Replace: "replace tables", source.Refill: "refill tables", source.Append: "append records",
	source.Upsert: "upsert records", source.Insert: "insert records",
	source.Update: "update records", source.Delete: "delete records",
}

// suitable lists the sources of the app whose kind can do what is required.
func (c *checker) suitable(can func(kind string) bool) string {
	var suitable []string

	for _, name := range c.app.Sources {
		if of, isKnown := c.app.Kinds[name]; isKnown && can(of) {
			suitable = append(suitable, name)
		}
	}

	if len(suitable) == 0 {
		return "no source of the app can"
	}

	return "sources that can are " + strings.Join(suitable, ", ")
}

// binds compares the values of bind with the parameters of a query or a script.
func (c *checker) binds(path string, use scenario.SourceUse, params jsonvalue.Object) {
	text, _ := params[use.Text].(string)

	parsed, err := expression.ParseQueryText(text)
	if err != nil {
		return // Reported when the field was checked.
	}

	expressions := make([]string, len(parsed.Values))
	for i := range parsed.Values {
		expressions[i] = expression.BindName(i + 1)
	}

	c.compareBind(path, problem.JoinPath(path, use.Text), c.app.Kinds[use.Source], parsed.Text, params, expressions...)
}

// compareBind reports the parameters of text that have no value in the parameter bind of a step, at the path textPath, and the
// values that belong to no parameter. It does not expect values for the parameters that stand for expressions.
func (c *checker) compareBind(
	path, textPath, sourceKind, text string, params jsonvalue.Object, expressions ...string,
) {
	given, isGiven := params["bind"]

	bind, isObject := given.(map[string]any)
	dialect, isKnown := sqltext.DialectOf(sourceKind)

	if !isKnown || text == "" || isGiven && !isObject {
		return
	}

	names := slices.DeleteFunc(dialect.Parameters(text), func(name string) bool { return slices.Contains(expressions, name) })
	values := slices.Sorted(maps.Keys(bind))

	for _, name := range names {
		if _, isBound := bind[name]; !isBound {
			c.Addf(textPath, problem.CodeValueInvalid, "the parameter :%s has no value in bind%s", name, suggestion(name, values))
		}
	}

	for _, name := range values {
		if !slices.Contains(names, name) && !slices.Contains(expressions, name) {
			c.Addf(problem.JoinPath(problem.JoinPath(path, "bind"), name), problem.CodeValueInvalid,
				"bind has a value for %s, but there is no parameter :%[1]s%[2]s", name, suggestion(name, names))
		}
	}
}

// suggestion returns a known name that is like another one, as an addition to a message, or "" if there is no name.
func suggestion(name string, known []string) string {
	if len(known) == 0 {
		return ""
	}

	return fmt.Sprintf("; %s", problem.Suggest(name, known))
}
