package activities

import (
	"context"
	"errors"
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
	part   string // Of the step's effect, where it writes several tables.
}

// targetOf is the table that the parameters of an operation name.
func targetOf(sourceName, table string, writing scenario.Writing) target {
	return target{source: sourceName, write: source.Write{
		Table:  source.Table{Space: writing.TargetSpace, Name: table},
		Mode:   writing.Mode(),
		Key:    writing.Upsert,
		Format: writing.TargetFormat,
	}}
}

// problem is an error about what was to be written.
func (t target) problem(message, hint string) error {
	return &source.Error{
		Code: source.CodeRecordInvalid, Source: t.source, Table: t.write.Table.String(), Message: message, Hint: hint,
	}
}

// write writes rows to a table.
func (s *step) write(ctx context.Context, to target, rows source.Rows) (*job.StepOutcome, error) {
	writer, release, err := open[source.Writer](ctx, s, to.source, "be written to")
	if err != nil {
		return nil, err
	}

	defer release()

	if len(rows.Schema()) == 0 {
		return s.writeNothing(ctx, writer, to, rows)
	}

	if to.write.Mode != source.Replace {
		if rows, err = fitted(ctx, writer, to, rows); err != nil {
			return nil, err
		}
	}

	to.write.IdempotencyKey = s.effect(ctx, to.part)

	ahead := prefetch.New(ctx, rows)
	written, err := writer.WriteTable(ctx, to.write, ahead)

	if err := errors.Join(err, ahead.Close()); err != nil {
		return nil, err
	}

	s.before = s.before || !ahead.Drained() // A writer reads to the end, unless its ledger has it that all is written.

	return outcomeOf(written), nil
}

// fitted returns rows whose values of JSON have the types that the columns of the same names have in the target, where there
// is one. All else the drivers convert themselves, each as exactly as its columns are; but files take text, too, as
// the types that it is read with, and know themselves what JSON is as their text.
func fitted(ctx context.Context, writer source.Writer, to target, rows source.Rows) (source.Rows, error) {
	_, hasFiles := writer.(source.FileKeeper)

	isRead := func(column source.Column) bool {
		return column.Type == source.JSON || hasFiles && column.Type == source.Text
	}
	leaves := func(column, there source.Column) bool {
		return column.Type == there.Type || hasFiles && column.Type == source.JSON && there.Type == source.Text
	}

	if !slices.ContainsFunc(rows.Schema(), isRead) {
		return rows, nil
	}

	there, err := schemaOf(ctx, writer, source.Read{Table: to.write.Table, Format: to.write.Format})
	if err != nil || there == nil {
		return rows, err
	}

	types := map[string]source.Standard{}

	for _, column := range rows.Schema() {
		at := slices.IndexFunc(there, func(c source.Column) bool { return c.Name == column.Name })
		if at >= 0 && isRead(column) && !leaves(column, there[at]) {
			types[column.Name] = there[at].Standard
		}
	}

	return source.Fit(rows, to.source, to.write.Table, types)
}

// schemaOf returns the schema of a table, or nil where there is none, or nobody can read it.
func schemaOf(ctx context.Context, of source.Source, read source.Read) (source.Schema, error) {
	reader, isReader := of.(source.Reader)
	if !isReader {
		return nil, nil
	}

	rows, err := reader.ReadTable(ctx, read)

	var problem *source.Error
	if errors.As(err, &problem) && problem.Code == source.CodeTableNotFound {
		return nil, nil
	}

	if err != nil {
		return nil, err
	}

	return rows.Schema(), rows.Close()
}
