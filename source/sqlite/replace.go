package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// ReplaceTable drops the table, creates it with the columns of rows and fills it, all in one transaction.
func (s *Source) ReplaceTable(ctx context.Context, table string, rows source.Rows) (int64, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, s.classify(table, err)
	}

	count, err := replaceTable(ctx, tx, s.name, table, rows)
	if err == nil {
		err = tx.Commit()
	} else if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
		err = errors.Join(err, rollback)
	}

	if err != nil {
		return 0, s.classify(table, err)
	}

	return count, nil
}

func replaceTable(ctx context.Context, tx *sql.Tx, sourceName, table string, rows source.Rows) (int64, error) {
	schema := rows.Schema()
	columns, values := make([]string, len(schema)), make([]string, len(schema))

	for i, column := range schema {
		columns[i] = quote(column.Name) + " " + declaration(column.Type)
		values[i] = "?"
	}

	for _, statement := range []string{
		"DROP TABLE IF EXISTS " + quote(table),
		"CREATE TABLE " + quote(table) + " (" + strings.Join(columns, ", ") + ")",
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return 0, err
		}
	}

	insert, err := tx.PrepareContext(ctx, "INSERT INTO "+quote(table)+" VALUES ("+strings.Join(values, ", ")+")")
	if err != nil {
		return 0, err
	}
	defer insert.Close() //nolint:errcheck // The transaction's end closes it too and reports what counts.

	held := make([]any, len(schema))

	for count := int64(0); ; count++ {
		record, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return count, nil
		}

		if err != nil {
			return 0, err
		}

		for i, value := range record {
			if held[i], err = toSQLite(schema[i].Type, value); err != nil {
				return 0, &source.Error{
					Code: source.CodeRecordInvalid, Source: sourceName, Table: table,
					Message: fmt.Sprintf("record %d, column %q: %v", count+1, schema[i].Name, err), Err: err,
				}
			}
		}

		if _, err := insert.ExecContext(ctx, held...); err != nil {
			return 0, err
		}
	}
}

// quote writes a name as an SQL identifier.
func quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
