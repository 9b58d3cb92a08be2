package scenario

import (
	"path"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// LoadTableFromSource are the parameters of the operation of that name.
type LoadTableFromSource struct {
	Source       string        `json:"source" required:"true" refers:"source" description:"The source to read from."`
	Space        string        `json:"space,omitempty" description:"The part of the source that contains the table: a schema in PostgreSQL, a database in MySQL, or a folder."`
	Table        string        `json:"table" required:"true" description:"The table to read. In sources of files, it is a path, or a pattern such as orders/*.csv, whose files are read as one table."`
	Format       source.Format `json:"format,omitzero" description:"The format of the table, if it is a file."`
	TargetSource string        `json:"targetSource" required:"true" refers:"source" description:"The source to write to."`
	TargetTable  string        `json:"targetTable" required:"true" description:"The table to write."`

	ColumnTypes map[string]source.Standard `json:"columnTypes,omitempty" description:"The types of columns, by their names in the table that is read: text, integer, decimal(10,2), integer[] and so on."`
	InferTypes  bool                       `json:"inferTypes,omitempty" description:"Whether the values of the first 1,000 records determine the types of text columns. The status of the step lists the types in conversions."`

	Shaping
	Writing

	RejectTable string      `json:"rejectTable,omitempty" description:"A table of targetSource for invalid records, with the location, the error and the text of each. The table is replaced. Default: an invalid record is an error."`
	MaxRejected MaxRejected `json:"maxRejected,omitzero" description:"How many records may be rejected: a number, or a percentage of the records that are read, such as 1 %. If more are rejected, or all, the step fails and does not change the target; rejectTable contains the rejected records. Default: 1,000 or 1 %, whichever is more."`
	DropSource  bool        `json:"dropSource,omitempty" description:"Whether to drop the table that was read after the target was written; of a pattern, up to 1,000 files. A file that has changed since it was read is not dropped, and is listed in kept. A table of a database is dropped even if it has changed."`
}

// LoadOutcome is the part of the outcome that only a [LoadTableFromSource] has.
type LoadOutcome struct {
	Rejected int `json:"rejected" description:"The number of records that were rejected and stored in rejectTable."`
}

// loadRule requires one write mode, and that the target is another table than the one read. A source that has several names
// for the same table is detected when the step runs.
func loadRule(params jsonvalue.Object) (field, message string) {
	target, rejects := tableIn(params, "targetSpace", "targetTable"), tableIn(params, "targetSpace", "rejectTable")

	switch table := tableIn(params, "space", "table"); {
	case params["rejectTable"] != nil && rejects == target:
		return "rejectTable", "the records that can't be read need a table of their own"
	case params["maxRejected"] != nil && params["rejectTable"] == nil:
		return "maxRejected", "maxRejected needs a rejectTable; without one, no record may be rejected"
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
