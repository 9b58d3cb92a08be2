package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// literals are records that stand in an operation's parameters.
type literals struct {
	schema  source.Schema
	records []scenario.Params
	count   int
	record  source.Record
}

// newLiterals returns the records with a column for each name in them, in the order of the names. The type of a column is
// that of its values; integers beside floats are decimals, and a column whose values have other types, too, is JSON.
func newLiterals(records []scenario.Params) *literals {
	types := map[string]source.Type{}

	for _, record := range records {
		for _, name := range slices.Sorted(maps.Keys(record)) {
			if of := typeOf(record[name]); types[name] == "" || (types[name] != of && of != "") {
				types[name] = joined(types[name], of)
			}
		}
	}

	rows := &literals{records: records}

	for _, name := range slices.Sorted(maps.Keys(types)) {
		of := types[name]
		if of == "" { // All are NULL.
			of = source.Text
		}

		rows.schema = append(rows.schema, source.Column{
			Name:     name,
			Native:   source.NativeType{Name: string(of), TypeStr: string(of), Precision: -1},
			Standard: source.Standard{Type: of},
		})
	}

	rows.record = make(source.Record, len(rows.schema))

	return rows
}

// typeOf is the type of a value of the language, or "" for NULL.
func typeOf(value any) source.Type {
	switch value.(type) {
	case nil:
		return ""
	case string:
		return source.Text
	case int64:
		return source.Integer
	case float64:
		return source.Float
	case bool:
		return source.Boolean
	}

	return source.JSON
}

// joined is the type that holds values of two.
func joined(a, b source.Type) source.Type {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	case isNumeric(a) && isNumeric(b): // A float holds fewer digits than an integer.
		return source.Decimal
	}

	return source.JSON
}

func isNumeric(of source.Type) bool {
	return of == source.Integer || of == source.Float || of == source.Decimal
}

func (l *literals) Schema() source.Schema { return l.schema }

func (l *literals) Next(ctx context.Context) (source.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	if l.count == len(l.records) {
		return nil, io.EOF
	}

	given := l.records[l.count]
	l.count++

	for i, column := range l.schema {
		value := given[column.Name]

		if value != nil && (column.Type == source.JSON || column.Type == source.Decimal) {
			var err error
			if value, err = joint(column.Type, value); err != nil {
				return nil, fmt.Errorf("%s, column %q: %w", l.Location(), column.Name, err)
			}
		}

		l.record[i] = value
	}

	return l.record, nil
}

// joint is a value in the type of a column that has values of several.
func joint(of source.Type, value any) (any, error) {
	if of == source.Decimal {
		return source.ConvertValue(source.Standard{Type: typeOf(value)}, source.Standard{Type: of}, value)
	}

	encoded, err := json.Marshal(scenario.Value{Any: value})

	return json.RawMessage(encoded), err
}

// Location tells which record was the last.
func (l *literals) Location() string { return fmt.Sprintf("record %d", l.count) }

func (l *literals) Close() error { return nil }
