package scenario

import (
	"encoding/json"
	"slices"

	"github.com/jobwright/jobwright/source"
)

// RunScenario is the operation that runs a scenario.
const RunScenario = "RunScenario"

// Operation defines an operation once for all: validation, the workflow and the documentation go by it.
type Operation struct {
	Name        string
	Description string
	Fields      []Field

	// rule finds mistakes in the parameters as a whole, beyond those of single fields. It returns the name of a field and
	// what is wrong, or two empty strings.
	rule func(params Params) (field, message string)
}

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
			Description: "Runs a query, and returns what it finds or stores it as a table.",
			Fields:      fieldsOf[Transform](),
			rule:        transformRule,
		},
	}
}

// dataOperation finds the data operation of that name.
func dataOperation(name string) (Operation, bool) {
	operations := DataOperations()

	at := slices.IndexFunc(operations, func(o Operation) bool { return o.Name == name })
	if at < 0 {
		return Operation{}, false
	}

	return operations[at], true
}

// operationNames lists the operations that a step can have.
func operationNames() []string {
	operations := DataOperations()
	names := make([]string, len(operations))

	for i, operation := range operations {
		names[i] = operation.Name
	}

	return names
}

// RunScenarioParams are the parameters of the operation RunScenario.
type RunScenarioParams struct {
	Scenario   string `json:"scenario" required:"true" description:"The scenario's name: that of its file in the app's folder scenarios, without the extension."`
	Parameters Params `json:"parameters" description:"Values for the scenario's parameters."`
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
	TargetSource string `json:"targetSource,omitempty" refers:"source" description:"The source in which to store the records; the source asked, by default."`
	TargetTable  string `json:"targetTable,omitempty" description:"The table in which to store the records. It is replaced, at once, when every record was read."`
}

// transformRule holds that the records of a Transform go to one place: a result or a table.
func transformRule(params Params) (field, message string) {
	returned, given := params["returnResult"]
	returns := given && returned != false
	_, stores := params["targetTable"]

	switch {
	case returns && stores:
		return "targetTable", "a returned result is stored in no table; drop either targetTable or returnResult"
	case !returns && !stores:
		return "", "the records go nowhere; give returnResult: true, or a targetTable to store them in"
	case !returns && params["resultName"] != nil:
		return "resultName", "there is no result to name without returnResult: true"
	case !stores && params["targetSource"] != nil:
		return "targetSource", "a target source needs a targetTable"
	}

	return "", ""
}

// Decode reads parameters, checked and without expressions, as the struct that defines them.
func Decode[T any](params Params) (T, error) {
	var decoded T

	encoded, err := json.Marshal(params)
	if err == nil {
		err = json.Unmarshal(encoded, &decoded)
	}

	return decoded, err
}
