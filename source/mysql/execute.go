package mysql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// Execute runs the statements of a script in one transaction. A statement that defines data, CREATE, ALTER and DROP for
// example, commits what was done before it and itself: that is how MySQL is made. What follows it is a transaction again.
//
// The last transaction adds the record to the ledger. So a script takes effect exactly once if all of its statements only change
// records. Statements that commit implicitly run again if a later statement fails, or if the answer is lost before the end of
// the script. An earlier attempt that is still running is given a second, and then its connection is killed. A statement that
// mentions the ledger may only read.
func (s *Source) Execute(ctx context.Context, script source.Script) (int64, error) {
	statements, err := s.bind(script)
	if err != nil {
		return 0, err
	}

	session, err := s.connect(ctx, s.writing)
	if err != nil {
		return 0, s.classify(ctx, source.Table{}, source.CodeUnavailable, err)
	}
	defer session.discard() // Nobody knows what the script made of it.

	written, err := session.once(ctx, script.IdempotencyKey, func(a *attempt) (source.Written, error) {
		changed, err := session.run(ctx, statements, a, script.Report)

		return source.Written{Rows: changed}, err
	})

	return written.Rows, s.classify(ctx, source.Table{}, source.CodeQueryInvalid, err)
}

// run runs the statements, records what they did, and commits.
func (s *session) run(
	ctx context.Context, statements []statement, a *attempt, report func(changed int64),
) (changed int64, err error) {
	// START TRANSACTION would hold only until a statement that commits.
	if err := s.execute(ctx, "SET SESSION autocommit = 0"); err != nil {
		return 0, s.source.classify(ctx, source.Table{}, source.CodeUnavailable, err)
	}

	for _, statement := range statements {
		count, err := s.change(ctx, statement.text, statement.values...)
		if err != nil {
			s.rollBack(ctx)

			return 0, statement.located(s.source.classify(ctx, source.Table{}, source.CodeQueryInvalid, err))
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

// rollBack ends the transaction of a script. The end of the connection is one too, a moment later.
func (s *session) rollBack(ctx context.Context) {
	if ctx.Err() == nil {
		_ = s.execute(ctx, "ROLLBACK")
	}
}

// statement is one of a script, ready to be run.
type statement struct {
	text   string
	values []any
	number int
	line   int
}

// located says of an error which statement it means.
func (s statement) located(err error) error {
	problem, ok := err.(*source.Error) //nolint:errorlint // It was classified, or is the context's end.
	if !ok {
		return err
	}

	problem.Message = fmt.Sprintf("statement %d, line %d: %s", s.number, s.line, problem.Message)

	return problem
}

// transactions are the words with which statements begin that would end the script's transaction.
var transactions = []string{"BEGIN", "START", "COMMIT", "ROLLBACK", "XA"}

// bind takes a script apart.
func (s *Source) bind(script source.Script) ([]statement, error) {
	found := sqltext.MySQL.Statements(script.Text)
	statements := make([]statement, 0, len(found))
	used := map[string]bool{}

	for i, one := range found {
		bound := statement{number: i + 1, line: one.Line}

		if word := firstWord(one.Text); slices.Contains(transactions, word) && !strings.HasPrefix(one.Text, "(") {
			return nil, bound.located(s.invalidQuery(word+" has no place in a script: all of it is one transaction",
				"leave it out; run two scripts where you need two transactions"))
		}

		if s.ledger.isChangedBy(one.Text) {
			return nil, bound.located(s.ledger.refusal(s))
		}

		var (
			err error
			of  map[string]bool
		)

		if bound.text, bound.values, of, err = sqltext.MySQL.Bind(one.Text, script.Bind); err != nil {
			return nil, bound.located(s.invalidQuery(err.Error(), "correct the script"))
		}

		for name := range of {
			used[name] = true
		}

		statements = append(statements, bound)
	}

	if err := sqltext.Unused(script.Bind, used); err != nil {
		return nil, s.invalidQuery(err.Error(), "correct the script, or leave the value out")
	}

	return statements, nil
}

// invalidQuery is the error for what is wrong with a query or a script before the server sees it.
func (s *Source) invalidQuery(message, hint string) *source.Error {
	return &source.Error{Code: source.CodeQueryInvalid, Source: s.name, Message: message, Hint: hint}
}
