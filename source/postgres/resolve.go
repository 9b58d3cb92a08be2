package postgres

import (
	"context"

	"github.com/jobwright/jobwright/source"
)

// ResolveTable returns the table with its schema: the one in which the connection's search_path finds it, or in which it
// would be made.
func (s *Source) ResolveTable(ctx context.Context, table source.Table) (source.Table, error) {
	if table.Space != "" {
		return table, nil
	}

	resolved := table

	err := s.transaction(ctx, s.reading, beginReading, func(session *session) error {
		rows, err := session.query(ctx, `
			SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE c.oid = pg_catalog.to_regclass($1::text)`, qualified(table))
		if err != nil {
			return err
		}

		if len(rows) > 0 {
			resolved.Space = rows[0][0]

			return nil
		}

		resolved.Space, err = session.defaultSpace(ctx)

		return err
	})
	if err != nil {
		return source.Table{}, s.classify(ctx, failure{err: err, table: table})
	}

	return resolved, nil
}
