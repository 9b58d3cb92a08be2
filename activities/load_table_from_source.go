package activities

import (
	"context"
	"errors"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// LoadTableFromSource copies a table from one source to another and replaces the target. It may be repeated: the target
// is replaced at once or not at all.
func (a *Activities) LoadTableFromSource(
	ctx context.Context, task job.Task, params scenario.LoadTableFromSource,
) (*job.StepOutcome, error) {
	return attempt(ctx, a, task, func(ctx context.Context, s *step) (outcome *job.StepOutcome, err error) {
		from, err := open[source.Reader](ctx, s, params.Source, "be read table by table")
		if err != nil {
			return nil, err
		}

		defer func() { err = errors.Join(err, from.Close()) }()

		table, err := from.ReadTable(ctx, params.Table)
		if err != nil {
			return nil, err
		}

		defer func() { err = errors.Join(err, table.Close()) }()

		rows, err := source.Convert(table, params.Source, params.Table, params.ColumnTypes)
		if err != nil {
			return nil, err
		}

		return s.replaceTable(ctx, params.TargetSource, params.TargetTable, s.progress.count(rows))
	})
}
