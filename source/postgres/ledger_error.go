package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jobwright/jobwright/source"
)

// ledgerError is what the server says to a statement about the ledger, which is none of what a job writes.
type ledgerError struct{ err error }

func (e *ledgerError) Error() string { return e.err.Error() }

func (e *ledgerError) Unwrap() error { return e.err }

func onLedger(err error) error {
	if err == nil {
		return nil
	}

	return &ledgerError{err}
}

// explainLedger explains why the ledger can't be kept, or returns nil where the reason is one that any statement may meet.
func (s *Source) explainLedger(err error) error {
	about := new(ledgerError)
	if !errors.As(err, &about) {
		return nil
	}

	problem := &source.Error{Source: s.name, Table: s.ledger.named.String(), Err: about.err}

	native, isNative := errors.AsType[*pgconn.PgError](about.err)

	switch {
	case !isNative || states[native.Code].retryable:
		return nil
	case native.Code == "42P01":
		s.ledger.remember("")

		problem.Code, problem.Retryable = source.CodeUnavailable, true
		problem.Message, problem.Hint = "the ledger was removed", "the next attempt makes it again"

		return problem
	}

	switch native.Code[:min(2, len(native.Code))] {
	case "0A", "22", "23", "3F", "42", "55": // The user has no right to it, or it is another table than it should be.
		s.ledger.remember("")

		problem.Code, problem.Message = source.CodeDefinitionInvalid, "the ledger can't be kept: "+native.Message
		problem.Hint = "grant the source's user what it needs to make this table, or make it by " +
			createLedger(qualified(s.ledger.named)) + " and grant the user SELECT, INSERT and DELETE on it; or set ledger: " +
			noLedger + " in app.yaml, and what is appended, inserted or run by a script may happen twice when an answer is lost"

		return problem
	}

	return nil
}
