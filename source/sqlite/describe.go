package sqlite

import (
	"context"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// Describe returns the columns of a table or view. If a column is declared without a type, its type depends on the first
// records, which Describe then reads.
func (s *Source) Describe(ctx context.Context, table source.Table, format source.Format) (source.Schema, error) {
	rows, err := s.ReadTable(ctx, source.Read{Table: table, Format: format})
	if err != nil {
		return nil, err
	}

	return rows.Schema(), rows.Close()
}

// Overlaps reports whether two names mean the same table: SQLite ignores case. Views do not overlap with the tables that
// they read.
func (s *Source) Overlaps(_ context.Context, a, b source.Table) (bool, error) {
	for _, table := range []source.Table{a, b} {
		if err := s.noSpace(table); err != nil {
			return false, err
		}
	}

	return strings.EqualFold(a.Name, b.Name), nil
}
