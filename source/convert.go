package source

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Convert returns rows in which the columns named in the types of read have those types. Values are converted while they are
// read: text as [ParseText] does, in the notation of the format of read, JSON by [FromJSON], and other values by [ConvertValue].
// A value that has no equivalent in the new type is an [*Error] with [CodeRecordInvalid] and the location of the record; if read
// has a Reject, Next passes the record to it instead and continues. If rows lack a column that the types name, Convert returns
// an error.
func Convert(rows Rows, sourceName string, read Read) (Rows, error) {
	converted := &converted{
		Rows: rows, source: sourceName, read: read, value: convertDeclared, fast: declaredFast,
		hint: "correct the value, or set another type for the column in columnTypes",
	}

	return converted.withTypes(read.Types)
}

// Fit returns rows in which the columns named in types have those types, the types of a target's columns. It converts values
// by [ConvertValue] while they are read, to text in the notation of the target's format. A value that can't be converted
// without loss is an [*Error], as in [Convert].
func Fit(rows Rows, sourceName string, table Table, format Format, types map[string]Standard) (Rows, error) {
	converted := &converted{
		Rows: rows, source: sourceName, read: Read{Table: table, Format: format},
		value: func(c *change, value any) (any, error) {
			if c.to.Type == Text && c.parser != nil {
				text, err := c.parser.Append(nil, c.from, value)

				return string(text), err
			}

			return ConvertValue(c.from, c.to, value)
		},
		hint: "correct the value, set the column's type in columnTypes, or change the type of the target's column",
	}

	return converted.withTypes(types)
}

// change is a column whose type changes.
type change struct {
	at       int
	from, to Standard
	parser   *Parser // Parses the column's texts.
}

// converted converts the values of the wrapped rows to the types of its schema.
type converted struct {
	Rows

	schema  Schema
	changes []change
	source  string
	read    Read
	value   func(c *change, value any) (any, error)
	fast    func(c *change, text string, to *Vector) bool // Does the same for many texts that are not empty; may be nil.
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
			return nil, noColumn(c.source, c.read.Table, "columnTypes", name, schema)
		}

		if schema[at].Standard == types[name] {
			continue
		}

		c.changes = append(c.changes, change{at, schema[at].Standard, types[name], c.read.Format.Parser(name)})
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

		if err := c.refuse(ctx, record, c.Location(), message, err); err != nil {
			return nil, err
		}
	}
}

// refuse passes a record that can't be converted to Reject, or returns its error.
func (c *converted) refuse(ctx context.Context, record Record, location, message string, err error) error {
	if c.read.Reject == nil {
		return &Error{
			Code: CodeRecordInvalid, Source: c.source, Table: c.read.Table.String(),
			Message: location + ", " + message,
			Hint:    c.hint,
			Err:     err,
		}
	}

	if err := ctx.Err(); err != nil { // A long series of rejected records must end too.
		return err
	}

	text, err := c.encode(record)
	if err != nil {
		return err
	}

	return c.read.Reject(Reject{Location: location, Message: message, Text: text})
}

// convert converts the values of the record in place. It stops at the first value that can't be converted, and returns the
// error and a message with the column.
func (c *converted) convert(record Record) (message string, err error) {
	for i := range c.changes {
		change := &c.changes[i]

		value := record[change.at]
		if value == nil {
			continue
		}

		if value, err = c.value(change, value); err != nil {
			return fmt.Sprintf("column %q: %v", c.schema[change.at].Name, err), err
		}

		record[change.at] = value
	}

	return "", nil
}

// convertDeclared converts a value to a type that the author of a scenario has declared. It converts text to the nearest
// float, and empty text to NULL.
func convertDeclared(c *change, value any) (any, error) {
	switch v := value.(type) {
	case string:
		return c.parser.Parse(c.to, v)
	case json.RawMessage:
		return fromJSON(c.to, v, c.parser)
	}

	return ConvertValue(c.from, c.to, value)
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
