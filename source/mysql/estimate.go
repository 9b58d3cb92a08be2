package mysql

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jobwright/jobwright/source"
)

// EstimateRows returns about how many records a table has, by the server's statistics. Views have none.
func (s *Source) EstimateRows(ctx context.Context, table source.Table) (int64, error) {
	var count sql.NullInt64

	err := s.on(ctx, s.reading, table, source.CodeUnavailable, func(session *session) error {
		name := session.resolve(table)

		err := session.conn.QueryRowContext(ctx,
			"SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?", name.Space, name.Name).
			Scan(&count)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}

		return err
	})

	return count.Int64, err
}
