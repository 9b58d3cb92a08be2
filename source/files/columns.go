package files

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// match returns rows with exactly the columns of an existing table, matched by name. Columns that rows lack are NULL; columns
// that the table lacks are an error. A JSON column of the table that contains only null takes the type that rows have.
func match(rows source.Rows, existing source.Schema, sourceName string, write source.Write) (*matched, error) {
	indexes := existing.Indexes()
	existing = slices.Clone(existing)
	types := map[string]source.Standard{}
	from := slices.Repeat([]int{-1}, len(existing))
	matched := &matched{schema: existing, from: from, record: make(source.Record, len(existing))}

	for i, column := range rows.Schema() {
		at, found := indexes[column.Name]

		switch {
		case !found:
			return nil, &source.Error{
				Code: source.CodeRecordInvalid, Source: sourceName, Table: write.Table.String(),
				Message: fmt.Sprintf("the file has no column %q", column.Name),
				Hint:    "its columns are " + strings.Join(existing.Names(), ", "),
			}
		case matched.from[at] >= 0:
			return nil, &source.Error{
				Code: source.CodeRecordInvalid, Source: sourceName, Table: write.Table.String(),
				Message: fmt.Sprintf("the records have two columns %q", column.Name),
				Hint:    "rename one of them",
			}
		}

		matched.from[at] = i

		if existing[at].Native.TypeStr == "null" {
			existing[at].Standard = column.Standard

			continue
		}

		if column.Type == source.JSON && existing[at].Native.TypeStr == "text" {
			matched.verbatim = append(matched.verbatim, i)
			matched.conversions = append(matched.conversions, column.ConvertedTo(existing[at].Native.TypeStr))

			continue
		}

		if types[column.Name] = existing[at].Standard; column.Standard != existing[at].Standard {
			matched.conversions = append(matched.conversions, column.ConvertedTo(existing[at].Native.TypeStr))
		}
	}

	var err error
	if matched.Rows, err = source.Fit(rows, sourceName, write.Table, write.Format, types); err != nil {
		return nil, err
	}

	return matched, nil
}

// matched are rows with the columns of a table.
type matched struct {
	source.Rows

	schema   source.Schema
	from     []int // For each column, its index in the records of Rows, or -1.
	verbatim []int // The indexes of columns in the records of Rows whose JSON is written as text, unchanged.
	record   source.Record
	count    int64

	conversions []source.Conversion // The columns that have another type in the table.
}

func (m *matched) Schema() source.Schema { return m.schema }

func (m *matched) Next(ctx context.Context) (source.Record, error) {
	record, err := m.Rows.Next(ctx)
	if err != nil {
		return nil, err
	}

	m.count++

	for _, at := range m.verbatim {
		if value, isJSON := record[at].(json.RawMessage); isJSON {
			record[at] = string(value)
		}
	}

	for to, from := range m.from {
		if from >= 0 {
			m.record[to] = record[from]
		}
	}

	return m.record, nil
}

// Location returns the location of the last record.
func (m *matched) Location() string { return source.Location(m.Rows, m.count) }
