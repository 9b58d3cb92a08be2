package sqlite

import (
	"context"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// Execute runs the statements of a script in one transaction. It refuses statements that access other databases or end the
// transaction, such as ATTACH, BEGIN, COMMIT and SAVEPOINT, and PRAGMA with a value. A script with an idempotency key takes
// effect exactly once: its record in the ledger, which scripts can't change, is committed in the same transaction.
func (s *Source) Execute(ctx context.Context, script source.Script) (int64, error) {
	statements, err := sqltext.SQLite.BindScript(script.Text, script.Bind)
	if err != nil {
		return 0, sqltext.Invalid(s.name, err, sqltext.ScriptHint)
	}

	written, err := s.write(ctx, source.Table{}, script.IdempotencyKey, func(c *connection) (source.Written, error) {
		changed, err := c.run(statements, script.Report)

		return source.Written{Rows: changed}, err
	})

	return written.Rows, err
}

// run runs the statements of a script. After each statement, it reports the number of records changed so far.
func (c *connection) run(statements []sqltext.Bound, report func(changed int64)) (changed int64, err error) {
	defer c.restrict(denyInScript)()

	for _, statement := range statements {
		before := c.changes()

		if err := c.execute(statement.Text, statement.Values...); err != nil {
			return 0, place(err, statement.Location)
		}

		if c.changes() != before { // Otherwise lastChanges returns the number of an earlier statement.
			changed += c.lastChanges()
		}

		report(changed)
	}

	return changed, nil
}
