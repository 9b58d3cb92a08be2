package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// ReadTable streams a consistent snapshot of the records of a table or view. Until the rows are closed or read to the end, the
// table can be written to but not replaced.
func (s *Source) ReadTable(ctx context.Context, read source.Read) (source.Rows, error) {
	session, err := s.connect(ctx, s.reading)
	if err != nil {
		return nil, s.classify(ctx, read.Table, source.CodeUnavailable, err)
	}

	rows := &stream{session: session, table: read.Table, fallback: source.CodeUnavailable, reject: read.Reject}
	name := session.resolve(read.Table)

	found, err := session.describe(ctx, name)
	if err != nil {
		session.release(err)

		return nil, s.classify(ctx, read.Table, source.CodeUnavailable, err)
	}

	if err := rows.open(ctx, "SELECT * FROM "+quoteTable(name), nil, found); err != nil {
		_ = rows.Close() // The error of open matters.

		return nil, s.classify(ctx, read.Table, source.CodeUnavailable, err)
	}

	return rows, nil
}

// Query streams the records that a query returns. The server describes the columns of a result in less detail than the columns
// of a table, so some types differ: see [Types].
func (s *Source) Query(ctx context.Context, query string, bind map[string]any) (source.Rows, error) {
	text, values, err := bindQuery(query, bind)
	if err != nil {
		return nil, sqltext.Invalid(s.name, err, sqltext.QueryHint)
	}

	session, err := s.connect(ctx, s.reading)
	if err != nil {
		return nil, s.classify(ctx, source.Table{}, source.CodeUnavailable, err)
	}

	rows := &stream{session: session, fallback: source.CodeQueryInvalid, changesSession: true}

	if err := rows.open(ctx, text, values, nil); err != nil {
		_ = rows.Close() // The error of open matters.

		return nil, s.classify(ctx, source.Table{}, source.CodeQueryInvalid, err)
	}

	return rows, nil
}

// readingWords are the first words of statements that only read. The read-only transaction prevents changes by procedures.
var readingWords = []string{"SELECT", "WITH", "TABLE", "VALUES", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "CALL"}

// bindQuery returns a query and its values as the server requires them, or an error for a query that does not only read.
func bindQuery(query string, bind map[string]any) (text string, values []any, err error) {
	statements := sqltext.MySQL.Statements(query)
	if len(statements) != 1 {
		return "", nil, fmt.Errorf("a query must be one statement; this query has %d", len(statements))
	}

	if word := firstWord(statements[0].Text); !slices.Contains(readingWords, word) {
		return "", nil, fmt.Errorf("a query may only read, but this query begins with %q; use a script to change data", word)
	}

	switch {
	case sqltext.MySQL.HasExecutableComment(statements[0].Text):
		return "", nil, errors.New("a query can't contain an executable comment, /*! … */")
	case sqltext.MySQL.Contains(statements[0].Text, "INTO"):
		// The read-only transaction prevents neither files (INTO OUTFILE) nor variables of the session.
		return "", nil, errors.New("a query may only read, but this query contains INTO; write a name that is into as `into`")
	}

	return sqltext.MySQL.BindQuery(statements[0].Text, bind)
}

// firstWord returns the first word of a statement, in upper case.
func firstWord(statement string) string {
	statement = strings.TrimLeft(statement, "( \t\r\n")

	end := strings.IndexFunc(statement, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' })
	if end < 0 {
		end = len(statement)
	}

	return strings.ToUpper(statement[:end])
}
