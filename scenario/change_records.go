package scenario

import "github.com/jobwright/jobwright/scenario/jsonvalue"

// Given are the records of an operation: literals, or the result of a query.
type Given struct {
	Records    []jsonvalue.Object `json:"records,omitempty" description:"The records: objects of column names with values."`
	FromSource string             `json:"fromSource,omitempty" refers:"source" description:"Instead of records: the source of query. Default: source."`
	Query      string             `json:"query,omitempty" query:"fromSource source" description:"Instead of records: the query that returns them. :name stands for a value of bind."`
	Bind       jsonvalue.Object   `json:"bind,omitempty" description:"The values of the parameters :name in the query. They are passed separately, never inserted into the text."`
}

// Insert are the parameters of the operation of that name.
type Insert struct {
	Source string `json:"source" required:"true" refers:"source" description:"The source of the table."`
	Space  string `json:"space,omitempty" description:"The part of the source that contains the table: a schema, a database or a folder."`
	Table  string `json:"table" required:"true" description:"The table. Columns that the records don't have get their defaults."`

	Given
}

// Update are the parameters of the operation of that name.
type Update struct {
	Source string   `json:"source" required:"true" refers:"source" description:"The source of the table."`
	Space  string   `json:"space,omitempty" description:"The part of the source that contains the table: a schema, a database or a folder."`
	Table  string   `json:"table" required:"true" description:"The table."`
	Key    []string `json:"key" required:"true" description:"The columns that identify a record. The other columns of the given records have the new values."`

	Given
}

// Delete are the parameters of the operation of that name.
type Delete struct {
	Source string   `json:"source" required:"true" refers:"source" description:"The source of the table."`
	Space  string   `json:"space,omitempty" description:"The part of the source that contains the table: a schema, a database or a folder."`
	Table  string   `json:"table" required:"true" description:"The table."`
	Key    []string `json:"key" required:"true" description:"The columns that identify a record. Other columns of the given records are ignored."`

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
