package source

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Convert returns rows in which the columns named in types have those types. Values are converted while they are read: text
// by [ParseText], JSON by [FromJSON], and other values by [ConvertValue]. A value that has no equivalent in the new type is an
// [*Error] with [CodeRecordInvalid] and the location of the record; if reject is not nil, Next passes the record to reject
// instead and continues. If rows lack a column that types names, Convert returns an error.
func Convert(
	rows Rows, sourceName string, table Table, types map[string]Standard, reject func(Reject) error,
) (Rows, error) {
	converted := &converted{
		Rows: rows, source: sourceName, table: table, reject: reject, value: convertDeclared,
		hint: "correct the value, or set another type for the column in columnTypes",
	}

	return converted.withTypes(types)
}

// Fit returns rows in which the columns named in types have those types, the types of a target's columns. It converts values
// by [ConvertValue] while they are read. A value that can't be converted without loss is an [*Error], as in [Convert].
func Fit(rows Rows, sourceName string, table Table, types map[string]Standard) (Rows, error) {
	converted := &converted{
		Rows: rows, source: sourceName, table: table, value: ConvertValue,
		hint: "correct the value, set the column's type in columnTypes, or change the type of the target's column",
	}

	return converted.withTypes(types)
}

// change is a column whose type changes.
type change struct {
	at   int
	from Standard
}

// converted converts the values of the wrapped rows to the types of its schema.
type converted struct {
	Rows

	schema  Schema
	changes []change
	source  string
	table   Table
	reject  func(Reject) error
	value   func(from, to Standard, value any) (any, error)
	hint    string
	count   int64
}

// withTypes returns the rows with the types of columns changed.
func (c *converted) withTypes(types map[string]Standard) (Rows, error) {
	schema := slices.Clone(c.Rows.Schema())
	indexes := schema.Indexes()

	for _, name := range slices.Sorted(maps.Keys(types)) {
		at, exists := indexes[name]
		if !exists {
			return nil, noColumn(c.source, c.table, "columnTypes", name, schema)
		}

		if schema[at].Standard == types[name] {
			continue
		}

		c.changes = append(c.changes, change{at: at, from: schema[at].Standard})
		schema[at].Standard = types[name]
	}

	if len(c.changes) == 0 {
		return c.Rows, nil
	}

	c.schema = schema

	return c, nil
}

// noColumn returns the error for a field of a step that names a missing column.
func noColumn(sourceName string, table Table, field, name string, schema Schema) error {
	return &Error{
		Code: CodeRecordInvalid, Source: sourceName, Table: table.String(),
		Message: fmt.Sprintf("%s names the column %q, which the table does not have", field, name),
		Hint:    "its columns are " + strings.Join(schema.Names(), ", "),
	}
}

func (c *converted) Schema() Schema { return c.schema }

func (c *converted) Next(ctx context.Context) (Record, error) {
	for {
		record, err := c.Rows.Next(ctx)
		if err != nil {
			return nil, err
		}

		c.count++

		message, err := c.convert(record)
		if err == nil {
			return record, nil
		}

		if c.reject == nil {
			return nil, &Error{
				Code: CodeRecordInvalid, Source: c.source, Table: c.table.String(),
				Message: c.Location() + ", " + message,
				Hint:    c.hint,
				Err:     err,
			}
		}

		if err := ctx.Err(); err != nil { // A long series of rejected records must end too.
			return nil, err
		}

		text, err := c.encode(record)
		if err != nil {
			return nil, err
		}

		if err := c.reject(Reject{Location: c.Location(), Message: message, Text: text}); err != nil {
			return nil, err
		}
	}
}

// convert converts the values of the record in place. It stops at the first value that can't be converted, and returns the
// error and a message with the column.
func (c *converted) convert(record Record) (message string, err error) {
	for _, change := range c.changes {
		value := record[change.at]
		if value == nil {
			continue
		}

		if value, err = c.value(change.from, c.schema[change.at].Standard, value); err != nil {
			return fmt.Sprintf("column %q: %v", c.schema[change.at].Name, err), err
		}

		record[change.at] = value
	}

	return "", nil
}

// convertDeclared converts a value to a type that the author of a scenario has declared. It converts text to the nearest
// float, and empty text to NULL.
func convertDeclared(from, to Standard, value any) (any, error) {
	switch v := value.(type) {
	case string:
		return ParseText(to, v)
	case json.RawMessage:
		return FromJSON(to, v)
	}

	return ConvertValue(from, to, value)
}

// encode returns a rejected record as a JSON array. Values that have been converted have their new types.
func (c *converted) encode(record Record) (string, error) {
	text := []byte{'['}

	for i, value := range record {
		if i > 0 {
			text = append(text, ',')
		}

		var err error
		if text, err = AppendJSON(text, c.schema[i].Standard, value); err != nil {
			return "", err
		}
	}

	return string(append(text, ']')), nil
}

// Location returns the location of the last record.
func (c *converted) Location() string { return Location(c.Rows, c.count) }
