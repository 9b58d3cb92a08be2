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
// that of its values; one whose values have several is JSON.
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
	case (a == source.Integer && b == source.Float) || (a == source.Float && b == source.Integer):
		return source.Float
	}

	return source.JSON
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

		switch v := value.(type) {
		case int64:
			if column.Type == source.Float {
				value = float64(v)
			}
		default:
		}

		if column.Type == source.JSON && value != nil {
			encoded, err := json.Marshal(scenario.Value{Any: value})
			if err != nil {
				return nil, fmt.Errorf("%s, column %q: %w", l.Location(), column.Name, err)
			}

			value = json.RawMessage(encoded)
		}

		l.record[i] = value
	}

	return l.record, nil
}

// Location tells which record was the last.
func (l *literals) Location() string { return fmt.Sprintf("record %d", l.count) }

func (l *literals) Close() error { return nil }
