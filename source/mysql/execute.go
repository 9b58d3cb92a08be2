package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
	"github.com/jobwright/jobwright/source/sqltext"
)

// Execute runs the statements of a script in one transaction. In MySQL, a statement that defines data, such as CREATE, ALTER
// or DROP, commits the transaction implicitly, including itself; a new transaction begins after it.
//
// The last transaction adds the record to the ledger. A script therefore takes effect exactly once if its statements only
// change records. Statements that commit implicitly run again if a later statement fails, or if the response is lost before
// the end of the script. An earlier attempt that is still running has one second to finish; then its connection is killed. A
// statement that mentions the ledger may only read.
func (s *Source) Execute(ctx context.Context, script source.Script) (int64, error) {
	if script.OnlyRecorded { // A statement such as CREATE TABLE would commit the changes before it without a record.
		return 0, source.ErrUnrecorded
	}

	statements, err := s.bind(script)
	if err != nil {
		return 0, err
	}

	session, err := s.connect(ctx, s.writing)
	if err != nil {
		return 0, s.classify(ctx, source.Table{}, source.CodeUnavailable, err)
	}
	defer session.discard() // The script may have changed the session's state.

	written, err := session.once(ctx, script.IdempotencyKey, func(a *attempt) (source.Written, error) {
		changed, err := session.run(ctx, statements, a, script.Report)

		return source.Written{Rows: changed}, err
	})

	return written.Rows, s.classify(ctx, source.Table{}, source.CodeQueryInvalid, err)
}

// run runs the statements, adds the record and commits. It calls report after each statement with the number of records
// changed so far.
func (s *session) run(
	ctx context.Context, statements []sqltext.Bound, a *attempt, report func(changed int64),
) (changed int64, err error) {
	// A transaction of START TRANSACTION would end at a statement that commits implicitly.
	if err := s.execute(ctx, "SET SESSION autocommit = 0"); err != nil {
		return 0, s.source.classify(ctx, source.Table{}, source.CodeUnavailable, err)
	}

	for _, statement := range statements {
		count, err := s.change(ctx, statement.Text, statement.Values...)
		if err != nil {
			s.rollBack(ctx)

			err = s.source.classify(ctx, source.Table{}, source.CodeQueryInvalid, err)
			if problem, ok := errors.AsType[*source.Error](err); ok {
				problem.Message = statement.Location + ": " + problem.Message
			}

			return 0, err
		}

		changed += count
		report(changed)
	}

	if err := a.record(ctx, source.Written{Rows: changed}); err != nil {
		s.rollBack(ctx)

		return 0, err
	}

	return changed, s.execute(ctx, "COMMIT")
}

// rollBack rolls back the script's transaction. If it fails, the end of the connection rolls back.
func (s *session) rollBack(ctx context.Context) {
	if ctx.Err() == nil {
		_ = s.execute(ctx, "ROLLBACK")
	}
}

// transactionWords are the first words of statements that would end the script's transaction.
var transactionWords = []string{"BEGIN", "START", "COMMIT", "ROLLBACK", "XA"}

// bind splits a script into statements and binds their values.
func (s *Source) bind(script source.Script) ([]sqltext.Bound, error) {
	statements, err := sqltext.MySQL.BindScript(script.Text, script.Bind)
	if err != nil {
		return nil, sqltext.Invalid(s.name, err, sqltext.ScriptHint)
	}

	for _, bound := range statements {
		if word := firstWord(bound.Text); slices.Contains(transactionWords, word) && !strings.HasPrefix(bound.Text, "(") {
			return nil, sqltext.Invalid(s.name,
				fmt.Errorf("%s: %s is not allowed in a script: the script is one transaction", bound.Location, word),
				"remove the statement; run a script for each transaction")
		}

		if s.ledger.isChangedBy(bound.Text) { // Also by a name that was passed to it.
			return nil, sqltext.Invalid(s.name, fmt.Errorf("%s: %s", bound.Location, ledger.Refusal(s.ledger.Table().Name)),
				"read it with a SELECT")
		}
	}

	return statements, nil
}
