package format

import (
	"slices"

	"github.com/jobwright/jobwright/source"
)

// ColumnNamer is implemented by the rows of [Read] and of its codecs.
type ColumnNamer interface {
	// NamesColumns reports whether each record names its columns, so that their order has no meaning, as in JSON and XML.
	NamesColumns() bool
}

// InOrder returns rows with their columns in the order of a schema, if the schema has the same columns in another order, and
// each record of the format names its columns. Otherwise, it returns rows unchanged.
func InOrder(rows source.Rows, schema source.Schema) source.Rows {
	named, isNamed := rows.(ColumnNamer)
	names, others := schema.Names(), rows.Schema().Names()

	if !isNamed || !named.NamesColumns() || slices.Equal(names, others) ||
		!slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(others))) {
		return rows
	}

	ordered, err := source.Shape{Columns: names}.Apply(rows, "", source.Table{})
	if err != nil { // Only a missing column is an error.
		return rows
	}

	return ordered
}
