package activities

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/prefetch"
)

// target is a table to write to.
type target struct {
	source string
	write  source.Write
	suffix string // Of the idempotency key, if the step writes several tables.
}

// targetOf returns the table that the parameters of an operation name.
func targetOf(sourceName, table string, writing scenario.Writing) target {
	return target{source: sourceName, write: source.Write{
		Table:  source.Table{Space: writing.TargetSpace, Name: table},
		Mode:   writing.Mode(),
		Key:    writing.Upsert,
		Format: writing.TargetFormat,
	}}
}

// isRepeatable reports whether the table is the same after it was written twice: if it is written as a whole, or recorded.
func (t target) isRepeatable(in source.Source) bool {
	return t.write.Mode == source.Replace || t.write.Mode == source.Refill || recordsWrites(in)
}

// invalid returns an error about the records that the target receives.
func (t target) invalid(message, hint string) error {
	return &source.Error{
		Code: source.CodeRecordInvalid, Source: t.source, Table: t.write.Table.String(), Message: message, Hint: hint,
	}
}

// write writes rows to a table.
func (s *step) write(ctx context.Context, to target, rows source.Rows) (*job.StepOutcome, error) {
	writer, err := open[source.Writer](ctx, s, to.source, source.CanWrite)
	if err != nil {
		return nil, err
	}

	if err := s.checkRepeatable(to.isRepeatable(writer)); err != nil {
		return nil, err
	}

	if len(rows.Schema()) == 0 {
		return s.writeWithoutColumns(ctx, writer, to, rows)
	}

	if to.write.Mode != source.Replace {
		if rows, err = fitJSON(ctx, writer, to, rows); err != nil {
			return nil, err
		}
	}

	to.write.IdempotencyKey, to.write.Files = s.idempotencyKey(ctx, to.suffix), s.files

	ahead := prefetch.New(ctx, rows)
	written, err := writer.WriteTable(ctx, to.write, ahead)

	if err := errors.Join(err, ahead.Close()); err != nil {
		return nil, err
	}

	// A writer reads all rows, unless its ledger records that an earlier attempt has written them.
	s.written = s.written || !ahead.Drained()

	return s.outcomeOf(written, recordsWrites(writer)), nil
}

// fitJSON converts the values of JSON columns to the types of the target's columns of the same names, if the target exists.
// Drivers convert all other types themselves, as exactly as their columns can. The columns of files can also have been text
// when they were written; files store JSON as text without help.
func fitJSON(ctx context.Context, writer source.Writer, to target, rows source.Rows) (source.Rows, error) {
	_, hasFiles := writer.(source.FileKeeper)

	mayConvert := func(column source.Column) bool {
		return column.Type == source.JSON || hasFiles && column.Type == source.Text
	}
	fits := func(column, existing source.Column) bool {
		return column.Type == existing.Type || hasFiles && column.Type == source.JSON && existing.Type == source.Text
	}

	if !slices.ContainsFunc(rows.Schema(), mayConvert) {
		return rows, nil
	}

	existing, err := to.describe(ctx, writer)
	if err != nil || existing == nil {
		return rows, err
	}

	types := map[string]source.Standard{}
	indexes := existing.Indexes()

	for _, column := range rows.Schema() {
		at, exists := indexes[column.Name]
		if exists && mayConvert(column) && !fits(column, existing[at]) {
			types[column.Name] = existing[at].Standard
		}
	}

	return source.Fit(rows, to.source, to.write.Table, to.write.Format, types)
}

// describe returns the columns of the target, or nil if the table does not exist or its source can't describe tables.
func (t target) describe(ctx context.Context, in source.Source) (source.Schema, error) {
	describer, ok := in.(source.Describer)
	if !ok {
		return nil, nil
	}

	schema, err := describer.Describe(ctx, t.write.Table, t.write.Format)
	if problem, ok := errors.AsType[*source.Error](err); ok && problem.Code == source.CodeTableNotFound {
		return nil, nil
	}

	return schema, err
}

// writeWithoutColumns writes rows that have no columns: many formats can't name the columns of a file without records. An
// existing table retains its columns.
func (s *step) writeWithoutColumns(
	ctx context.Context, writer source.Writer, to target, rows source.Rows,
) (*job.StepOutcome, error) {
	switch _, err := rows.Next(ctx); {
	case err == nil:
		return nil, to.invalid("the records have no columns", "correct the file, or name the columns in columnTypes")
	case err != io.EOF:
		return nil, err
	}

	if mode := to.write.Mode; mode != source.Replace && mode != source.Refill {
		return &job.StepOutcome{}, nil
	}

	existing, err := to.describe(ctx, writer)
	if err != nil {
		return nil, err
	}

	_, hasFiles := writer.(source.FileKeeper) // Some formats can express a table without columns.

	switch existing = updateable(existing); {
	case len(existing) > 0:
		to.write.Mode = source.Refill
	case !hasFiles:
		return nil, to.invalid("the input has no records, so the columns of the new table are unknown",
			"name the columns and their types in columnTypes, or create the table first")
	}

	to.write.IdempotencyKey, to.write.Files = s.idempotencyKey(ctx, to.suffix), s.files

	written, err := writer.WriteTable(ctx, to.write, &emptyRows{Rows: rows, schema: existing})
	if err != nil {
		return nil, err
	}

	return s.outcomeOf(written, recordsWrites(writer)), nil
}

// updateable returns the columns that accept values: all columns of a file, and those that a database does not compute.
func updateable(schema source.Schema) source.Schema {
	isUpdateable := func(column source.Column) bool { return column.Updateable }
	if !slices.ContainsFunc(schema, isUpdateable) {
		return schema
	}

	return slices.DeleteFunc(slices.Clone(schema), func(column source.Column) bool { return !column.Updateable })
}

// emptyRows gives rows without columns a schema. Every value is NULL.
type emptyRows struct {
	source.Rows

	schema source.Schema
}

// withColumns gives rows without columns the columns that an author has named, in the order of their names.
func withColumns(rows source.Rows, types map[string]source.Standard) source.Rows {
	named := &emptyRows{Rows: rows}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		named.schema = append(named.schema, newColumn(name, types[name]))
	}

	return named
}

// newColumn returns a column that no source has declared.
func newColumn(name string, of source.Standard) source.Column {
	return source.Column{
		Name:     name,
		Native:   source.NativeType{Name: string(of.Type), TypeStr: of.String(), Precision: -1},
		Standard: of,
	}
}

func (r *emptyRows) Schema() source.Schema { return r.schema }

func (r *emptyRows) Next(ctx context.Context) (source.Record, error) {
	if _, err := r.Rows.Next(ctx); err != nil {
		return nil, err
	}

	return make(source.Record, len(r.schema)), nil
}
