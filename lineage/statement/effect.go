package statement

import "slices"

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

// Column is a column of a table or of a query, with the columns from which its value is computed.
type Column struct {
	Name    string
	Origins []Origin
	Unknown string // Why there may be more origins than these.
}

// Origin is a column of a table from which a value is computed.
type Origin struct{ Space, Table, Column string }

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
func addColumn(columns []Column, added Column) []Column {
	at := slices.IndexFunc(columns, func(c Column) bool { return c.Name == added.Name })
	if at < 0 {
		return append(columns, added)
	}

	columns[at] = merged(columns[at], added)

	return columns
}

// merged returns a column whose value is one of two.
func merged(a, b Column) Column {
	for _, origin := range b.Origins {
		a.Origins = addNew(a.Origins, origin)
	}

	if a.Unknown == "" {
		a.Unknown = b.Unknown
	}

	return a
}

// addNew adds a value that the list does not have.
func addNew[T comparable](list []T, value T) []T {
	if slices.Contains(list, value) {
		return list
	}

	return append(list, value)
}
