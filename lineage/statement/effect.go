package statement

import (
	"cmp"
	"slices"
)

// Effect is what a query or a script reads and writes, as far as its text says.
type Effect struct {
	Reads  []Table
	Writes []Table // A table that several statements write is in the list once for each of them.

	// Columns are the columns of the records that a query returns. If IsOpen, there are more, whose names the text does not say.
	Columns []Column
	IsOpen  bool

	Unknown []string // Why there may be more tables than these.
}

// Table is a table that a statement reads or writes.
type Table struct {
	Space, Name string // Name is empty if the statement does not contain it; Unknown has the reason.
	Mode        Mode   // How it is written.
	Columns     []Column
	IsOpen      bool // Whether all columns are concerned, or some of which the text does not say the names.
	Unknown     []string
}

// Column is a column that is read, written or returned.
type Column struct {
	Name    string   `json:"name" description:"The name of the column."`
	From    []Origin `json:"from,omitempty" description:"The columns from which the written value is computed."`
	Unknown string   `json:"unknown,omitempty" description:"Why the value may be computed from other columns than these."`
}

// Origin is a column from which a value is computed.
type Origin struct {
	Source string `json:"source" description:"The source."`
	Space  string `json:"space,omitempty" description:"The schema, the database or the folder."`
	Name   string `json:"name" description:"The table or the file."`
	Column string `json:"column" description:"The column."`
}

// Mode is how a statement writes a table.
type Mode string

// The modes.
const (
	Create   Mode = "create"
	Insert   Mode = "insert"
	Update   Mode = "update"
	Delete   Mode = "delete"
	Truncate Mode = "truncate"
	Alter    Mode = "alter"
	Drop     Mode = "drop"
)

// add adds a column, or origins of a column that the list has already.
// addColumn adds a column to a list, or its origins to the column of that name.
func addColumn(columns []Column, added Column) []Column {
	at := slices.IndexFunc(columns, func(c Column) bool { return c.Name == added.Name })
	if at < 0 {
		return append(columns, added)
	}

	columns[at] = Merge(columns[at], added)

	return columns
}

// Merge returns a column whose value is one of two.
func Merge(a, b Column) Column {
	a.From = AddNew(slices.Clip(a.From), b.From...)
	a.Unknown = cmp.Or(a.Unknown, b.Unknown)

	return a
}

// AddNew adds the values to a list that it does not contain yet.
func AddNew[T comparable](list []T, values ...T) []T {
	for _, value := range values {
		if !slices.Contains(list, value) {
			list = append(list, value)
		}
	}

	return list
}
