package validation

import (
	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source/sqltext"
)

// query checks the expressions in a query or a script. It reports whether the query is plain, that is without expressions, and
// whether it has no mistake.
func (c *checker) query(path string, field schema.Field, text string) (plain, sound bool) {
	parsed, err := expression.ParseQueryText(text)
	if err != nil {
		c.Addf(path, problem.CodeExpressionInvalid, "%v", err)

		return false, false
	}

	if len(parsed.Values) == 0 {
		return true, true
	}

	bind, _ := c.params["bind"].(map[string]any)
	if conflict := scenario.BindConflict(bind, len(parsed.Values)); conflict != "" {
		c.Addf(problem.JoinPath(problem.ParentPath(path), "bind"), problem.CodeValueInvalid, "%s", conflict)

		return false, false
	}

	return false, c.queryValues(path, parsed, c.sourceOf(field))
}

// sourceOf returns the name of the source of a query, or "" if it is known only at run time.
func (c *checker) sourceOf(field schema.Field) string {
	for _, name := range field.Query {
		if given, isSet := c.params[name]; isSet {
			source, _ := given.(string)

			return source
		}
	}

	return ""
}

// queryValues checks the expressions in a query for that source, and whether their results can stand at their places.
func (c *checker) queryValues(path string, query expression.QueryText, source string) (sound bool) {
	sound = true

	for _, value := range query.Values {
		check := expression.Check
		if value.IsName {
			check = expression.CheckIdentifier
		}

		var (
			kind       schema.Kind
			valueSound bool
		)

		if value.Kind == expression.ExpressionFragment {
			kind, valueSound = c.expressionWith(check, path, value.Text)
		} else {
			kind, valueSound = c.fragment(path, value.Fragment)
		}

		if kind == schema.List || kind == schema.Object {
			c.Addf(path, problem.CodeTypeMismatch,
				"%s gives %s, which can't be a value in a query; pass it as JSON, with toJSON(…), "+
					"and read it with the database's functions for JSON, or run the query for each entry", value, kind)

			valueSound = false
		}

		sound = sound && valueSound
	}

	var kind string
	if c.app != nil {
		kind = c.app.Kinds[source]
	}

	if err := query.CheckPlaces(sqltext.Dialects(kind)); err != nil {
		c.Addf(path, problem.CodeExpressionInvalid, "%v", err)

		return false
	}

	return sound
}
