package sqlite

import (
	"context"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// PrepareQuery compiles a query, and returns the names of its columns.
func (s *Source) PrepareQuery(ctx context.Context, query string, bind map[string]any) (columns []string, err error) {
	err = s.prepare(ctx, query, bind, denyInQuery, func(prepared *statement) {
		for i := range prepared.columnCount() {
			name, _ := prepared.column(i)
			columns = append(columns, name)
		}
	})

	return columns, err
}

// PrepareStatement compiles a statement of a script.
func (s *Source) PrepareStatement(ctx context.Context, statement string, bind map[string]any) error {
	return s.prepare(ctx, statement, bind, denyInScript, nil)
}

// prepare compiles a statement with the rule of what it may do, and calls use with it, unless use is nil.
func (s *Source) prepare(
	ctx context.Context, text string, bind map[string]any, deny rule, use func(*statement),
) error {
	bound, _, _, err := sqltext.SQLite.Bind(text, bind)
	if err != nil {
		return sqltext.Invalid(s.name, err, sqltext.QueryHint)
	}

	return s.read(ctx, source.Table{}, func(c *connection) error {
		defer c.restrict(deny)()

		prepared, err := c.prepare(bound)
		if err != nil {
			return err
		}
		defer prepared.close()

		if use != nil {
			use(prepared)
		}

		return nil
	})
}
