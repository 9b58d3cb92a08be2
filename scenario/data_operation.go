package scenario

import (
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// OpRunSourceScript is the name of the operation whose script may be a file of the app.
const OpRunSourceScript = "RunSourceScript"

// DataOperations returns the operations that read or write data. Each runs as one activity of the same name.
func DataOperations() []Operation {
	return []Operation{
		define[LoadTableFromSource](Operation{
			Name:        "LoadTableFromSource",
			Description: "Copies a table from one source to another, whatever the formats and types of both.",
			rule:        loadRule,
		}),
		define[Transform](Operation{
			Name:        "Transform",
			Description: "Runs a query, and returns what it finds, stores it as a table, or gives it to later steps.",
			rule:        transformRule,
		}),
		define[RunSourceScript](Operation{
			Name:        OpRunSourceScript,
			Description: "Runs statements in a source's own language, all of them or none where the source can do that.",
			rule:        scriptRule,
		}),
		define[Insert](Operation{
			Name:        "Insert",
			Description: "Adds records to a table that is there.",
			rule:        recordsRule,
		}),
		define[Update](Operation{
			Name:        "Update",
			Description: "Changes the records of a table that have the same key as those given.",
			rule:        recordsRule,
		}),
		define[Delete](Operation{
			Name:        "Delete",
			Description: "Removes the records of a table that have the same key as those given.",
			rule:        recordsRule,
		}),
		define[HTTPRequest](Operation{
			Name:        "HTTPRequest",
			Description: "Sends one request to a source of HTTP, and takes the answer as a value, a table, a result or a file.",
			rule:        requestRule,
		}),
	}
}

// Shaping selects the columns to load and their names in the target.
type Shaping struct {
	Columns           []string          `json:"columns,omitempty" description:"The columns to take, in that order; all where it is missing."`
	Rename            map[string]string `json:"rename,omitempty" description:"New names for columns; they stay as they are given here, and no other column may have one of them."`
	ColumnNames       source.Naming     `json:"columnNames,omitempty" description:"What becomes of the other names: standardize makes small letters, digits and underscores of them, toUpperCase and toLowerCase do what they say. They stay as they are where it is missing."`
	RecordOrderColumn string            `json:"recordOrderColumn,omitempty" description:"The name of a further column, for the number of each record, from 1, in the order in which they were read."`
}

// Shape converts the parameters for package source.
func (s Shaping) Shape() source.Shape {
	return source.Shape{Columns: s.Columns, Rename: s.Rename, Naming: s.ColumnNames, RecordOrder: s.RecordOrderColumn}
}

// Writing are the parameters of writing to a target. By default, an existing target is replaced atomically once every record
// was read.
type Writing struct {
	TargetSpace  string        `json:"targetSpace,omitempty" description:"The part of the source that the target stands in: a schema of PostgreSQL's, a database of MySQL's, a folder."`
	TargetFormat source.Format `json:"targetFormat,omitzero" description:"How the target is written, where it is a file."`
	Append       bool          `json:"append,omitempty" description:"Whether the records are added to those of the target."`
	DropTarget   *bool         `json:"dropTarget,omitempty" description:"false keeps the target's definition, with its types and indexes, and exchanges its records."`
	Upsert       []string      `json:"upsert,omitempty" description:"The columns of a key: a record takes the place of those in the target with the same key, and is added where there is none."`
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
