package scenario

import (
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// Transform are the parameters of the operation of that name.
type Transform struct {
	Source       string           `json:"source" required:"true" refers:"source" description:"The source of the query."`
	Query        string           `json:"query" required:"true" query:"source" description:"The query, in the language of the source. :name stands for a value of bind."`
	Bind         jsonvalue.Object `json:"bind,omitempty" description:"The values of the parameters :name in the query. They are passed separately, never inserted into the text."`
	Limit        int64            `json:"limit,omitempty" description:"The maximum number of records. Default: all."`
	ColumnNames  source.Naming    `json:"columnNames,omitempty" description:"How the names of columns change: standardize converts them to lowercase letters, digits and underscores. Default: they stay."`
	ReturnResult bool             `json:"returnResult,omitempty" description:"Whether the records are a result of the job."`
	ResultName   string           `json:"resultName,omitempty" description:"The name of the result."`
	ReturnValue  bool             `json:"returnValue,omitempty" description:"Whether the records are the value of the step, a list of objects: up to 1,000 records and 64 KiB."`
	TargetSource string           `json:"targetSource,omitempty" refers:"source" description:"The source in which to store the records. Default: source."`
	TargetTable  string           `json:"targetTable,omitempty" description:"The table in which to store the records."`

	Writing
}

// transformRule requires one destination for the records of a Transform: a result, a value or a table.
func transformRule(params jsonvalue.Object) (field, message string) {
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
	}

	if number, isNumber := params["limit"].(int64); isNumber && number < 1 {
		return "limit", "a limit is 1 at least; leave it out to take every record"
	}

	if !stores {
		return withoutTarget(params)
	}

	return writingRule(params)
}

// withoutTarget rejects parameters of a target if there is no target.
func withoutTarget(params jsonvalue.Object) (field, message string) {
	for _, field := range []string{"targetSource", "targetSpace", "targetFormat", "append", "dropTarget", "upsert"} {
		if params[field] != nil {
			return field, field + " needs a targetTable"
		}
	}

	return "", ""
}
