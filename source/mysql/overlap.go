package mysql

import (
	"context"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// Overlaps reports whether two names mean the same table. The database of a name without one is the connection's. Case is
// ignored if the server ignores it. Views do not overlap with the tables that they read.
func (s *Source) Overlaps(ctx context.Context, a, b source.Table) (bool, error) {
	session, err := s.connect(ctx, s.reading)
	if err != nil {
		return false, s.classify(ctx, a, source.CodeUnavailable, err)
	}

	one, other := session.resolve(a), session.resolve(b)

	var ignoresCase bool

	err = session.conn.QueryRowContext(ctx, "SELECT @@lower_case_table_names <> 0").Scan(&ignoresCase)
	session.release(err)

	if err != nil {
		return false, s.classify(ctx, a, source.CodeUnavailable, err)
	}

	if ignoresCase {
		return strings.EqualFold(one.Space, other.Space) && strings.EqualFold(one.Name, other.Name), nil
	}

	return one == other, nil
}
