package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// maxParts bounds the files that a load with dropSource reads: the job stores their names until it drops them.
const maxParts = 1_000

// LoadTableFromSource copies a table from one source to another. The target changes as a whole or not at all.
func (a *Activities) LoadTableFromSource(
	ctx context.Context, task job.Task, params scenario.LoadTableFromSource,
) (*job.StepOutcome, error) {
	return runAttempt(ctx, a, task, func(ctx context.Context, s *step) (*job.StepOutcome, error) { return s.load(ctx, params) })
}

func (s *step) load(ctx context.Context, params scenario.LoadTableFromSource) (*job.StepOutcome, error) {
	load := load{step: s, params: params}

	written, isRecorded, err := s.recorded(ctx, params.TargetSource, "")
	if err == nil && isRecorded && params.RejectTable != "" {
		// The table of rejected records is written after the target, so a recorded target does not prove that it exists.
		load.isWritten = true
		_, isRecorded, err = s.recorded(ctx, params.TargetSource, rejectsSuffix)
	}

	switch {
	case err != nil:
		return nil, err
	case isRecorded:
		return s.outcomeOf(written, true), nil
	}

	return load.run(ctx)
}

// load is one attempt of a LoadTableFromSource.
type load struct {
	step      *step
	params    scenario.LoadTableFromSource
	isWritten bool // Whether the ledger records that an earlier attempt has written the target.
	converts  bool // Whether the types of columns are converted after they are read.

	from source.Reader
	read source.Read
	to   source.Writer
}

func (l *load) run(ctx context.Context) (outcome *job.StepOutcome, err error) {
	if l.from, err = open[source.Reader](ctx, l.step, l.params.Source, source.CanRead); err != nil {
		return nil, err
	}

	if l.to, err = open[source.Writer](ctx, l.step, l.params.TargetSource, source.CanWrite); err != nil {
		return nil, err
	}

	if err := l.step.checkRepeatable(l.target().isRepeatable(l.to)); err != nil {
		return nil, err
	}

	if err := l.checkShort(ctx); err != nil {
		return nil, err
	}

	l.read = source.Read{
		Table: source.Table{Space: l.params.Space, Name: l.params.Table}, Format: l.params.Format, Types: l.params.ColumnTypes,
	}
	if l.params.DropSource {
		l.read.Done = func(part source.Part) { l.step.read = append(l.step.read, part) }
	}

	if err := l.checkTables(ctx); err != nil {
		return nil, err
	}

	l.estimate()

	if outcome, err := l.copyTable(ctx); err != nil || outcome != nil {
		return outcome, err
	}

	return l.copyRecords(ctx)
}

// checkShort returns errHandedOver if the attempt is in a local activity and the table is not a small file: the beginning of a
// large load would be lost, a tenth of a second for a million records.
func (l *load) checkShort(ctx context.Context) error {
	if local := l.step.task.Local; local == nil || local.MayRepeat {
		return nil
	}

	files, hasFiles := l.from.(source.FileKeeper)
	if !hasFiles || l.params.Space != "" {
		return errHandedOver
	}

	file, err := files.OpenFile(ctx, l.params.Table)
	if err != nil { // It is a pattern, or the load reports why there is no such file.
		return errHandedOver
	}

	sizer, isSized := file.(format.Sizer)
	isShort := isSized && sizer.Size() <= localBytes

	if err := file.Close(); err != nil || !isShort {
		return errors.Join(err, errHandedOver)
	}

	return nil
}

// estimate asks the catalog of a database for the number of records.
func (l *load) estimate() {
	if _, isEstimator := l.from.(source.Estimator); !isEstimator {
		return
	}

	table := l.read.Table

	l.step.progress.estimateBy(func(ctx context.Context) (int64, error) {
		from, release, err := l.step.lease(ctx, l.params.Source) // The attempt may end before the estimate.
		if err != nil {
			return 0, err
		}
		defer release()

		estimator, isEstimator := from.(source.Estimator)
		if !isEstimator {
			return 0, nil
		}

		return estimator.EstimateRows(ctx, table)
	})
}

func (l *load) target() target {
	return targetOf(l.params.TargetSource, l.params.TargetTable, l.params.Writing)
}

// checkTables verifies that input, target and rejectTable are different tables. Validation can't verify it if names are
// computed, or if several names of a source mean the same table.
func (l *load) checkTables(ctx context.Context) error {
	target := l.target().write.Table
	rejects := source.Table{Space: target.Space, Name: l.params.RejectTable}
	hasRejects := l.params.RejectTable != ""
	isOneSource := l.params.Source == l.params.TargetSource

	for _, check := range []struct {
		applies        bool
		table, written source.Table
		message        string
	}{
		{hasRejects, target, rejects, "the rejectTable would replace the target"},
		{isOneSource, l.read.Table, target, "a table can't be loaded over itself"},
		{isOneSource && hasRejects, l.read.Table, rejects, "the rejectTable would replace the table that is read"},
	} {
		if !check.applies {
			continue
		}

		overlaps, err := overlap(ctx, l.to, check.table, check.written)
		if err != nil {
			return err
		}

		if overlaps {
			return &source.Error{
				Code: source.CodeOperationUnsupported, Source: l.params.TargetSource, Table: check.written.String(),
				Message: check.message, Hint: "choose another name",
			}
		}
	}

	return nil
}

// overlap reports whether writing one table of a source changes the other.
func overlap(ctx context.Context, in source.Source, a, b source.Table) (bool, error) {
	if overlapper, ok := in.(source.Overlapper); ok {
		return overlapper.Overlaps(ctx, a, b)
	}

	return a == b, nil
}

