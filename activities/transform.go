package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// Transform runs a query, and returns what it finds as a result of the job or stores it as a table. It may be repeated:
// a table is replaced at once or not at all, and a result that was not committed is seen by nobody.
func (a *Activities) Transform(ctx context.Context, task job.Task, params scenario.Transform) (*job.StepOutcome, error) {
	return a.attempt(ctx, task, func(ctx context.Context, s *step) (outcome *job.StepOutcome, err error) {
		from, err := open[source.Querier](ctx, s, params.Source, "be queried")
		if err != nil {
			return nil, err
		}

		defer func() { err = errors.Join(err, from.Close()) }()

		found, err := from.Query(ctx, params.Query, params.Bind)
		if err != nil {
			return nil, err
		}

		defer func() { err = errors.Join(err, found.Close()) }()

		rows := s.progress.count(found)
		if params.ReturnResult {
			return s.returnRows(ctx, params, rows)
		}

		return s.replaceTable(ctx, cmp.Or(params.TargetSource, params.Source), params.TargetTable, rows)
	})
}

// returnRows makes rows a result of the job.
func (s *step) returnRows(ctx context.Context, params scenario.Transform, rows source.Rows) (*job.StepOutcome, error) {
	var name *string
	if params.ResultName != "" {
		name = &params.ResultName
	}

	// Each attempt has a key of its own, so that one which outlives its worker's lease can't disturb another.
	info := activity.GetInfo(ctx)
	key := fmt.Sprintf("%s/%s/%s-%d.json", s.task.AppID, info.WorkflowExecution.RunID, s.task.Step, info.Attempt)

	writer, err := s.activities.results.Create(ctx, key, name, rows.Schema())
	if err != nil {
		return nil, &storeError{err: err}
	}

	for {
		record, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}

		if err == nil {
			if err = writer.Append(record); err != nil {
				err = &storeError{err: err}
			}
		}

		if err != nil {
			return nil, errors.Join(err, writer.Abort())
		}
	}

	stored, err := writer.Commit()
	if err != nil {
		return nil, &storeError{err: err}
	}

	return &job.StepOutcome{Rows: stored.Records, Result: stored}, nil
}
