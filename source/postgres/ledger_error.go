package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
)

// ledgerError is an error of a statement about the ledger, not about the table that a job writes.
type ledgerError struct{ err error }

func (e *ledgerError) Error() string { return e.err.Error() }

func (e *ledgerError) Unwrap() error { return e.err }

func onLedger(err error) error {
	if err == nil {
		return nil
	}

	return &ledgerError{err}
}

// explainLedger returns the error for a ledger that can't be used, or nil if err is not specific to the ledger.
func (s *Source) explainLedger(err error) error {
	about, isLedger := errors.AsType[*ledgerError](err)
	if !isLedger {
		return nil
	}

	problem := &source.Error{Source: s.name, Table: s.ledger.Table().String(), Err: about.err}

	native, isNative := errors.AsType[*pgconn.PgError](about.err)

	switch {
	case !isNative || states[native.Code].retryable:
		return nil
	case native.Code == "42P01":
		s.ledger.setQuoted("")

		problem.Code, problem.Retryable = source.CodeUnavailable, true
		problem.Message, problem.Hint = "the ledger was removed", "the next attempt creates it again"

		return problem
	}

	switch native.Code[:min(2, len(native.Code))] {
	case "0A", "22", "23", "3F", "42", "55": // The user lacks a permission, or the table has other columns.
		s.ledger.setQuoted("")

		problem.Code, problem.Message = source.CodeDefinitionInvalid, "the ledger can't be used: "+native.Message
		problem.Hint = "grant the source's user CREATE on the schema, or create the table with " +
			ledgerDefinition(qualified(s.ledger.Table())) +
			" and grant the user SELECT, INSERT and DELETE on it; or set ledger: " +
			ledger.None + " in app.yaml, and an append, an insert or a script may take effect twice if an answer is lost"

		return problem
	}

	return nil
}
