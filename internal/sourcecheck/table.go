package sourcecheck

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/kind"
)

// describe returns the columns of a table, or nil if it does not exist. field is the parameter with the name.
func (c *checker) describe(ctx context.Context, at place, space, field string) (source.Schema, source.Table, bool) {
	var table source.Table

	describer, isDescriber := at.source.(source.Describer)
	name, isLiteral := literal(at.Params, field)
	inSpace, isLiteralSpace := literal(at.Params, space)

	if !isDescriber || !isLiteral || !isLiteralSpace {
		c.uncheckedf(at, field, "the name of the table is known when the step runs")

		return nil, table, false
	}

	table = source.Table{Space: inSpace, Name: name}

	format, isLiteral := c.format(at)
	if !isLiteral {
		c.uncheckedf(at, field, "the format of the file is known when the step runs")

		return nil, table, false
	}

	schema, err := within(ctx, c.app.Timeout, func(ctx context.Context) (source.Schema, error) {
		return describer.Describe(ctx, table, format)
	})
	if refused, isSource := errors.AsType[*source.Error](err); isSource && refused.Code == source.CodeTableNotFound {
		return nil, table, true
	}

	if err != nil {
		c.uncheckedf(at, field, "%v", err)
	}

	return schema, table, err == nil
}

// format returns the format of the file that a load reads, or false if it is computed.
func (c *checker) format(at place) (source.Format, bool) {
	value, isGiven := at.Params["format"]
	if !isGiven || at.Ability != source.CanRead {
		return source.Format{}, true
	}

	operation, _ := scenario.OperationNamed(at.OpName)

	decoded, err := operation.Decode(jsonvalue.Object{"format": value})
	load, _ := decoded.(scenario.LoadTableFromSource)

	return load.Format, err == nil && expression.IsLiteral(value)
}

// input checks the table that a load reads, and the columns that the load names.
func (c *checker) input(ctx context.Context, at place) {
	schema, table, isKnown := c.describe(ctx, at, "space", "table")

	switch {
	case !isKnown:
	case schema == nil && !kind.Can(c.app.Kinds[at.Source], source.CanQuery): // Files come and go.
		c.uncheckedf(at, "table", "there is no file %s now", table)
	case schema == nil && c.creates.has(at.Source, table.Name):
		c.uncheckedf(at, "table", "a step creates the table %s", table)
	case schema == nil:
		c.addf(at, "table", problem.CodeTableMissing, "%s has no table %s", at.Source, table)
	default:
		c.shaped(at, schema, table)
	}
}

// shaped returns the names of the columns that a load writes, or nil if they are not known. It reports columns that the load
// names and that the input lacks.
func (c *checker) shaped(at place, schema source.Schema, table source.Table) []string {
	operation, _ := scenario.OperationNamed(at.OpName)

	params := jsonvalue.Object{}
	for _, name := range []string{"columns", "rename", "columnNames", "recordOrderColumn", "columnTypes"} {
		if value, isGiven := at.Params[name]; isGiven {
			params[name] = value

			if !expression.IsLiteral(value) {
				return nil
			}
		}
	}

	decoded, err := operation.Decode(params)
	load, isLoad := decoded.(scenario.LoadTableFromSource)

	if err != nil || !isLoad {
		return nil
	}

	rows, err := load.Shape().Apply(emptyRows{schema}, at.Source, table)
	if err == nil {
		_, err = source.Convert(emptyRows{schema}, at.Source, source.Read{Table: table, Types: load.ColumnTypes})
	}

	if refused, isSource := errors.AsType[*source.Error](err); isSource {
		field, _, _ := strings.Cut(refused.Message, " ")
		if _, isGiven := at.Params[field]; !isGiven {
			field = at.Field
		}

		c.addf(at, field, problem.CodeColumnMissing, "%s; %s", refused.Message, refused.Hint)

		return nil
	}

	return rows.Schema().Names()
}

// target checks that a table that a step changes exists, and has the columns that the step writes.
func (c *checker) target(ctx context.Context, at place) {
	space, field := "targetSpace", "targetTable"
	if _, isGiven := at.Params["targetTable"]; !isGiven {
		space, field = "space", "table"
	}

	if at.Mode == source.Replace {
		return
	}

	schema, table, isKnown := c.describe(ctx, at, space, field)

	switch {
	case !isKnown, schema == nil && at.Mode.Creates():
	case schema == nil && c.creates.has(at.Source, table.Name):
		c.uncheckedf(at, field, "a step creates the table %s", table)
	case schema == nil:
		c.addf(at, field, problem.CodeTableMissing, "%s has no table %s", at.Source, table)
	default:
		c.compare(at, field, table, schema, c.written(ctx, at))
	}
}

// compare reports a written column that the table does not have.
func (c *checker) compare(at place, field string, table source.Table, schema source.Schema, written []string) {
	columns := make(source.Schema, len(written))
	for i, name := range written {
		columns[i].Name = name
	}

	write := source.Write{Table: table, Mode: at.Mode}
	rules := source.Names{FoldCase: c.app.Kinds[at.Source] != kind.PgSQLSource}

	err := write.ValidateTarget(columns, &source.Target{Columns: schema.Names()}, rules)
	if refused, isSource := errors.AsType[*source.Error](err); isSource {
		c.addf(at, field, problem.CodeColumnMissing, "%s, table %s: %s; %s", at.Source, table, refused.Message, refused.Hint)
	}
}

// written returns the names of the columns that a step writes, as far as they are known.
func (c *checker) written(ctx context.Context, at place) []string {
	if records, isList := at.Params["records"].([]any); isList {
		names := map[string]bool{}

		for _, record := range records {
			object, _ := record.(map[string]any)
			for name := range object {
				names[name] = true
			}
		}

		return slices.Sorted(maps.Keys(names))
	}

	if query, isText := at.Params["query"].(string); isText {
		return c.queried(ctx, at, query)
	}

	return c.loaded(ctx, at)
}

// queried returns the columns of the query whose records a step writes.
func (c *checker) queried(ctx context.Context, at place, query string) []string {
	if at.Params["columnNames"] != nil {
		return nil
	}

	for _, field := range []string{"fromSource", "source"} {
		if name, isGiven := at.Params[field].(string); isGiven {
			if at.source = c.opened[name]; at.source == nil {
				return nil
			}

			at.Source = name

			break
		}
	}

	// The query itself is checked as a use of its own.
	quiet := &checker{app: c.app, opened: c.opened, creates: c.creates}

	return quiet.columns(ctx, at, query)
}

// loaded returns the columns that a load writes.
func (c *checker) loaded(ctx context.Context, at place) []string {
	name, _ := at.Params["source"].(string)
	if at.OpName != scenario.OpLoadTableFromSource || c.opened[name] == nil {
		return nil
	}

	at.Source, at.source, at.Ability = name, c.opened[name], source.CanRead
	quiet := &checker{app: c.app, opened: c.opened, creates: c.creates}

	schema, table, isKnown := quiet.describe(ctx, at, "space", "table")
	if !isKnown || schema == nil {
		return nil
	}

	return quiet.shaped(at, schema, table)
}

// emptyRows are rows without records.
type emptyRows struct{ schema source.Schema }

func (r emptyRows) Schema() source.Schema { return r.schema }

func (r emptyRows) Next(context.Context) (source.Record, error) { return nil, io.EOF }

func (r emptyRows) Close() error { return nil }

func lineText(line int) string { return strconv.Itoa(line) }
