package mysql

import (
	"context"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// ResolveTable returns the table with its database, and in small letters where the server makes no difference.
func (s *Source) ResolveTable(ctx context.Context, table source.Table) (source.Table, error) {
	session, err := s.connect(ctx, s.reading)
	if err != nil {
		return source.Table{}, s.classify(ctx, table, source.CodeUnavailable, err)
	}

	resolved := session.resolve(table)

	var ignoresCase bool

	err = session.conn.QueryRowContext(ctx, "SELECT @@lower_case_table_names <> 0").Scan(&ignoresCase)
	session.release(err)

	if ignoresCase {
		resolved = source.Table{Space: strings.ToLower(resolved.Space), Name: strings.ToLower(resolved.Name)}
	}

	return resolved, s.classify(ctx, table, source.CodeUnavailable, err)
}
