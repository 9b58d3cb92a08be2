package activities

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/scenario"
)

// maxLookedUp bounds what the queries of one look-up find together, in bytes: it is part of the job's history.
const maxLookedUp = 256 << 10

// LookUp reads what the expressions of a step need: cells that queries find, and variables of the app.
func (a *Activities) LookUp(ctx context.Context, task job.Task, wanted job.LookUp) (*job.Found, error) {
	return attempt(ctx, a, task, func(ctx context.Context, s *step) (*job.Found, error) {
		found := &job.Found{}
		size := 0

		for _, query := range wanted.Queries {
			cell, err := s.cell(ctx, query)
			if err != nil {
				return nil, err
			}

			if size += scenario.SizeOf(cell); size > maxLookedUp {
				return nil, &limitError{fmt.Sprintf("source %q: what the expressions of a step look up has at most %d bytes; "+
					"this is more with what %s finds", query.Source, maxLookedUp, beginning(query.Query))}
			}

			found.Cells = append(found.Cells, scenario.Value{Any: cell})
		}

		if len(wanted.Variables) == 0 {
			return found, nil
		}

		all, err := s.variables(ctx)
		if err != nil {
			return nil, err
		}

		found.Variables = scenario.Params{}

		for _, name := range wanted.Variables {
			if value, set := all[name]; set {
				found.Variables[name] = value
			}
		}

		return found, nil
	})
}

// cell returns the first column of the first record that a query finds, or nil where it finds none.
func (s *step) cell(ctx context.Context, query scenario.Query) (cell any, err error) {
	rows, err := s.query(ctx, query)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, rows.Close()) }()

	record, err := rows.Next(ctx)
	if errors.Is(err, io.EOF) || (err == nil && len(record) == 0) {
		return nil, nil //nolint:nilnil // NULL is a value.
	}

	if err != nil {
		return nil, err
	}

	first := rows.Schema()[:1] // What other columns are called is of no concern.

	values, err := result.NewValues(first)
	if err != nil {
		return nil, err
	}

	object, err := values.Record(record[:1])
	if err != nil {
		return nil, fmt.Errorf("source %q: %w", query.Source, err)
	}

	return object[first[0].Name], nil
}

// beginning is as much of a query as a message shows.
func beginning(query string) string {
	const longest = 60

	if runes := []rune(query); len(runes) > longest {
		query = string(runes[:longest]) + "…"
	}

	return fmt.Sprintf("%q", query)
}
