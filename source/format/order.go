package format

import (
	"fmt"
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

// Difference describes the first difference between the columns of two parts of a table. It returns "" if there is none.
func Difference(first, other source.Schema) string {
	for i := range max(len(first), len(other)) {
		switch {
		case i >= len(other):
			return fmt.Sprintf("column %q is missing", first[i].Name)
		case i >= len(first):
			return fmt.Sprintf("column %q is additional", other[i].Name)
		case first[i].Name != other[i].Name:
			return fmt.Sprintf("column %d is %q instead of %q", i+1, other[i].Name, first[i].Name)
		case first[i].Standard != other[i].Standard:
			return fmt.Sprintf("column %q has the type %s instead of %s",
				other[i].Name, other[i].Standard, first[i].Standard)
		}
	}

	return ""
}
