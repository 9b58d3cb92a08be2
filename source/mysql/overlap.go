package mysql

import (
	"context"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// Overlaps reports whether a and b are the same table. A name without a database belongs to the connection's database. The
// comparison ignores case if the server does. A view does not overlap with the tables that it reads.
func (s *Source) Overlaps(ctx context.Context, a, b source.Table) (bool, error) {
	var (
		ignoresCase   bool
		first, second source.Table
	)

	err := s.on(ctx, s.reading, a, source.CodeUnavailable, func(session *session) error {
		first, second = session.resolve(a), session.resolve(b)

		return session.conn.QueryRowContext(ctx, "SELECT @@lower_case_table_names <> 0").Scan(&ignoresCase)
	})

	return first == second ||
		ignoresCase && strings.EqualFold(first.Space, second.Space) && strings.EqualFold(first.Name, second.Name), err
}
