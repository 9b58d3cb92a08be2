package scenario

import "github.com/jobwright/jobwright/source"

// DataOperations returns the operations that touch data. Each runs as one activity of the same name.
func DataOperations() []Operation {
	return []Operation{
		{
			Name:        "LoadTableFromSource",
			Description: "Copies a table from one source to another and replaces the target.",
			Fields:      fieldsOf[LoadTableFromSource](),
		},
		{
			Name:        "Transform",
			Description: "Runs a query, and returns what it finds, stores it as a table, or gives it to later steps.",
			Fields:      fieldsOf[Transform](),
			rule:        transformRule,
		},
	}
}

// LoadTableFromSource are the parameters of the operation of that name.
type LoadTableFromSource struct {
	Source       string `json:"source" required:"true" refers:"source" description:"The source to read from."`
	Table        string `json:"table" required:"true" description:"The table to read; in a source of files, a file's path."`
	TargetSource string `json:"targetSource" required:"true" refers:"source" description:"The source to write to."`
	TargetTable  string `json:"targetTable" required:"true" description:"The table to write. It is replaced, at once, when every record was read."`

	ColumnTypes map[string]source.Type `json:"columnTypes,omitempty" description:"Types for columns that are read as text; other columns stay what they are."`
}

// Transform are the parameters of the operation of that name.
type Transform struct {
	Source       string `json:"source" required:"true" refers:"source" description:"The source to ask."`
	Query        string `json:"query" required:"true" description:"The query, in the source's own language. A :name in it stands for a value of bind."`
	Bind         Params `json:"bind,omitempty" description:"Values for the query's :name parameters; they are passed beside the query, never put into its text."`
	ReturnResult bool   `json:"returnResult,omitempty" description:"Whether the records become a result of the job."`
	ResultName   string `json:"resultName,omitempty" description:"The name of that result."`
	ReturnValue  bool   `json:"returnValue,omitempty" description:"Whether the records become the step's value, a list of objects, for later steps to read: at most 1,000 records and 64 KiB."`
	TargetSource string `json:"targetSource,omitempty" refers:"source" description:"The source in which to store the records; the source asked, by default."`
	TargetTable  string `json:"targetTable,omitempty" description:"The table in which to store the records. It is replaced, at once, when every record was read."`
}

// transformRule holds that the records of a Transform go to one place: a result, a value or a table.
func transformRule(params Params) (field, message string) {
	returns, values := isSet(params["returnResult"]), isSet(params["returnValue"])
	_, stores := params["targetTable"]

	switch {
	case returns && stores:
		return "targetTable", "a returned result is stored in no table; drop either targetTable or returnResult"
	case values && (returns || stores):
		return "returnValue", "records that become a value go nowhere else; drop returnValue, or what stands beside it"
	case !returns && !stores && !values:
		return "", "the records go nowhere; give returnResult: true, returnValue: true, or a targetTable to store them in"
	case !returns && params["resultName"] != nil:
		return "resultName", "there is no result to name without returnResult: true"
	case !stores && params["targetSource"] != nil:
		return "targetSource", "a target source needs a targetTable"
	}

	return "", ""
}

// isSet reports whether a boolean parameter is given and not false; an expression counts as true.
func isSet(value any) bool { return value != nil && value != false }
