package mysql

import (
	"context"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// Overlaps reports whether a and b are the same table. A name without a database belongs to the connection's database. The
// comparison ignores case if the server does. A view does not overlap with the tables that it reads.
func (s *Source) Overlaps(ctx context.Context, a, b source.Table) (bool, error) {
	session, err := s.connect(ctx, s.reading)
	if err != nil {
		return false, s.classify(ctx, a, source.CodeUnavailable, err)
	}

	first, second := session.resolve(a), session.resolve(b)

	var ignoresCase bool

	err = session.conn.QueryRowContext(ctx, "SELECT @@lower_case_table_names <> 0").Scan(&ignoresCase)
	session.release(err)

	if err != nil {
		return false, s.classify(ctx, a, source.CodeUnavailable, err)
	}

	if ignoresCase {
		return strings.EqualFold(first.Space, second.Space) && strings.EqualFold(first.Name, second.Name), nil
	}

	return first == second, nil
}
