package files

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// match returns rows with exactly the columns of a table that is there, found by their names. One that rows do not have is
// NULL; one that the table does not have is an error. A column of JSON that has nothing but null takes the type of rows.
func match(rows source.Rows, there source.Schema, sourceName string, table source.Table) (*matched, error) {
	places := make(map[string]int, len(there))
	for i, column := range there {
		places[column.Name] = i
	}

	there = slices.Clone(there)
	types := map[string]source.Standard{}
	matched := &matched{schema: there, from: make([]int, len(there)), record: make(source.Record, len(there))}

	for i := range matched.from {
		matched.from[i] = -1
	}

	for i, column := range rows.Schema() {
		place, found := places[column.Name]

		switch {
		case !found:
			return nil, &source.Error{
				Code: source.CodeRecordInvalid, Source: sourceName, Table: table.String(),
				Message: fmt.Sprintf("the file has no column %q", column.Name),
				Hint:    "its columns are " + strings.Join(there.Names(), ", "),
			}
		case matched.from[place] >= 0:
			return nil, &source.Error{
				Code: source.CodeRecordInvalid, Source: sourceName, Table: table.String(),
				Message: fmt.Sprintf("there are two columns %q to be written", column.Name),
				Hint:    "give one of them another name",
			}
		}

		matched.from[place] = i

		if there[place].Native.TypeStr == "null" {
			there[place].Standard = column.Standard

			continue
		}

		if column.Type == source.JSON && there[place].Native.TypeStr == "text" {
			matched.verbatim = append(matched.verbatim, i)
			matched.conversions = append(matched.conversions, conversion(column, there[place]))

			continue
		}

		if types[column.Name] = there[place].Standard; column.Standard != there[place].Standard {
			matched.conversions = append(matched.conversions, conversion(column, there[place]))
		}
	}

	var err error
	if matched.Rows, err = source.Fit(rows, sourceName, table, types); err != nil {
		return nil, err
	}

	return matched, nil
}

// conversion tells of a column that has another type in the table.
func conversion(column, there source.Column) source.Conversion {
	return source.Conversion{Column: column.Name, From: column.String(), To: there.Native.TypeStr}
}

// matched are rows with the columns of a table.
type matched struct {
	source.Rows

	schema   source.Schema
	from     []int // The place of each column in the records of Rows, or -1.
	verbatim []int // The places in the records of Rows whose JSON is text as it stands, as in a file that begins with it.
	record   source.Record

	conversions []source.Conversion // Of columns that have another type in the table.
}

func (m *matched) Schema() source.Schema { return m.schema }

func (m *matched) Next(ctx context.Context) (source.Record, error) {
	record, err := m.Rows.Next(ctx)
	if err != nil {
		return nil, err
	}

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

// Location tells where the last record stood.
func (m *matched) Location() string {
	if locator, isLocator := m.Rows.(source.Locator); isLocator {
		return locator.Location()
	}

	return ""
}
