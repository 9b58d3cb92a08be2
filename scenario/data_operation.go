package scenario

import (
	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// The names of the data operations with rules of their own.
const (
	OpLoadTableFromSource = "LoadTableFromSource" // It can reject records.
	OpRunSourceScript     = "RunSourceScript"     // Its script may be a file of the app.
	OpTransform           = "Transform"           // Keys of callers that may execute it may also look values up.
)

// DataOperations returns the operations that read or write data. Each runs as one activity of the same name.
func DataOperations() []Operation {
	return []Operation{
		define[LoadTableFromSource]("Copies a table from one source to another, and converts formats and types.", Operation{
			Outcome: schema.Fields[LoadOutcome](), rule: loadRule, uses: loadUses,
		}),
		define[Transform]("Runs a query, and returns its records, stores them in a table, or passes them to later steps.",
			Operation{rule: transformRule, uses: transformUses}),
		define[RunSourceScript]("Runs statements in the language of a source, in one transaction if the source supports that.",
			Operation{rule: scriptRule, uses: scriptUses}),
		define[Insert]("Adds records to an existing table.", Operation{rule: recordsRule, uses: recordsUses(source.Insert)}),
		define[Update]("Changes the records of a table that have the keys of given records.",
			Operation{rule: recordsRule, uses: recordsUses(source.Update)}),
		define[Delete]("Deletes the records of a table that have the keys of given records.",
			Operation{rule: recordsRule, uses: recordsUses(source.Delete)}),
		define[HTTPRequest]("Sends a request to an HTTPSource, and stores the response as a value, a result, a table or a file.",
			Operation{rule: requestRule, uses: requestUses}),
	}
}

// Shaping selects the columns to load and their names in the target.
type Shaping struct {
	Columns           []string          `json:"columns,omitempty" description:"The columns to copy, in this order. Default: all."`
	Rename            map[string]string `json:"rename,omitempty" description:"New names of columns, by their names in the source. columnNames does not apply to them."`
	ColumnNames       source.Naming     `json:"columnNames,omitempty" description:"How the other names change: standardize converts them to lowercase letters, digits and underscores. Default: they stay."`
	RecordOrderColumn string            `json:"recordOrderColumn,omitempty" description:"The name of an additional column with the number of each record, from 1, in the order of reading."`
}

// Shape converts the parameters for package source.
func (s Shaping) Shape() source.Shape {
	return source.Shape{Columns: s.Columns, Rename: s.Rename, Naming: s.ColumnNames, RecordOrder: s.RecordOrderColumn}
}

// Writing are the parameters of writing to a target. By default, an existing target is replaced atomically once every record
// was read.
type Writing struct {
	TargetSpace  string        `json:"targetSpace,omitempty" description:"The part of the source that contains the target: a schema in PostgreSQL, a database in MySQL, or a folder."`
	TargetFormat source.Format `json:"targetFormat,omitzero" description:"The format of the target, if it is a file."`
	Append       bool          `json:"append,omitempty" description:"Whether to add the records to the target instead of replacing it."`
	DropTarget   *bool         `json:"dropTarget,omitempty" description:"false replaces the records of the target, but keeps its definition: types, indexes, constraints. Default: true."`
	Upsert       []string      `json:"upsert,omitempty" description:"The key columns: a record changes the records of the target with the same key, or is added if there are none. Columns that the records lack keep their values in existing records, and have their defaults in new ones."`
}

// Mode converts the parameters for package source.
func (w Writing) Mode() source.Mode {
	switch {
	case w.Append:
		return source.Append
	case len(w.Upsert) > 0:
		return source.Upsert
	case w.DropTarget != nil && !*w.DropTarget:
		return source.Refill
	}

	return source.Replace
}

// writingRule requires one write mode.
func writingRule(params jsonvalue.Object) (field, message string) {
	_, upserts := params["upsert"]
	keeps := params["dropTarget"] == false

	switch {
	case upserts && isSet(params["append"]):
		return "upsert", "records are either appended or upserted; drop append or upsert"
	case keeps && (upserts || isSet(params["append"])):
		return "dropTarget", "append and upsert keep the target anyway; drop dropTarget"
	case params["dropTarget"] == true && (upserts || isSet(params["append"])):
		return "dropTarget", "a target that is dropped can't be appended or upserted to; drop dropTarget"
	}

	return "", ""
}

// isSet reports whether a boolean parameter is given and not false; an expression counts as true.
func isSet(value any) bool { return value != nil && value != false }
