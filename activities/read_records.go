package activities

import (
	"context"
	"errors"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result/spool"
)

// ReadRecords reads a page of the records that a query returns, for a loop over them. The request for the first page runs the
// query, and spools the records if they exceed a page. ReadRecords is idempotent: each attempt spools under its own key.
func (a *Activities) ReadRecords(ctx context.Context, task job.Task, query job.RecordsQuery) (*job.RecordsPage, error) {
	return runOpened(ctx, a, task, query, (*step).readRecords)
}

func (s *step) readRecords(ctx context.Context, query job.RecordsQuery) (*job.RecordsPage, error) {
	if query.Key == "" {
		return s.spool(ctx, query)
	}

	page, err := spool.ReadPage(ctx, s.activities.results, query.Key, query.Offset)
	if err != nil {
		return nil, storeFailure("the records of the loop can't be read", err)
	}

	return page, nil
}

// spool runs the query, spools its records, and returns the first page.
func (s *step) spool(ctx context.Context, query job.RecordsQuery) (page *job.RecordsPage, err error) {
	const failed = "the records of the loop can't be stored"

	queried, err := s.query(ctx, query.Query)
	if err != nil {
		return nil, err
	}

	rows := s.secrets.sealRows(queried)

	defer func() { err = errors.Join(err, rows.Close()) }()

	writer, err := spool.Create(ctx, s.activities.results, s.resultKey(ctx, ".ndjson"), rows.Schema())
	if err != nil {
		return nil, storeFailure(failed, err)
	}

	return store(ctx, rows, writer, failed)
}

// DropRecords removes spooled records. It is idempotent: missing records are no error.
func (a *Activities) DropRecords(ctx context.Context, task job.Task, key string) error {
	return runCommand(ctx, a, task, func(ctx context.Context, s *step) error { return s.dropRecords(ctx, key) })
}

func (s *step) dropRecords(ctx context.Context, key string) error {
	if err := spool.Remove(ctx, s.activities.results, key); err != nil {
		return storeFailure("the records of the loop can't be removed", err)
	}

	return nil
}
