package sqlite

import (
	"context"
	"errors"
	"io"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jobwright/jobwright/source"
)

// primaryCode masks an extended result code down to its primary one (https://www.sqlite.org/rescode.html).
const primaryCode = 0xff

// classify turns an error of SQLite's into one that says whether trying again may help. Errors that are classified
// already, and the end of the context, pass as they are.
func (s *Source) classify(table string, err error) error {
	var classified *source.Error
	if err == nil || errors.As(err, &classified) || errors.Is(err, io.EOF) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}

	problem := &source.Error{
		Code: source.CodeUnavailable, Source: s.name, Table: table, Message: err.Error(), Curable: true, Err: err,
	}

	var native *sqlite.Error
	if !errors.As(err, &native) {
		return problem
	}

	switch native.Code() & primaryCode {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		problem.Hint = "another process holds the database's lock"
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_CANTOPEN:
	case sqlite3.SQLITE_FULL:
		problem.Hint = "the disk is full"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		problem.Curable, problem.Hint = false, "the file is no intact SQLite database"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH:
		problem.Code, problem.Curable = source.CodeQueryInvalid, false
		problem.Hint = "a query may only read, and the database file must be writable to be written to"
	default:
		problem.Code, problem.Curable = source.CodeQueryInvalid, false
		problem.Hint = "correct the query"

		if strings.Contains(err.Error(), "no such table") {
			problem.Code, problem.Hint = source.CodeTableNotFound, "load the table first, or correct its name"
		}
	}

	return problem
}
