package scenario

import "github.com/jobwright/jobwright/scenario/jsonvalue"

// Given are the records of an operation: literals, or the result of a query.
type Given struct {
	Records    []jsonvalue.Object `json:"records,omitempty" description:"The records, each an object of column names with values."`
	FromSource string             `json:"fromSource,omitempty" refers:"source" description:"In place of records: the source to ask for them; the table's own where it is missing."`
	Query      string             `json:"query,omitempty" description:"In place of records: the query that finds them. A :name in it stands for a value of bind."`
	Bind       jsonvalue.Object   `json:"bind,omitempty" description:"Values for the query's :name parameters; they are passed beside the query, never put into its text."`
}

// Insert are the parameters of the operation of that name.
type Insert struct {
	Source string `json:"source" required:"true" refers:"source" description:"The source of the table."`
	Space  string `json:"space,omitempty" description:"The part of the source that the table stands in."`
	Table  string `json:"table" required:"true" description:"The table to add the records to. A column that the records don't have takes its default."`

	Given
}

// Update are the parameters of the operation of that name.
type Update struct {
	Source string   `json:"source" required:"true" refers:"source" description:"The source of the table."`
	Space  string   `json:"space,omitempty" description:"The part of the source that the table stands in."`
	Table  string   `json:"table" required:"true" description:"The table whose records are changed."`
	Key    []string `json:"key" required:"true" description:"The columns that tell which record is meant. The other columns of the records given are what it is changed to."`

	Given
}

// Delete are the parameters of the operation of that name.
type Delete struct {
	Source string   `json:"source" required:"true" refers:"source" description:"The source of the table."`
	Space  string   `json:"space,omitempty" description:"The part of the source that the table stands in."`
	Table  string   `json:"table" required:"true" description:"The table whose records are removed."`
	Key    []string `json:"key" required:"true" description:"The columns that tell which records are meant; other columns of the records given play no part."`

	Given
}

// recordsRule requires one origin of the records.
func recordsRule(params jsonvalue.Object) (field, message string) {
	_, literals := params["records"]
	_, queried := params["query"]

	switch {
	case literals && queried:
		return "query", "the records come from one place; drop either records or query"
	case !literals && !queried:
		return "", "there are no records; give records, or a query that finds them"
	}

	if key, isList := params["key"].([]any); isList && len(key) == 0 {
		return "key", "a key has one column at least"
	}

	for _, field := range []string{"fromSource", "bind"} {
		if params[field] != nil && !queried {
			return field, field + " needs a query"
		}
	}

	return "", ""
}
