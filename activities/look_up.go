package activities

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result/spool"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// maxLookUp bounds the values that one look-up returns, in bytes: they become part of the job's history.
const maxLookUp = 256 << 10

// LookUp reads the values that the expressions of a step require: results of queries, and variables of the app.
func (a *Activities) LookUp(ctx context.Context, task job.Task, request job.LookUp) (*job.Found, error) {
	return runOpened(ctx, a, task, request, (*step).lookUp)
}

func (s *step) lookUp(ctx context.Context, request job.LookUp) (*job.Found, error) {
	found := &job.Found{}
	size := 0

	for _, query := range request.Queries {
		cell, err := s.cell(ctx, query)
		if err != nil {
			return nil, err
		}

		if size += jsonvalue.SizeOf(cell); size > maxLookUp {
			return nil, lookUpTooLarge(query)
		}

		found.Cells = append(found.Cells, jsonvalue.Value{Any: cell})
	}

	if len(request.Variables) == 0 {
		return found, nil
	}

	all, err := s.variables(ctx)
	if err != nil {
		return nil, err
	}

	found.Variables = jsonvalue.Object{}

	for _, name := range request.Variables {
		if value, set := all[name]; set {
			found.Variables[name] = value
		}
	}

	return found, nil
}

// lookUpTooLarge returns the error of a query whose result exceeds the limit of a step's look-ups.
func lookUpTooLarge(query expression.Query) error {
	return limitFailuref("source %q: the expressions of a step can look up at most %d bytes; "+
		"the result of the query %q exceeds this limit", query.Source, maxLookUp, source.Shorten(query.Query, 60))
}

// cell returns the first column of the first record that a query returns, or nil if it returns none.
func (s *step) cell(ctx context.Context, query expression.Query) (cell any, err error) {
	queried, err := s.query(ctx, query)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, queried.Close()) }()

	rows := s.secrets.sealRows(queried)

	record, err := rows.Next(ctx)
	if err == io.EOF || (err == nil && len(record) == 0) {
		return nil, nil //nolint:nilnil // NULL is a value.
	}

	if err != nil {
		return nil, err
	}

	if record[:1].Size() > maxLookUp { // A conversion would copy the value.
		return nil, lookUpTooLarge(query)
	}

	first := rows.Schema()[:1] // The names of other columns need not be valid.

	converter, err := spool.NewConverter(first)
	if err != nil {
		return nil, err
	}

	object, err := converter.Convert(record[:1])
	if err != nil {
		return nil, fmt.Errorf("source %q: %w", query.Source, err)
	}

	return object[first[0].Name], nil
}
