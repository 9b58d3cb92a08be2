package activities

import (
	"context"
	"errors"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// ReadRecords reads a page of the records that a query finds, for a loop over them. The first page runs the query and sets
// aside what it finds, if that is more than a page. It may be repeated: each attempt sets aside at a place of its own.
func (a *Activities) ReadRecords(ctx context.Context, task job.Task, query job.RecordsQuery) (*job.RecordsPage, error) {
	return attempt(ctx, a, task, func(ctx context.Context, s *step) (*job.RecordsPage, error) {
		if query.Key == "" {
			return s.setAside(ctx, query)
		}

		page, err := s.activities.results.Page(ctx, query.Key, query.Offset)
		if err != nil {
			return nil, &storeError{"the records that were set aside can't be read", err}
		}

		return page, nil
	})
}

// setAside runs the query, and returns the first page of what it finds.
func (s *step) setAside(ctx context.Context, query job.RecordsQuery) (page *job.RecordsPage, err error) {
	const failed = "the records can't be set aside"

	rows, err := s.query(ctx, query.Query)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, rows.Close()) }()

	spool, err := s.activities.results.SetAside(ctx, s.key(ctx, ".ndjson"), rows.Schema())
	if err != nil {
		return nil, &storeError{failed, err}
	}

	err = each(ctx, rows, func(record source.Record) error {
		if err := spool.Append(record); err != nil {
			return &storeError{failed, err}
		}

		return nil
	})
	if err != nil {
		return nil, errors.Join(err, spool.Abort())
	}

	if page, err = spool.Commit(); err != nil {
		return nil, &storeError{failed, err}
	}

	return page, nil
}