// isPlain reports whether the load stores the table unchanged.
func (l *load) isPlain() bool {
	shaping := l.params.Shaping

	return len(l.params.ColumnTypes) == 0 && !l.params.InferTypes && l.params.RejectTable == "" &&
		len(shaping.Columns) == 0 && len(shaping.Rename) == 0 && shaping.ColumnNames == source.Unchanged &&
		shaping.RecordOrderColumn == ""
}

// copyTable copies the table as a whole, without decoding its records. If the load changes the table, or the target does
// not support it, copyTable returns nil.
func (l *load) copyTable(ctx context.Context) (*job.StepOutcome, error) {
	copier, isCopier := l.to.(source.Copier)
	if !isCopier || !l.isPlain() {
		return nil, nil //nolint:nilnil // As documented.
	}

	write := l.target().write
	write.IdempotencyKey, write.Files = l.step.idempotencyKey(ctx, ""), l.step.files

	written, copied, err := copier.CopyTable(ctx, l.from, l.read, write, l.step.progress.set)
	if err != nil || !copied {
		return nil, err
	}

	outcome := l.step.outcomeOf(written, recordsWrites(l.to))
	outcome.Read = append(outcome.Read, l.step.read...)

	return outcome, nil
}

// copyRecords reads the table record by record, and writes the records to the target.
func (l *load) copyRecords(ctx context.Context) (outcome *job.StepOutcome, err error) {
	rejects, err := l.createRejects()
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, rejects.close()) }()

	l.read.Reject = rejects.add()

	outcome, err = l.copyAccepted(ctx, rejects)

	switch {
	case rejects.exceeded != nil: // Authors look at the rejected records of a failed load, too.
		outcome, err = nil, rejects.exceeded
	case err != nil:
		return nil, err
	}

	if failed := l.writeRejects(ctx, rejects); failed != nil {
		if err != nil {
			failed = fmt.Errorf("%w; before that, the load failed: %s", failed, err.Error())
		}

		return nil, failed
	}

	rejects.report(ctx)

	return outcome, err
}

// copyAccepted writes the records that are not rejected to the target, and reads the input to its end.
func (l *load) copyAccepted(ctx context.Context, rejects *rejects) (outcome *job.StepOutcome, err error) {
	table, err := l.from.ReadTable(ctx, l.read)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, table.Close()) }()

	if measured, isMeasured := table.(source.Measured); isMeasured {
		l.step.progress.measure(measured.Extent)
	}

	if err := l.checkParts(table); err != nil {
		return nil, err
	}

	rows, inferred, err := l.shape(ctx, table)
	if err != nil {
		return nil, err
	}

	to := l.target()
	to.write.Rejected = rejects.number

	counted := l.step.progress.count(rejects.check(rows))
	if outcome, err = l.step.write(ctx, to, counted); err != nil {
		return nil, err
	}

	if err := rejects.readRest(ctx, counted); err != nil {
		return nil, err
	}

	outcome.Conversions = slices.Concat(inferred, outcome.Conversions)

	if !l.step.written { // Otherwise the ledger has returned them.
		outcome.Read, outcome.Rejected = l.step.read, rejects.number()
	}

	return outcome, nil
}

// checkParts verifies that a table whose files are dropped after the load has no more files than a job can store.
func (l *load) checkParts(table source.Rows) error {
	parts, hasParts := table.(source.Parts)
	if !hasParts || !l.params.DropSource || parts.Len() <= maxParts {
		return nil
	}

	return &source.Error{
		Code: source.CodeOperationUnsupported, Source: l.params.Source, Table: l.params.Table,
		Message: fmt.Sprintf("dropSource drops at most %d files at a time, and the pattern matches %d", maxParts, parts.Len()),
		Hint:    "load fewer files by a narrower pattern, or omit dropSource",
	}
}

// shape converts the records to the types and the shape that the author requests, and returns the inferred types. An input
// without records may have no columns except those that the author names.
func (l *load) shape(ctx context.Context, rows source.Rows) (source.Rows, []source.Conversion, error) {
	if len(rows.Schema()) == 0 {
		if len(l.params.ColumnTypes) == 0 {
			return rows, nil, nil
		}

		rows = withColumns(rows, l.params.ColumnTypes)
	}

	rows, inferred, err := l.convert(ctx, rows)
	if err != nil {
		return nil, nil, err
	}

	rows, err = l.params.Shape().Apply(rows, l.params.Source, l.read.Table)

	return rows, inferred, err
}

// convert converts the records to the types that the author names and to inferred types, which it returns.
func (l *load) convert(ctx context.Context, rows source.Rows) (source.Rows, []source.Conversion, error) {
	inference := source.Inference{Texts: l.params.InferTypes, Format: l.params.Format, Given: l.params.ColumnTypes}

	if limiter, isLimited := l.to.(source.DecimalLimiter); isLimited {
		_, isDatabase := l.from.(source.Querier) // The types of files, such as JSON, follow from their records.
		inference.Digits, inference.Decimals = limiter.DecimalDigits(), !isDatabase
	}

	var conversions []source.Conversion

	if inference.Applies(rows.Schema()) {
		types, unclear, again, err := inference.Infer(ctx, rows)
		if err != nil {
			return nil, nil, err
		}

		for _, column := range again.Schema() {
			if of, found := types[column.Name]; found {
				conversions = append(conversions, column.ConvertedTo(of.String()))
			}
		}

		conversions = append(conversions, unclear...)

		if rows, err = source.Inferred(again, l.params.Source, l.read, types); err != nil {
			return nil, nil, err
		}
	}

	converted, err := source.Convert(rows, l.params.Source, l.read)
	l.converts = len(conversions) > 0 || converted != rows

	return converted, conversions, err
}
