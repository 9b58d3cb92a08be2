package source

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Convert returns rows with the columns that types names turned into those types, as they are read: as their author wants
// them. Text is read in the forms of [ParseText], JSON by [FromJSON], and all else by [ConvertValue]. A value that is none of
// its column's new type is an [*Error] with [CodeRecordInvalid] that names the place; with reject, the record goes there, and
// reading goes on. Names of columns that rows do not have are an error at once.
func Convert(
	rows Rows, sourceName string, table Table, types map[string]Standard, reject func(Reject) error,
) (Rows, error) {
	converted := &converted{
		Rows: rows, source: sourceName, table: table, reject: reject, value: authored,
		hint: "correct the value, or give the column another type in columnTypes",
	}

	return converted.to(types)
}

// Fit returns rows with the columns that types names turned into those types, as they are read, by [ConvertValue]: as the
// columns of a target need them. Nothing is lost; what would be is an [*Error], as in [Convert].
func Fit(rows Rows, sourceName string, table Table, types map[string]Standard) (Rows, error) {
	converted := &converted{
		Rows: rows, source: sourceName, table: table, value: ConvertValue,
		hint: "correct the value, name the column's type in columnTypes, or change that of the target",
	}

	return converted.to(types)
}

// change is a column that is given another type.
type change struct {
	at   int
	from Standard
}

// converted reads the values of the rows it wraps as the types of its own schema.
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

// to gives columns their new types.
func (c *converted) to(types map[string]Standard) (Rows, error) {
	schema := slices.Clone(c.Rows.Schema())

	for _, name := range slices.Sorted(maps.Keys(types)) {
		at := slices.IndexFunc(schema, func(c Column) bool { return c.Name == name })
		if at < 0 {
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

// noColumn is the error for a name that is none of a column.
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

		text, err := c.written(record)
		if err != nil {
			return nil, err
		}

		if err := c.reject(Reject{Location: c.Location(), Message: message, Text: text}); err != nil {
			return nil, err
		}
	}
}

// convert turns the values of the record into their new types. It stops at the first that is none of its, and says so.
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

// authored reads a value as the type that an author names. Text becomes the nearest float, and empty text NULL.
func authored(from, to Standard, value any) (any, error) {
	switch v := value.(type) {
	case string:
		return ParseText(to, v)
	case json.RawMessage:
		return FromJSON(to, v)
	}

	return ConvertValue(from, to, value)
}

// written is a rejected record as a list in JSON. Those of its values that were converted are written in their new types.
func (c *converted) written(record Record) (string, error) {
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
