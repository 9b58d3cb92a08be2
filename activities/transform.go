package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result/spool"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// Transform runs a query, and returns its records as a result of the job, stores them as a table or makes them the value of
// the step. The table is written as a whole or not at all, and a result becomes visible when it is complete.
func (a *Activities) Transform(ctx context.Context, task job.Task, params scenario.Transform) (*job.StepOutcome, error) {
	return runOpened(ctx, a, task, params, (*step).transform)
}

func (s *step) transform(ctx context.Context, params scenario.Transform) (outcome *job.StepOutcome, err error) {
	target := cmp.Or(params.TargetSource, params.Source)
	if params.TargetTable != "" {
		if outcome, err := s.earlier(ctx, target); err != nil || outcome != nil {
			return outcome, err
		}
	}

	rows, err := s.query(ctx, expression.Query{Source: params.Source, Query: params.Query, Bind: params.Bind})
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, rows.Close()) }()

	shaped, err := source.Shape{Naming: params.ColumnNames}.Apply(rows, params.Source, source.Table{})
	if err != nil {
		return nil, err
	}

	if params.Limit > 0 {
		shaped = source.Limit(shaped, params.Limit)
	}

	switch {
	case params.ReturnResult:
		return s.returnRows(ctx, params.ResultName, shaped)
	case params.ReturnValue:
		return returnValue(ctx, s.secrets.sealRows(shaped))
	}

	return s.write(ctx, targetOf(target, params.TargetTable, params.Writing), shaped)
}

const resultNotStored = "the result can't be stored"

// returnRows stores rows as a result of the job.
func (s *step) returnRows(ctx context.Context, resultName string, rows source.Rows) (*job.StepOutcome, error) {
	rows = s.secrets.sealRows(rows)

	var name *string
	if resultName != "" {
		name = &resultName
	}

	writer, err := s.activities.results.Create(ctx, s.resultKey(ctx, ".json"), name, rows.Schema())
	if err != nil {
		return nil, storeFailure(resultNotStored, err)
	}

	writer.InlineUpTo(s.task.Inline)

	stored, err := store(ctx, rows, writer, resultNotStored)
	if err != nil {
		return nil, err
	}

	return &job.StepOutcome{Rows: stored.Records, Result: stored}, nil
}

// recordWriter stores records in the result store, and returns what it has stored.
type recordWriter[T any] interface {
	Append(record source.Record) error
	Commit() (*T, error)
	Abort() error
}

// store writes rows to the result store. The message is that of a failure of the store.
func store[T any](ctx context.Context, rows source.Rows, writer recordWriter[T], message string) (*T, error) {
	err := forEach(ctx, rows, func(record source.Record) error {
		if err := writer.Append(record); err != nil {
			return storeFailure(message, err)
		}

		return nil
	})
	if err != nil {
		return nil, errors.Join(err, writer.Abort())
	}

	stored, err := writer.Commit()
	if err != nil {
		return nil, storeFailure(message, err)
	}

	return stored, nil
}

// Limits of records that become a value, which is part of the job's history.
const (
	maxValueRecords = 1_000
	maxValueBytes   = 64 << 10
)

// returnValue returns rows as the value of the step.
func returnValue(ctx context.Context, rows source.Rows) (*job.StepOutcome, error) {
	converter, err := spool.NewConverter(rows.Schema())
	if err != nil {
		return nil, err
	}

	list := []any{}
	size := jsonvalue.SizeOf(list)

	tooLarge := limitFailuref("the query returns more than the %d records and %d bytes "+
		"that a step's value can have; use the query in a ForEach, or store the records in a table",
		maxValueRecords, maxValueBytes)

	err = forEach(ctx, rows, func(record source.Record) error {
		if len(list) == maxValueRecords || record.Size() > maxValueBytes { // A conversion would copy a large value.
			return tooLarge
		}

		object, err := converter.Convert(record)
		if err != nil {
			return fmt.Errorf("record %d: %w", len(list)+1, err)
		}

		if size += jsonvalue.SizeOf(map[string]any(object)); size > maxValueBytes {
			return tooLarge
		}

		list = append(list, map[string]any(object))

		return nil
	})
	if err != nil {
		return nil, err
	}

	return &job.StepOutcome{Rows: int64(len(list)), Value: jsonvalue.Value{Any: list}}, nil
}
