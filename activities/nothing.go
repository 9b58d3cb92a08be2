package activities

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// writeNothing writes rows that have no columns: those of a feed without records, which many formats can't name then. What
// is there keeps its columns.
func (s *step) writeNothing(
	ctx context.Context, writer source.Writer, to target, rows source.Rows,
) (*job.StepOutcome, error) {
	switch _, err := rows.Next(ctx); {
	case err == nil:
		return nil, to.problem("the records have no columns", "correct the file, or name the columns in columnTypes")
	case !errors.Is(err, io.EOF):
		return nil, err
	}

	if mode := to.write.Mode; mode != source.Replace && mode != source.Refill {
		return &job.StepOutcome{}, nil
	}

	there, err := schemaOf(ctx, writer, source.Read{Table: to.write.Table, Format: to.write.Format})
	if err != nil {
		return nil, err
	}

	_, hasFiles := writer.(source.FileKeeper) // Some have a form for a table without columns.

	switch there = writeable(there); {
	case len(there) > 0:
		to.write.Mode = source.Refill
	case !hasFiles:
		return nil, to.problem("there are no records, which would tell the columns of the table",
			"name the columns and their types in columnTypes, or make the table")
	}

	to.write.IdempotencyKey = s.effect(ctx, to.part)

	written, err := writer.WriteTable(ctx, to.write, &withColumns{Rows: rows, schema: there})
	if err != nil {
		return nil, err
	}

	return outcomeOf(written), nil
}

// writeable are the columns that can be written to: all of a file's, and those that a database does not compute.
func writeable(schema source.Schema) source.Schema {
	isUpdateable := func(column source.Column) bool { return column.Updateable }
	if !slices.ContainsFunc(schema, isUpdateable) {
		return schema
	}

	return slices.DeleteFunc(slices.Clone(schema), func(column source.Column) bool { return !column.Updateable })
}

// withColumns are rows without columns that are given some, all of them NULL.
type withColumns struct {
	source.Rows

	schema source.Schema
}

// withTypes gives rows without columns those that an author has named.
func withTypes(rows source.Rows, types map[string]source.Standard) source.Rows {
	named := &withColumns{Rows: rows}

	for _, name := range slices.Sorted(maps.Keys(types)) {
		of := types[name]
		named.schema = append(named.schema, source.Column{
			Name:     name,
			Native:   source.NativeType{Name: string(of.Type), TypeStr: of.String(), Precision: -1},
			Standard: of,
		})
	}

	return named
}

func (r *withColumns) Schema() source.Schema { return r.schema }

func (r *withColumns) Next(ctx context.Context) (source.Record, error) {
	if _, err := r.Rows.Next(ctx); err != nil {
		return nil, err
	}

	return make(source.Record, len(r.schema)), nil
}
