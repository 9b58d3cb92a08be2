package sqlite

import (
	"context"
	"fmt"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// Execute runs the statements of a script in one transaction. It refuses what reaches outside of the database or would end
// that transaction: ATTACH, BEGIN, COMMIT, SAVEPOINT and their like, and PRAGMA with a value. A script takes effect exactly once,
// whatever its statements are: its record in the ledger, which they can't change, is committed in the same transaction.
func (s *Source) Execute(ctx context.Context, script source.Script) (int64, error) {
	steps, err := s.steps(script)
	if err != nil {
		return 0, err
	}

	written, err := s.write(ctx, source.Table{}, script.IdempotencyKey, func(c *connection) (source.Written, error) {
		changed, err := c.run(steps, script.Report)

		return source.Written{Rows: changed}, err
	})

	return written.Rows, err
}

// run runs the statements of a script. It reports after each statement, and returns, the number of records changed so far.
func (c *connection) run(steps []step, report func(changed int64)) (changed int64, err error) {
	defer c.restrict(mayTouchThisDatabase)()

	for _, step := range steps {
		before := c.changes()

		if err := c.execute(step.text, step.values...); err != nil {
			return 0, place(err, step.where)
		}

		if c.changes() != before { // Otherwise lastChanges still returns the number of an earlier statement.
			changed += c.lastChanges()
		}

		report(changed)
	}

	return changed, nil
}

// step is a statement of a script that is ready to run.
type step struct {
	where  string
	text   string
	values []any
}

// steps returns the statements of a script with the values for their parameters.
func (s *Source) steps(script source.Script) ([]step, error) {
	invalid := func(err error, where string) error {
		return &source.Error{
			Code: source.CodeQueryInvalid, Source: s.name, Message: where + err.Error(),
			Hint: "correct the script, or its bind", Err: err,
		}
	}

	var steps []step

	used := map[string]bool{}

	for i, statement := range sqltext.SQLite.Statements(script.Text) {
		where := fmt.Sprintf("statement %d, line %d", i+1, statement.Line)

		text, values, uses, err := sqltext.SQLite.Bind(statement.Text, script.Bind)
		if err != nil {
			return nil, invalid(err, where+": ")
		}

		for name := range uses {
			used[name] = true
		}

		steps = append(steps, step{where: where, text: text, values: values})
	}

	if err := sqltext.Unused(script.Bind, used); err != nil {
		return nil, invalid(err, "")
	}

	return steps, nil
}
