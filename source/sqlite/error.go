package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jobwright/jobwright/source"
)

// nativeError is an error that SQLite returned.
type nativeError struct {
	code    int32 // https://www.sqlite.org/rescode.html
	message string
	denied  string // Why the authorizer denied an action, if that is the cause.
}

func (e *nativeError) Error() string {
	if e.code&primaryCode == sqlite3.SQLITE_AUTH && e.denied != "" {
		return e.denied
	}

	return e.message
}

// primaryCode masks an extended result code down to its primary one.
const primaryCode = 0xff

// classify converts an error to a source.Error, which reports whether it is retryable. To an error that contains a
// source.Error, it adds the source and table only if they are missing. It returns io.EOF and the context's error unchanged.
func (s *Source) classify(ctx context.Context, table source.Table, err error) error {
	if err == nil || err == io.EOF {
		return err
	}

	if classified, ok := errors.AsType[*source.Error](err); ok {
		_ = classified.Locate(s.name, table) // In err, which may contain further errors.

		return err
	}

	if ended := ctx.Err(); ended != nil { // It caused the error, whatever SQLite reports.
		return ended
	}

	problem := &source.Error{
		Code: source.CodeUnavailable, Source: s.name, Table: table.String(), Message: err.Error(), Retryable: true, Err: err,
	}

	native, isNative := errors.AsType[*nativeError](err)

	switch {
	case errors.Is(err, errPoolExhausted):
		problem.Hint = "close open rows, or raise the source's maxConnections in app.yaml"
	case errors.Is(err, errClosed):
		problem.Retryable = false
	case isNative:
		problem.Message = native.Error() // Without errors of a rollback or close after it.
		explain(problem, native)
	}

	return problem
}

// missingHint is the hint of errors about a missing table.
const missingHint = "load the table first, or correct its name"

// explain sets the code, hint and retryability for SQLite's result code.
func explain(problem *source.Error, native *nativeError) {
	set := func(code source.Code, hint string) { problem.Code, problem.Hint, problem.Retryable = code, hint, false }

	switch native.code & primaryCode {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		problem.Hint = "another process holds the database's lock"
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_CANTOPEN:
	case sqlite3.SQLITE_FULL:
		problem.Hint = "the disk is full"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		set(source.CodeUnavailable, "the file is not an intact SQLite database")
	case sqlite3.SQLITE_READONLY:
		set(source.CodeUnavailable, "the database file and its directory must be writable by this worker")
	case sqlite3.SQLITE_AUTH:
		set(source.CodeQueryInvalid, "a query can only read, and a script can only access its own source")
	case sqlite3.SQLITE_TOOBIG:
		tooLarge := source.RecordTooLarge("a value, a record, or what the statement computes for one record")
		problem.Message = strings.Replace(problem.Message, "string or blob too big", tooLarge.Message, 1)
		set(tooLarge.Code, tooLarge.Hint)
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH:
		set(source.CodeRecordInvalid, "correct the value, or the definition of the table")
	default:
		switch {
		case strings.Contains(native.message, "no such table"):
			set(source.CodeTableNotFound, missingHint)
		case strings.Contains(native.message, "too many columns"):
			set(source.CodeLimitExceeded, "use fewer columns; a table of SQLite has 2,000 at most")
		default:
			set(source.CodeQueryInvalid, "correct the query")
		}
	}
}

// place prefixes the message of SQLite's error with the place where it occurred.
func place(err error, where string) error {
	if native, ok := errors.AsType[*nativeError](err); ok {
		placed := *native
		placed.message = fmt.Sprintf("%s: %s", where, native.message)

		if native.denied != "" {
			placed.denied = fmt.Sprintf("%s: %s", where, native.denied)
		}

		return &placed
	}

	return err
}
