package mysql

import (
	"context"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// PrepareQuery lets the server parse a query. The server's driver does not report columns before a query runs.
func (s *Source) PrepareQuery(ctx context.Context, query string, bind map[string]any) ([]string, error) {
	text, _, err := bindQuery(query, bind)
	if err != nil {
		return nil, sqltext.Invalid(s.name, err, sqltext.QueryHint)
	}

	return nil, s.prepare(ctx, text)
}

// PrepareStatement lets the server parse a statement. A statement that the server can't prepare is not checked.
func (s *Source) PrepareStatement(ctx context.Context, statement string, bind map[string]any) error {
	text, _, _, err := sqltext.MySQL.Bind(statement, bind)
	if err != nil {
		return sqltext.Invalid(s.name, err, sqltext.ScriptHint)
	}

	return s.prepare(ctx, text)
}

func (s *Source) prepare(ctx context.Context, text string) error {
	return s.on(ctx, s.reading, source.Table{}, source.CodeQueryInvalid, func(session *session) error {
		err := session.prepare(ctx, text)
		if number(err) == errNotPreparable {
			return nil
		}

		return err
	})
}
