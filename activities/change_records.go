package activities

import (
	"cmp"
	"context"
	"errors"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/source"
)

// Insert adds records to an existing table.
func (a *Activities) Insert(ctx context.Context, task job.Task, params scenario.Insert) (*job.StepOutcome, error) {
	return a.change(ctx, task, params.Given, target{source: params.Source, write: source.Write{
		Table: source.Table{Space: params.Space, Name: params.Table}, Mode: source.Insert,
	}})
}

// Update changes the records of a table that have the same keys as the given records.
func (a *Activities) Update(ctx context.Context, task job.Task, params scenario.Update) (*job.StepOutcome, error) {
	return a.change(ctx, task, params.Given, target{source: params.Source, write: source.Write{
		Table: source.Table{Space: params.Space, Name: params.Table}, Mode: source.Update, Key: params.Key,
	}})
}

// Delete removes the records of a table that have the same keys as the given records.
func (a *Activities) Delete(ctx context.Context, task job.Task, params scenario.Delete) (*job.StepOutcome, error) {
	return a.change(ctx, task, params.Given, target{source: params.Source, write: source.Write{
		Table: source.Table{Space: params.Space, Name: params.Table}, Mode: source.Delete, Key: params.Key,
	}})
}

// change writes the given records, or those that a query returns, to an existing table.
func (a *Activities) change(
	ctx context.Context, task job.Task, given scenario.Given, to target,
) (*job.StepOutcome, error) {
	return runOpened(ctx, a, task, given, func(s *step, ctx context.Context, given scenario.Given) (*job.StepOutcome, error) {
		return s.change(ctx, given, to)
	})
}

func (s *step) change(ctx context.Context, given scenario.Given, to target) (outcome *job.StepOutcome, err error) {
	if outcome, err := s.earlier(ctx, to.source); err != nil || outcome != nil {
		return outcome, err
	}

	rows, err := s.given(ctx, given, to)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, rows.Close()) }()

	// A delete writes the columns of its key only.
	shaped := rows
	if to.write.Mode == source.Delete && len(rows.Schema()) > 0 {
		if shaped, err = (source.Shape{Columns: to.write.Key}).Apply(rows, to.source, to.write.Table); err != nil {
			return nil, err
		}
	}

	return s.write(ctx, to, shaped)
}

// given returns the records that an operation receives.
func (s *step) given(ctx context.Context, given scenario.Given, to target) (source.Rows, error) {
	if given.Query == "" {
		return s.progress.count(newLiterals(given.Records)), nil
	}

	return s.query(ctx, expression.Query{
		Source: cmp.Or(given.FromSource, to.source), Query: given.Query, Bind: given.Bind,
	})
}
