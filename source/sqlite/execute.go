package sqlite

import (
	"context"
	"fmt"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// Execute runs the statements of a script in one transaction. It refuses statements that access other databases or end the
// transaction, such as ATTACH, BEGIN, COMMIT and SAVEPOINT, and PRAGMA with a value. A script with an idempotency key takes
// effect exactly once: its record in the ledger, which scripts can't change, is committed in the same transaction.
func (s *Source) Execute(ctx context.Context, script source.Script) (int64, error) {
	statements, err := s.parseScript(script)
	if err != nil {
		return 0, err
	}

	written, err := s.write(ctx, source.Table{}, script.IdempotencyKey, func(c *connection) (source.Written, error) {
		changed, err := c.run(statements, script.Report)

		return source.Written{Rows: changed}, err
	})

	return written.Rows, err
}

// run runs the statements of a script. After each statement, it reports the number of records changed so far.
func (c *connection) run(statements []scriptStatement, report func(changed int64)) (changed int64, err error) {
	defer c.restrict(denyInScript)()

	for _, statement := range statements {
		before := c.changes()

		if err := c.execute(statement.text, statement.values...); err != nil {
			return 0, place(err, statement.where)
		}

		if c.changes() != before { // Otherwise lastChanges returns the number of an earlier statement.
			changed += c.lastChanges()
		}

		report(changed)
	}

	return changed, nil
}

// scriptStatement is a statement of a script, with the values for its parameters.
type scriptStatement struct {
	where  string // The statement's number and line, for errors.
	text   string
	values []any
}

// parseScript returns the statements of a script with the values for their parameters.
func (s *Source) parseScript(script source.Script) ([]scriptStatement, error) {
	invalid := func(err error, where string) error {
		return &source.Error{
			Code: source.CodeQueryInvalid, Source: s.name, Message: where + err.Error(),
			Hint: "correct the script, or its bind", Err: err,
		}
	}

	var statements []scriptStatement

	used := map[string]bool{}

	for i, statement := range sqltext.SQLite.Statements(script.Text) {
		where := fmt.Sprintf("statement %d, line %d", i+1, statement.Line)

		text, values, bound, err := sqltext.SQLite.Bind(statement.Text, script.Bind)
		if err != nil {
			return nil, invalid(err, where+": ")
		}

		for name := range bound {
			used[name] = true
		}

		statements = append(statements, scriptStatement{where: where, text: text, values: values})
	}

	if err := sqltext.Unused(script.Bind, used); err != nil {
		return nil, invalid(err, "")
	}

	return statements, nil
}
