package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/go-sql-driver/mysql"
)

// checkWarnings returns an error for the first warning or note about the statement that has just written records. A note may
// be the only sign of lost digits. before is the number of records that earlier statements have written.
func (w *writer) checkWarnings(ctx context.Context, before int64) error {
	return w.session.each(ctx, "SHOW WARNINGS LIMIT 1", nil, func(rows *sql.Rows) error {
		var (
			level   string
			warning mysql.MySQLError
		)

		if err := rows.Scan(&level, &warning.Number, &warning.Message); err != nil {
			return err
		}

		return relocate(&warning, before)
	})
}

// atRow matches the number of the statement's row in a message of the server.
var atRow = regexp.MustCompile(` at row (\d+)$`)

// relocate replaces the number of the statement's row in an error's message by the number of the record.
func relocate(err error, before int64) error {
	var native *mysql.MySQLError
	if !errors.As(err, &native) {
		return err
	}

	found := atRow.FindStringSubmatchIndex(native.Message)
	if found == nil {
		return err
	}

	row, parsed := strconv.ParseInt(native.Message[found[2]:found[3]], 10, 64)
	if parsed != nil {
		return err
	}

	return &mysql.MySQLError{
		Number: native.Number, SQLState: native.SQLState,
		Message: fmt.Sprintf("record %d: %s", before+row, native.Message[:found[0]]),
	}
}
