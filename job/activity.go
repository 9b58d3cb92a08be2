package job

import (
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// The activities that the interpreter calls on behalf of a step, beside those of the data operations.
const (
	LookUpActivity      = "LookUp"      // Accepts a [Task] and a [LookUp], returns a [Found].
	ReadRecordsActivity = "ReadRecords" // Accepts a [Task] and a [RecordsQuery], returns a [RecordsPage].
	DropRecordsActivity = "DropRecords" // Accepts a [Task] and the key of stored records, which it drops.
	SetVariableActivity = "SetVariable" // Accepts a [Task] and a [Variable] of the app, which it sets.
	DropTableActivity   = "DropTable"   // Accepts a [Task] and a [SourceTable], which it drops, and returns [Dropped].
)

// LookUp requests values for the expressions of a step.
type LookUp struct {
	Queries   []expression.Query `json:"queries,omitempty"`   // Each returns the first column of its first record.
	Variables []string           `json:"variables,omitempty"` // Names of variables of the app.
}

// Found is the result of a [LookUp].
type Found struct {
	Cells     []jsonvalue.Value `json:"cells,omitempty"`     // A value for each query, nil if it returned no record.
	Variables jsonvalue.Object  `json:"variables,omitempty"` // The variables that were set; others have their defaults.
}

// RecordsQuery requests a page of the records of a query. The first page executes the query and stores its records in the
// result store, so that all pages are consistent and no page reads the pages before it.
type RecordsQuery struct {
	Query  expression.Query `json:"query"`
	Key    string           `json:"key,omitempty"`    // The key of the stored records; empty for the first page.
	Offset int64            `json:"offset,omitempty"` // The offset of the page in the stored records.
}

// RecordsPage is a page of records. Its records and its bytes are bounded.
type RecordsPage struct {
	Records []jsonvalue.Object `json:"records"`
	Key     string             `json:"key,omitempty"`   // The key of the other records; empty if there are none.
	Next    int64              `json:"next,omitempty"`  // The offset of the next page; 0 if there is none.
	Total   int64              `json:"total,omitempty"` // The number of all records; the first page has it.
}

// SourceTable is a table of one of the app's sources.
type SourceTable struct {
	Source string        `json:"source"`
	Space  string        `json:"space,omitempty"`
	Table  string        `json:"table"`
	Parts  []source.Part `json:"parts,omitempty"` // The files of the table that were read. A table without files has none.
}

// Dropped reports which files of a [SourceTable] were not dropped.
type Dropped struct {
	Kept []Kept `json:"kept,omitempty"`
}
