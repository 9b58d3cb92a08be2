package scenario

import (
	"cmp"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// SourceUse is what a step requires of a source. All fields are as the step defines them, and may contain expressions.
type SourceUse struct {
	Field   string // The parameter that a mistake concerns.
	Source  string // The source's name.
	Ability source.Ability
	Mode    source.Mode // How the step writes to the source, if it does.
	Text    string      // The parameter with the query or the script, if there is one. Its values are in the parameter bind.

	Table, Format string // The parameters with the table and its format, if a file can be the table.
}

// SourceUses returns what a step with the given parameters requires of its sources. The parameters need not be valid.
func (o Operation) SourceUses(params jsonvalue.Object) []SourceUse {
	if o.uses == nil {
		return nil
	}

	var named []SourceUse

	for _, use := range o.uses(params) {
		if use.Source, _ = params[use.Field].(string); use.Source == "" { // The step uses its main source.
			use.Source, _ = params["source"].(string)
			use.Field = cmp.Or(use.Text, modeField(params), "source")
		}

		named = append(named, use)
	}

	return named
}

// modeField returns the parameter that has selected the mode of writing, or "targetTable".
func modeField(params jsonvalue.Object) string {
	for _, field := range []string{"append", "upsert", "dropTarget", "targetTable"} {
		if params[field] != nil {
			return field
		}
	}

	return ""
}

func loadUses(params jsonvalue.Object) []SourceUse {
	uses := []SourceUse{
		{Field: "source", Ability: source.CanRead, Table: "table", Format: "format"},
		targetUse(params),
	}

	if params["dropSource"] == true {
		uses = append(uses, SourceUse{Field: "source", Ability: source.CanDrop})
	}

	return uses
}

func transformUses(params jsonvalue.Object) []SourceUse {
	uses := []SourceUse{{Field: "source", Ability: source.CanQuery, Text: "query"}}
	if params["targetTable"] != nil {
		uses = append(uses, targetUse(params))
	}

	return uses
}

func scriptUses(jsonvalue.Object) []SourceUse {
	return []SourceUse{{Field: "source", Ability: source.CanExecute, Text: "script"}}
}

// recordsUses returns the uses of an operation that changes records in the given mode.
func recordsUses(mode source.Mode) func(jsonvalue.Object) []SourceUse {
	return func(params jsonvalue.Object) []SourceUse {
		uses := []SourceUse{{Field: "source", Ability: source.CanWrite, Mode: mode}}
		if params["query"] != nil {
			uses = append(uses, SourceUse{Field: "fromSource", Ability: source.CanQuery, Text: "query"})
		}

		return uses
	}
}

func requestUses(params jsonvalue.Object) []SourceUse {
	uses := []SourceUse{{Field: "source", Ability: source.CanRequest}}
	if params["fileSource"] != nil {
		uses = append(uses, SourceUse{Field: "fileSource", Ability: source.CanKeepFiles})
	}

	if params["targetSource"] != nil {
		uses = append(uses, targetUse(params))
	}

	return uses
}

func forEachUses(params jsonvalue.Object) []SourceUse {
	if params["query"] == nil {
		return nil
	}

	return []SourceUse{{Field: "source", Ability: source.CanQuery, Text: "query"}}
}

// targetUse returns the use of the target that the parameters of [Writing] describe.
func targetUse(params jsonvalue.Object) SourceUse {
	return SourceUse{
		Field: "targetSource", Ability: source.CanWrite, Mode: modeOf(params), Table: "targetTable", Format: "targetFormat",
	}
}

// modeOf returns the mode of writing that the parameters of [Writing] select, as far as they are literals.
func modeOf(params jsonvalue.Object) source.Mode {
	switch {
	case params["append"] == true:
		return source.Append
	case params["upsert"] != nil:
		return source.Upsert
	case params["dropTarget"] == false:
		return source.Refill
	}

	return source.Replace
}

// ChangedSources returns the names of the sources that steps of the program write to or run scripts in, in order. isComplete is
// false if the name of another one is an expression.
func (p Program) ChangedSources() (names []string, isComplete bool) {
	found := map[string]bool{}

	for _, scenario := range p.Scenarios {
		for step := range AllSteps(scenario.Steps) {
			operation, _ := OperationNamed(step.OpName) // An unknown operation has no uses.

			for _, use := range operation.SourceUses(step.OpParams) {
				if use.Ability == source.CanWrite || use.Ability == source.CanExecute {
					found[use.Source] = true
				}
			}
		}
	}

	isComplete = true

	for _, name := range slices.Sorted(maps.Keys(found)) {
		if expression.IsLiteral(name) {
			names = append(names, name)
		} else {
			isComplete = false
		}
	}

	return names, isComplete
}
