package postgres

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jobwright/jobwright/source/sqltext"
)

// PrepareQuery lets the server parse a query, and returns the names of its columns.
func (s *Source) PrepareQuery(ctx context.Context, query string, bind map[string]any) ([]string, error) {
	described, err := s.prepare(ctx, query, bind, true)
	if err != nil {
		return nil, err
	}

	columns := make([]string, len(described.Fields))
	for i, field := range described.Fields {
		columns[i] = field.Name
	}

	return columns, nil
}

// PrepareStatement lets the server parse a statement. Of a utility statement, such as CREATE TABLE, the server checks only the
// syntax.
func (s *Source) PrepareStatement(ctx context.Context, statement string, bind map[string]any) error {
	_, err := s.prepare(ctx, statement, bind, false)

	return err
}

func (s *Source) prepare(
	ctx context.Context, text string, bind map[string]any, reading bool,
) (described *pgconn.StatementDescription, err error) {
	bound, values, _, err := sqltext.PostgreSQL.Bind(text, bind)

	var given parameters
	if err == nil {
		given, err = encodeParameters(values)
	}

	if err != nil {
		return nil, sqltext.Invalid(s.name, err, sqltext.QueryHint)
	}

	err = s.transaction(ctx, s.reading, beginReading, func(session *session) error {
		described, _, err = session.prepare(ctx, bound, given)

		return err
	})

	return described, s.classify(ctx, failure{err: err, reading: reading})
}
