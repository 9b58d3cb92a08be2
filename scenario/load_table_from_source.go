package scenario

import (
	"path"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// LoadTableFromSource are the parameters of the operation of that name.
type LoadTableFromSource struct {
	Source       string        `json:"source" required:"true" refers:"source" description:"The source to read from."`
	Space        string        `json:"space,omitempty" description:"The part of the source that the table stands in: a schema of PostgreSQL's, a database of MySQL's, a folder."`
	Table        string        `json:"table" required:"true" description:"The table to read; in a source of files a file's path, or a pattern such as orders/*.csv for many files as one table."`
	Format       source.Format `json:"format,omitzero" description:"How the table is read, where it is a file."`
	TargetSource string        `json:"targetSource" required:"true" refers:"source" description:"The source to write to."`
	TargetTable  string        `json:"targetTable" required:"true" description:"The table to write."`

	ColumnTypes map[string]source.Standard `json:"columnTypes,omitempty" description:"Types for columns, by their names in the table that is read: text, integer, decimal, decimal(10,2), integer[] and so on. Others stay what they are; in text files, all are text."`
	InferTypes  bool                       `json:"inferTypes,omitempty" description:"Whether the types of text columns are learned from the first 1,000 records. The outcome tells which they are."`

	Shaping
	Writing

	RejectTable string `json:"rejectTable,omitempty" description:"A table of the target's source for records that can't be read, with the place, the mistake and the text of each. It is replaced. Where it is missing, such a record is an error."`
	DropSource  bool   `json:"dropSource,omitempty" description:"Whether the table that was read is removed when all of it was written: of a pattern, each file that was read, 1,000 at most. A file that was replaced or added to since stays, which the step tells as kept; of a database's table nobody knows that."`
}

// loadRule requires one write mode, and that the target is another table than the one read. A source that has several names
// for the same table is detected when the step runs.
func loadRule(params jsonvalue.Object) (field, message string) {
	target, rejects := tableIn(params, "targetSpace", "targetTable"), tableIn(params, "targetSpace", "rejectTable")

	switch table := tableIn(params, "space", "table"); {
	case params["rejectTable"] != nil && rejects == target:
		return "rejectTable", "the records that can't be read need a table of their own"
	case params["source"] != params["targetSource"]:
	case table == target:
		return "targetTable", "a table can't be loaded over itself; give the target another name"
	case params["rejectTable"] != nil && rejects == table:
		return "rejectTable", "the records that can't be read would take the place of the table that is read"
	}

	return writingRule(params)
}

// tableIn returns the table that two parameters name.
func tableIn(params jsonvalue.Object, space, name string) source.Table {
	table := source.Table{}
	table.Space, _ = params[space].(string)
	table.Name, _ = params[name].(string)
	table.Name = path.Clean(table.Name)

	return table
}
