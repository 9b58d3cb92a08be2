package mysql

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/go-sql-driver/mysql"
)

// checkWarnings returns an error for the first thing that the server remarked about the records that it just took, after
// those that were written before. A note is one too: it may be all that tells of lost digits.
func (w *writer) checkWarnings(ctx context.Context, before int64) error {
	rows, err := w.session.conn.QueryContext(ctx, "SHOW WARNINGS LIMIT 1")
	if err != nil {
		return err
	}
	defer rows.Close()

	var remark error

	if rows.Next() {
		var (
			level   string
			warning mysql.MySQLError
		)

		if err := rows.Scan(&level, &warning.Number, &warning.Message); err != nil {
			return err
		}

		remark = relocate(&warning, before)
	}

	return errors.Join(remark, rows.Err())
}

// atRow is where the server tells which row of its statement it means.
var atRow = regexp.MustCompile(` at row (\d+)$`)

// relocate says which record an error means.
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
