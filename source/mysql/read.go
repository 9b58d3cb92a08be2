package mysql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// ReadTable streams the records of one table or view, as they were when the reading began. Until its end, the table can be
// written to but not replaced.
func (s *Source) ReadTable(ctx context.Context, read source.Read) (source.Rows, error) {
	session, err := s.connect(ctx, s.reading)
	if err != nil {
		return nil, s.classify(ctx, read.Table, source.CodeUnavailable, err)
	}

	rows := &stream{session: session, table: read.Table, otherwise: source.CodeUnavailable, reject: read.Reject}
	name := session.resolve(read.Table)

	of, err := session.describe(ctx, name)
	if err != nil {
		session.release(err)

		return nil, s.classify(ctx, read.Table, source.CodeUnavailable, err)
	}

	if err := rows.open(ctx, "SELECT * FROM "+quoteTable(name), nil, of); err != nil {
		_ = rows.Close() // What matters is why it could not be opened.

		return nil, s.classify(ctx, read.Table, source.CodeUnavailable, err)
	}

	return rows, nil
}

// Query streams the records that a query returns. The columns of its result have the types that the server sends, which
// tell less than those of tables: see [Types].
func (s *Source) Query(ctx context.Context, query string, bind map[string]any) (source.Rows, error) {
	text, values, err := readable(query, bind)
	if err != nil {
		return nil, s.invalidQuery(err.Error(), "correct the query")
	}

	session, err := s.connect(ctx, s.reading)
	if err != nil {
		return nil, s.classify(ctx, source.Table{}, source.CodeUnavailable, err)
	}

	rows := &stream{session: session, otherwise: source.CodeQueryInvalid, spoils: true}

	if err := rows.open(ctx, text, values, nil); err != nil {
		_ = rows.Close() // What matters is why it could not be opened.

		return nil, s.classify(ctx, source.Table{}, source.CodeQueryInvalid, err)
	}

	return rows, nil
}

// readers are the words with which statements begin that only read. What a procedure does, the transaction watches.
var readers = []string{"SELECT", "WITH", "TABLE", "VALUES", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "CALL"}

// readable returns a query for the server, if it is one that only reads.
func readable(query string, bind map[string]any) (text string, values []any, err error) {
	statements := sqltext.MySQL.Statements(query)
	if len(statements) != 1 {
		return "", nil, fmt.Errorf("a query is one statement, and this has %d", len(statements))
	}

	if word := firstWord(statements[0].Text); !slices.Contains(readers, word) {
		return "", nil, fmt.Errorf("a query only reads, and this begins with %q; run what changes data as a script", word)
	}

	text, values, used, err := sqltext.MySQL.Bind(statements[0].Text, bind)
	if err == nil {
		err = sqltext.Unused(bind, used)
	}

	return text, values, err
}

// firstWord is the first word of a statement, in capitals.
func firstWord(statement string) string {
	statement = strings.TrimLeft(statement, "( \t\r\n")

	end := strings.IndexFunc(statement, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' })
	if end < 0 {
		end = len(statement)
	}

	return strings.ToUpper(statement[:end])
}
