package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// literals are the records in an operation's parameters.
type literals struct {
	schema  source.Schema
	records []jsonvalue.Object
	count   int           // Records returned so far.
	record  source.Record // The last record returned.
}

// newLiterals returns the records with a column per name, in the order of the names. A column has the type of its values. It
// is a decimal if it has integers and floats, and JSON if its values have different types otherwise.
func newLiterals(records []jsonvalue.Object) *literals {
	types := map[string]source.Type{}

	for _, record := range records {
		for _, name := range slices.Sorted(maps.Keys(record)) {
			if of := typeOf(record[name]); types[name] == "" || (types[name] != of && of != "") {
				types[name] = commonType(types[name], of)
			}
		}
	}

	rows := &literals{records: records}

	for _, name := range slices.Sorted(maps.Keys(types)) {
		of := types[name]
		if of == "" { // All are NULL.
			of = source.Text
		}

		rows.schema = append(rows.schema, newColumn(name, source.Standard{Type: of}))
	}

	rows.record = make(source.Record, len(rows.schema))

	return rows
}

// Extent returns the number of records.
func (l *literals) Extent() source.Extent { return source.Extent{TotalRows: int64(len(l.records))} }

// typeOf returns the type of a value of the language, or "" for NULL.
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
	case jsonvalue.Decimal:
		return source.Decimal
	case bool:
		return source.Boolean
	}

	return source.JSON
}

// commonType returns the type that can hold the values of both types.
func commonType(a, b source.Type) source.Type {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	case isNumeric(a) && isNumeric(b): // A float can't represent every integer.
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
		if decimal, is := value.(jsonvalue.Decimal); is && column.Type == source.Decimal {
			value = source.Number(decimal.String())
		}

		if value != nil && (column.Type == source.JSON || column.Type == source.Decimal) {
			var err error
			if value, err = toCommonType(column.Type, value); err != nil {
				return nil, fmt.Errorf("%s, column %q: %w", l.Location(), column.Name, err)
			}
		}

		l.record[i] = value
	}

	return l.record, nil
}

// toCommonType converts a value to the type of a column whose values have different types.
func toCommonType(of source.Type, value any) (any, error) {
	if number, is := value.(source.Number); is {
		return number, nil
	}

	if of == source.Decimal {
		return source.ConvertValue(source.Standard{Type: typeOf(value)}, source.Standard{Type: of}, value)
	}

	encoded, err := json.Marshal(jsonvalue.Plain{Any: value})

	return json.RawMessage(encoded), err
}

// Location returns the number of the last record.
func (l *literals) Location() string { return fmt.Sprintf("record %d", l.count) }

func (l *literals) Close() error { return nil }
