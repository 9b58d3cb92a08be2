package mysql

import (
	"context"

	"github.com/jobwright/jobwright/source"
)

// Describe returns the columns of a table or view.
func (s *Source) Describe(ctx context.Context, named source.Table, _ source.Format) (source.Schema, error) {
	var found *table

	err := s.on(ctx, s.reading, named, source.CodeUnavailable, func(session *session) (err error) {
		found, err = session.describe(ctx, session.resolve(named))

		return err
	})

	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, source.TableNotFound(s.name, named)
	}

	return found.schema(), nil
}
