package postgres

import (
	"context"

	"github.com/jobwright/jobwright/source"
)

// Overlaps reports whether two names refer to the same table. A name without a schema is resolved by the connection's
// search_path, to an existing table or to the schema in which the table would be created. A view does not overlap with the
// tables that it reads.
func (s *Source) Overlaps(ctx context.Context, a, b source.Table) (bool, error) {
	var same bool

	err := s.transaction(ctx, s.reading, beginReading, func(session *session) error {
		a, err := session.resolve(ctx, a)
		if err != nil {
			return err
		}

		b, err := session.resolve(ctx, b)
		same = a == b

		return err
	})

	return same, s.classify(ctx, failure{err: err, table: a})
}

// resolve returns the table with its schema.
func (s *session) resolve(ctx context.Context, table source.Table) (source.Table, error) {
	if table.Space != "" {
		return table, nil
	}

	rows, err := s.query(ctx, `
		SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = pg_catalog.to_regclass($1::text)`, qualified(table))
	if err != nil {
		return source.Table{}, err
	}

	if len(rows) > 0 {
		table.Space = rows[0][0]

		return table, nil
	}

	table.Space, err = s.defaultSpace(ctx)

	return table, err
}
