package mysql

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jobwright/jobwright/source"
)

// EstimateRows returns about how many records a table has, by the server's statistics. Views have none.
func (s *Source) EstimateRows(ctx context.Context, table source.Table) (int64, error) {
	session, err := s.connect(ctx, s.reading)
	if err != nil {
		return 0, s.classify(ctx, table, source.CodeUnavailable, err)
	}

	var (
		name  = session.resolve(table)
		count sql.NullInt64
	)

	err = session.conn.QueryRowContext(ctx,
		"SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?", name.Space, name.Name).
		Scan(&count)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}

	session.release(err)

	if err != nil {
		return 0, s.classify(ctx, table, source.CodeUnavailable, err)
	}

	return count.Int64, nil
}
