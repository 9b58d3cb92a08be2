package sourcecheck

import (
	"strings"
	"unicode"

	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// creations are the tables that steps of an app create, by source. They may be missing until the steps have run.
type creations map[string]*creation

type creation struct {
	// The tables that steps write, without space, in lower case. Of scripts, all words of statements that change definitions.
	tables map[string]bool
	any    bool // Whether a step writes a table whose name is computed.
}

// creationsOf returns what the steps of an app create.
func creationsOf(app App) creations {
	all := creations{}

	for _, document := range app.Documents {
		for _, use := range document.Uses() {
			found := all[use.Source]
			if found == nil {
				found = &creation{tables: map[string]bool{}}
				all[use.Source] = found
			}

			switch {
			case use.Ability == source.CanExecute:
				script, _ := use.Params["script"].(string)
				if file, isFile := use.Params["scriptFile"].(string); isFile {
					script, _ = app.ReadFile(file) // Reported by validation.
				}

				dialect, _ := sqltext.DialectOf(app.Kinds[use.Source])
				found.addScript(dialect, script)
			case use.Ability == source.CanWrite && use.Mode.Creates():
				found.addTargets(use.Params)
			}
		}
	}

	return all
}

// addScript adds the words of the script's statements that change definitions.
func (c *creation) addScript(dialect sqltext.Dialect, script string) {
	for _, statement := range dialect.Statements(script) {
		if definition.MatchString(statement.Text) {
			for _, word := range strings.FieldsFunc(strings.ToLower(statement.Text), isOutsideOfNames) {
				c.tables[word] = true
			}
		}
	}
}

// addTargets adds the tables that a step with the parameters writes.
func (c *creation) addTargets(params map[string]any) {
	for _, field := range []string{"targetTable", "rejectTable"} {
		name, _ := params[field].(string)
		c.tables[strings.ToLower(name)] = true
		c.any = c.any || !expression.IsLiteral(name)
	}
}

// has reports whether a step may create the table.
func (c creations) has(in, table string) bool {
	table = strings.ToLower(table)
	table = strings.Trim(table[strings.LastIndex(table, ".")+1:], "\"`")

	found := c[in]

	return found != nil && (found.any || found.tables[table])
}

// isOutsideOfNames reports whether a character separates the words of a statement.
func isOutsideOfNames(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '$'
}
