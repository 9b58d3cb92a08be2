package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// WriteTable writes rows to a table.
//
// To replace or create a table, it creates and fills a table with another name that begins with jobwright_, and then renames
// it with one RENAME TABLE, which waits at most a minute for readers of the replaced table. The replacement does not have the
// indexes, triggers and foreign keys of the replaced table. A table can't be replaced while foreign keys of other tables
// reference it.
//
// All other writes are one InnoDB transaction, which also adds the record to the ledger; writes to tables of engines without
// transactions are errors. Upsert, Update and Delete load the records into a temporary table first. The collations of the
// table's columns decide whether two keys are equal; of several written records with the same key, the last takes effect.
// Columns that an Upsert does not write keep the values of existing records.
//
// A write takes effect exactly once in every mode; an attempt that finds a record in the ledger reads no rows. The record of a
// replaced or created table is added right after the table has been renamed, and the table's comment identifies the step: an
// attempt that finds the comment adds the record that an earlier attempt could not add, with the table's number of records.
// An earlier attempt that is still running has one second to finish; then its connection is killed. If that fails, the error
// is retryable.
func (s *Source) WriteTable(ctx context.Context, write source.Write, rows source.Rows) (source.Written, error) {
	w := &writer{write: write, rows: rows}

	var written source.Written

	err := s.on(ctx, s.writing, write.Table, source.CodeRecordInvalid, func(session *session) (err error) {
		w.session, w.table = session, session.resolve(write.Table)
		written, err = w.run(ctx)

		return err
	})
	if w.failed != nil { // An error of another source is returned unchanged.
		return source.Written{}, w.failed
	}

	return written, err
}

// writer is a running write.
type writer struct {
	session *session
	write   source.Write
	table   source.Table // The target, with its space.
	rows    source.Rows
	attempt *attempt // Adds the record to the ledger.
	columns []target
	count   int64 // The number of records read from rows.
	failed  error // The error of the rows, if reading them has failed.
}

// target is a written column.
type target struct {
	field

	encode   database.Encoder
	isHex    bool // Whether LOAD DATA's text contains hexadecimal digits.
	required bool // Whether NULL is an error.
}

func newTarget(of field, encode database.Encoder, required bool) target {
	return target{field: of, encode: encode, isHex: of.isBytes(), required: required}
}

// run writes the rows, unless the ledger has a record of the write.
func (w *writer) run(ctx context.Context) (source.Written, error) {
	if err := w.session.guardLedger(w.write.Table); err != nil {
		return source.Written{}, err
	}

	return w.session.once(ctx, w.write.IdempotencyKey, func(a *attempt) (source.Written, error) {
		w.attempt = a

		return w.change(ctx)
	})
}

// names are MySQL's rules for names.
var names = source.Names{FoldCase: true}

// change validates the write and writes the rows.
func (w *writer) change(ctx context.Context) (source.Written, error) {
	found, err := w.session.describe(ctx, w.table)
	if err != nil {
		return source.Written{}, err
	}

	if w.attempt.hasCreated(found) {
		return w.finish(ctx)
	}

	if w.write.Key, err = w.write.Validate(w.rows.Schema(), names); err != nil {
		return source.Written{}, err
	}

	if err := w.write.ValidateTarget(w.rows.Schema(), found.asTarget(), names); err != nil {
		return source.Written{}, err
	}

	switch {
	case found == nil || w.write.Mode == source.Replace:
		return w.replace(ctx, found)
	case !found.transactional:
		return source.Written{}, w.invalid("the table's engine has no transactions: it can't roll back a failed write",
			"ALTER TABLE … ENGINE=InnoDB, or replace the table")
	}

	if err := w.setColumns(found); err != nil {
		return source.Written{}, err
	}

	if w.write.Mode.Keyed() {
		return w.merge(ctx, found)
	}

	return w.insertAll(ctx)
}

// setColumns sets w.columns to the written columns of the table.
func (w *writer) setColumns(found *table) error {
	for _, column := range w.rows.Schema() {
		field := found.field(column.Name)
		encode, err := encoderFor(column.Standard, field.native)
		if err != nil {
			return w.invalid(
				fmt.Sprintf("column %q: %s can't store values of type %s", column.Name, field.native, column.Standard),
				"set another type for the column in columnTypes, or alter the table")
		}

		required := w.isKey(column.Name) || !field.nullable && !field.automatic
		w.columns = append(w.columns, newTarget(*field, encode, required))
	}

	return nil
}

func (w *writer) isKey(column string) bool { return slices.Contains(w.write.Key, column) }

// insertAll adds the records to the table. For a refill, it deletes the existing records in the same transaction: TRUNCATE
// would commit implicitly.
func (w *writer) insertAll(ctx context.Context) (source.Written, error) {
	err := w.session.transaction(ctx, func() error {
		if w.write.Mode == source.Refill {
			if err := w.session.execute(ctx, "DELETE FROM "+quoteTable(w.table)); err != nil {
				return err
			}
		}

		if err := w.load(ctx, w.table, false); err != nil {
			return err
		}

		return w.attempt.record(ctx, w.write.Recorded(source.Written{Rows: w.count}))
	})

	return w.write.Recorded(source.Written{Rows: w.count}), err
}

// next reads a record.
func (w *writer) next(ctx context.Context) (source.Record, error) {
	record, err := w.rows.Next(ctx)

	switch {
	case err == nil:
		w.count++
	case err != io.EOF:
		w.failed = err
	}

	return record, err
}

// encode appends the form of the value of a column. It appends nothing for NULL.
func (w *writer) encode(dst []byte, column *target, value any) (encoded []byte, err error) {
	switch {
	case value != nil:
		encoded, err = column.encode(dst, value)
	case column.required:
		err = errRequired
	default:
		return dst, nil
	}

	if err != nil {
		return nil, w.invalid(fmt.Sprintf("%s, column %q: %v", source.Location(w.rows, w.count), column.column, err),
			"correct the value, or set another type for the column in columnTypes")
	}

	return encoded, nil
}

// errRequired is the error for NULL in a required column.
var errRequired = errors.New("it is NULL, but the column is NOT NULL or belongs to the key")

// invalid returns the error for rows that can't be written.
func (w *writer) invalid(message, hint string) error {
	return &source.Error{
		Code: source.CodeRecordInvalid, Source: w.session.source.name, Table: w.write.Table.String(),
		Message: message, Hint: hint,
	}
}
