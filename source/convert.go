package source

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Convert returns rows with the text columns that types names turned into those types, as they are read. A text that is
// no value of its column's new type is an [*Error] with [CodeRecordInvalid] that names the place; empty text becomes
// NULL in every type but text. Names of columns that rows do not have are an error at once.
//
// The forms understood are those in which results show the types: 42, 1.5e3, true, 2006-01-02, RFC 3339 timestamps and
// base64 for binary.
func Convert(rows Rows, sourceName, table string, types map[string]Type) (Rows, error) {
	schema := slices.Clone(rows.Schema())

	for _, name := range slices.Sorted(maps.Keys(types)) {
		at := slices.IndexFunc(schema, func(c Column) bool { return c.Name == name })
		if at < 0 {
			return nil, &Error{
				Code: CodeRecordInvalid, Source: sourceName, Table: table,
				Message: fmt.Sprintf("columnTypes names the column %q, which the table does not have", name),
				Hint:    "its columns are " + strings.Join(columnNames(schema), ", "),
			}
		}

		if have := schema[at].Type; have != Text && have != types[name] {
			return nil, &Error{
				Code: CodeRecordInvalid, Source: sourceName, Table: table,
				Message: fmt.Sprintf("the column %q is of type %s already", name, have),
				Hint:    "columnTypes is for columns that are text",
			}
		}

		schema[at].Type = types[name]
	}

	return &converted{Rows: rows, schema: schema, source: sourceName, table: table}, nil
}

func columnNames(schema Schema) []string {
	names := make([]string, len(schema))
	for i, column := range schema {
		names[i] = column.Name
	}

	return names
}

// converted reads the text values of the rows it wraps as the types of its own schema.
type converted struct {
	Rows

	schema        Schema
	source, table string
	count         int64
}

func (c *converted) Schema() Schema { return c.schema }

func (c *converted) Next(ctx context.Context) (Record, error) {
	record, err := c.Rows.Next(ctx)
	if err != nil {
		return nil, err
	}

	c.count++

	for i, value := range record {
		text, isText := value.(string)
		if !isText || c.schema[i].Type == Text {
			continue
		}

		if record[i], err = ParseText(c.schema[i].Type, text); err != nil {
			return nil, &Error{
				Code: CodeRecordInvalid, Source: c.source, Table: c.table,
				Message: fmt.Sprintf("%s, column %q: %v", c.location(), c.schema[i].Name, err),
				Hint:    "correct the value, or read the column as text",
				Err:     err,
			}
		}
	}

	return record, nil
}

func (c *converted) location() string {
	if locator, ok := c.Rows.(Locator); ok {
		return locator.Location()
	}

	return fmt.Sprintf("record %d", c.count)
}

// ParseText reads text as a value of type t, in the form in which results show that type. Empty text is NULL in every
// type but [Text].
func ParseText(t Type, text string) (any, error) {
	if t == Text {
		return text, nil
	}

	if text == "" {
		return nil, nil //nolint:nilnil // NULL is a value, and nil is how a record holds it.
	}

	var (
		value any
		err   error
	)

	switch t {
	case Integer:
		value, err = strconv.ParseInt(text, 10, 64)
	case Float:
		value, err = strconv.ParseFloat(text, 64)
	case Boolean:
		value, err = parseBoolean(text)
	case Date:
		value, err = time.Parse(time.DateOnly, text)
	case Timestamp:
		value, err = time.Parse(time.RFC3339Nano, text)
	case Binary:
		value, err = base64.StdEncoding.DecodeString(text)
	case Text: // Returned above.
	}

	if err != nil {
		return nil, fmt.Errorf("%q is not a value of type %s", text, t)
	}

	return value, nil
}

func parseBoolean(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}

	return false, strconv.ErrSyntax
}
