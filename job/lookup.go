package job

import (
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// The activities that the interpreter calls on behalf of a step, beside those of the data operations.
const (
	LookUpActivity      = "LookUp"      // Takes a [Task] and a [LookUp], returns a [Found].
	ReadRecordsActivity = "ReadRecords" // Takes a [Task] and a [RecordsQuery], returns a [RecordsPage].
	DropRecordsActivity = "DropRecords" // Takes a [Task] and the key of records that were set aside, which it drops.
	SetVariableActivity = "SetVariable" // Takes a [Task] and a [Variable] of the app, which it sets.
	DropTableActivity   = "DropTable"   // Takes a [Task] and a [SourceTable], which it drops, and returns [Dropped].
)

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

// LookUp is what the expressions of a step read from outside.
type LookUp struct {
	Queries   []expression.Query `json:"queries,omitempty"`   // The first column of the first record of each is asked for.
	Variables []string           `json:"variables,omitempty"` // Variables of the app.
}

// Found is what was looked up.
type Found struct {
	Cells     []jsonvalue.Value `json:"cells,omitempty"`     // One for each query, nil where it found no record.
	Variables jsonvalue.Object  `json:"variables,omitempty"` // Those that were set; others have their defaults.
}

// RecordsQuery asks for a page of the records that a query finds. The first page runs the query and sets aside what it
// finds, in the result store, so that all pages are of one moment and no page reads what came before it again.
type RecordsQuery struct {
	Query  expression.Query `json:"query"`
	Key    string           `json:"key,omitempty"`    // Where the records were set aside; empty for the first page.
	Offset int64            `json:"offset,omitempty"` // Where the page begins there.
}

// RecordsPage is a page of records. It is bounded in records and in bytes.
type RecordsPage struct {
	Records []jsonvalue.Object `json:"records"`
	Key     string             `json:"key,omitempty"`  // Where the rest was set aside; empty where the first page is all.
	Next    int64              `json:"next,omitempty"` // The offset of the next page; 0 where there is none.
}

// Variable is a variable of an app, with its value.
type Variable struct {
	Name  string          `json:"name"`
	Value jsonvalue.Value `json:"value"`
	ID    string          `json:"id"` // Identifies the setting, so that a repeated one takes effect once.
}
