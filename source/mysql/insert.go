package mysql

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

const (
	maxPlaceholders = 65_535  // The server's limit of a prepared statement.
	maxBatch        = 1_000   // The maximum number of records of an INSERT.
	maxBatchBytes   = 1 << 20 // An INSERT with values of this size is sent.
)

// insert writes the rows with INSERT statements of many records each. With replaces, it uses REPLACE.
func (w *writer) insert(ctx context.Context, into source.Table, replaces bool) error {
	b := &batch{writer: w, capacity: max(1, min(maxBatch, maxPlaceholders/max(1, len(w.columns))))}
	b.statement = w.insertStatement(into, replaces)

	err := b.run(ctx)
	if b.full != nil {
		err = errors.Join(err, b.full.Close())
	}

	return err
}

// insertStatement returns a function that returns the statement for a number of records.
func (w *writer) insertStatement(into source.Table, replaces bool) func(records int) string {
	names := make([]string, len(w.columns))
	for i, column := range w.columns {
		names[i] = column.column
	}

	verb := "INSERT"
	if replaces {
		verb = "REPLACE"
	}

	head := verb + " INTO " + quoteTable(into) + " (" + database.Join(names, ", ", quote) + ") VALUES "
	record := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ") + "), "

	return func(records int) string { return head + strings.TrimSuffix(strings.Repeat(record, records), ", ") }
}

// batch collects the records of an INSERT.
type batch struct {
	writer    *writer
	statement func(records int) string
	capacity  int
	full      *sql.Stmt // The prepared statement for capacity records.
	values    []any
	records   int
	bytes     int
	written   int64
	value     []byte
}

// run reads and writes all records.
func (b *batch) run(ctx context.Context) error {
	for {
		record, err := b.writer.next(ctx)
		if err == io.EOF {
			return b.flush(ctx)
		}

		if err == nil {
			err = b.append(record)
		}

		if err == nil && (b.records == b.capacity || b.bytes >= maxBatchBytes) {
			err = b.flush(ctx)
		}

		if err != nil {
			return err
		}
	}
}

// append adds the encoded values of a record.
func (b *batch) append(record source.Record) error {
	for i := range b.writer.columns {
		column := &b.writer.columns[i]

		var err error
		if b.value, err = b.writer.encode(b.value[:0], column, record[i]); err != nil {
			return err
		}

		if record[i] == nil {
			b.values = append(b.values, nil)
		} else {
			b.values = append(b.values, string(b.value))
			b.bytes += len(b.value)
		}
	}

	b.records++

	return nil
}

// flush writes the collected records and checks the server's warnings.
func (b *batch) flush(ctx context.Context) error {
	if b.records == 0 {
		return nil
	}

	err := b.send(ctx)
	if err == nil {
		err = b.writer.checkWarnings(ctx, b.written)
	}

	b.written += int64(b.records)
	clear(b.values)
	b.values, b.records, b.bytes = b.values[:0], 0, 0

	return err
}

// send runs the INSERT of the collected records.
func (b *batch) send(ctx context.Context) error {
	var err error

	if b.records < b.capacity {
		_, err = b.writer.session.conn.ExecContext(ctx, b.statement(b.records), b.values...)
	} else {
		if b.full == nil {
			if b.full, err = b.writer.session.conn.PrepareContext(ctx, b.statement(b.capacity)); err != nil {
				return err
			}
		}

		_, err = b.full.ExecContext(ctx, b.values...)
	}

	return relocate(err, b.written)
}
