package activities

import (
	"context"
	"errors"
	"slices"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// LoadTableFromSource copies a table from one source to another: the target changes at once or not at all.
func (a *Activities) LoadTableFromSource(
	ctx context.Context, task job.Task, params scenario.LoadTableFromSource,
) (*job.StepOutcome, error) {
	return attempt(ctx, a, task, func(ctx context.Context, s *step) (outcome *job.StepOutcome, err error) {
		if params.RejectTable != "" { // The table of what was rejected may be missing although the target is written.
			outcome, err = s.load(ctx, params)
		} else {
			outcome, err = s.once(ctx, params.TargetSource, func() (*job.StepOutcome, error) { return s.load(ctx, params) })
		}

		return outcome, err
	})
}

func (s *step) load(ctx context.Context, params scenario.LoadTableFromSource) (*job.StepOutcome, error) {
	from, release, err := open[source.Reader](ctx, s, params.Source, "be read table by table")
	if err != nil {
		return nil, err
	}

	defer release()

	load := load{step: s, params: params, from: from, read: source.Read{
		Table: source.Table{Space: params.Space, Name: params.Table}, Format: params.Format, Types: params.ColumnTypes,
	}}

	if params.DropSource {
		load.read.Done = func(part source.Part) { s.read = append(s.read, part) }
	}

	if err := load.distinct(ctx); err != nil {
		return nil, err
	}

	if outcome, err := load.copy(ctx); err != nil || outcome != nil {
		return outcome, err
	}

	return load.records(ctx)
}

// load is one attempt of a LoadTableFromSource.
type load struct {
	*step

	params scenario.LoadTableFromSource
	from   source.Reader
	read   source.Read
}

func (l *load) target() target {
	return targetOf(l.params.TargetSource, l.params.TargetTable, l.params.Writing)
}

// isPlain reports whether the target gets what the table holds, as it is.
func (l *load) isPlain() bool {
	shaping := l.params.Shaping

	return len(l.params.ColumnTypes) == 0 && !l.params.InferTypes && l.params.RejectTable == "" &&
		len(shaping.Columns) == 0 && len(shaping.Rename) == 0 && shaping.ColumnNames == source.Keep &&
		shaping.RecordOrderColumn == ""
}

// copy lets the target take the table as it is, where it can. It returns nothing where it can't.
func (l *load) copy(ctx context.Context) (*job.StepOutcome, error) {
	if !l.isPlain() {
		return nil, nil //nolint:nilnil // As it says.
	}

	writer, release, err := open[source.Writer](ctx, l.step, l.params.TargetSource, "be written to")
	if err != nil {
		return nil, err
	}

	defer release()

	copier, isCopier := writer.(source.Copier)
	if !isCopier {
		return nil, nil //nolint:nilnil // As it says.
	}

	write := l.target().write
	write.IdempotencyKey = l.effect(ctx, "")

	written, copied, err := copier.CopyTable(ctx, l.from, l.read, write, l.progress.copied)
	if err != nil || !copied {
		return nil, err
	}

	outcome := outcomeOf(written)
	outcome.Read = append(outcome.Read, l.step.read...)

	return outcome, nil
}

// records reads the table record by record, and writes them to the target.
func (l *load) records(ctx context.Context) (outcome *job.StepOutcome, err error) {
	rejects, err := l.rejects()
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, rejects.close()) }()

	l.read.Reject = rejects.add()

	table, err := l.from.ReadTable(ctx, l.read)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, table.Close()) }()

	if err := l.countFiles(table); err != nil {
		return nil, err
	}

	rows, inferred, err := l.shaped(ctx, table)
	if err != nil {
		return nil, err
	}

	counted := l.progress.count(rows)
	if outcome, err = l.write(ctx, l.target(), counted); err != nil {
		return nil, err
	}

	if err := rejects.complete(ctx, counted); err != nil {
		return nil, err
	}

	outcome.Conversions = slices.Concat(inferred, outcome.Conversions)

	if !l.before { // Otherwise the ledger has returned them.
		outcome.Read = l.step.read
	}

	return outcome, l.writeRejects(ctx, rejects)
}

// shaped returns the records in the types and the shape that the author wants, and tells which types were inferred. A feed
// without records may have no columns but those that the author names.
func (l *load) shaped(ctx context.Context, rows source.Rows) (source.Rows, []source.Conversion, error) {
	if len(rows.Schema()) == 0 {
		if len(l.params.ColumnTypes) == 0 {
			return rows, nil, nil
		}

		rows = withTypes(rows, l.params.ColumnTypes)
	}

	rows, inferred, err := l.typed(ctx, rows)
	if err != nil {
		return nil, nil, err
	}

	rows, err = l.params.Shape().Apply(rows, l.params.Source, l.read.Table)

	return rows, inferred, err
}

// typed returns the records with the types that the author named, and those that were inferred, which it tells.
func (l *load) typed(ctx context.Context, rows source.Rows) (source.Rows, []source.Conversion, error) {
	var (
		inferred map[string]source.Standard
		told     []source.Conversion
		err      error
	)

	if l.params.InferTypes {
		if inferred, rows, err = source.Infer(ctx, rows, l.params.ColumnTypes); err != nil {
			return nil, nil, err
		}
	}

	for _, column := range rows.Schema() {
		if of, found := inferred[column.Name]; found {
			told = append(told, source.Conversion{Column: column.Name, From: string(source.Text), To: of.String()})
		}
	}

	if rows, err = source.Inferred(rows, l.params.Source, l.read.Table, inferred, l.read.Reject); err != nil {
		return nil, nil, err
	}

	rows, err = source.Convert(rows, l.params.Source, l.read.Table, l.params.ColumnTypes, l.read.Reject)

	return rows, told, err
}
