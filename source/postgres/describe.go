package postgres

import (
	"context"

	"github.com/jobwright/jobwright/source"
)

// Describe returns the columns of a table or view. It prepares a query of the table, but does not run it.
func (s *Source) Describe(ctx context.Context, table source.Table, _ source.Format) (source.Schema, error) {
	described := &rows{source: s, table: table, ofTable: true}

	err := s.transaction(ctx, s.reading, beginReading, func(session *session) error {
		described.session, described.opened = session, ctx
		_, _, err := described.prepare(selectAll(table), parameters{})

		return err
	})

	return described.schema, s.classify(ctx, described.failure(err))
}

// selectAll returns the query that reads a whole table.
func selectAll(table source.Table) string { return "SELECT * FROM " + qualified(table) }
