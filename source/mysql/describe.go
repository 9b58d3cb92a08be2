package mysql

import (
	"context"

	"github.com/jobwright/jobwright/source"
)

// Describe returns the columns of a table or view.
func (s *Source) Describe(ctx context.Context, table source.Table, _ source.Format) (source.Schema, error) {
	session, err := s.connect(ctx, s.reading)
	if err != nil {
		return nil, s.classify(ctx, table, source.CodeUnavailable, err)
	}

	found, err := session.describe(ctx, session.resolve(table))
	session.release(err)

	switch {
	case err != nil:
		return nil, s.classify(ctx, table, source.CodeUnavailable, err)
	case found == nil:
		return nil, source.TableNotFound(s.name, table)
	}

	return found.schema(), nil
}
