package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/jobwright/jobwright/source"
)

// WriteTable writes rows to a table.
//
// A table that is replaced, or that is missing and has to be made, is made beside under another name that begins with
// jobwright_, filled, and put in its place by one RENAME TABLE. That waits for those who read the table, for a minute at
// most. Indexes, triggers and foreign keys of a table that is replaced are gone; it can't be replaced while foreign keys of
// other tables point to it.
//
// Everything else is one transaction of InnoDB, which also adds the record to the ledger; tables of engines without
// transactions are refused. Upsert, Update and Delete load the records into a temporary table first. The collations of the
// table's columns decide whether two keys are equal; of several written records with the same key, the last one counts.
// Columns that an Upsert does not write keep the values of existing records.
//
// A write takes effect exactly once in every mode; an attempt that finds a record in the ledger reads no rows. The record of a
// replaced or created table is added right after the table has been renamed, and the table's comment identifies the step: an
// attempt that finds the comment adds the record that an earlier one could not add, with the number of records that the table
// has. An earlier attempt that is still running is given a second, and then its connection is killed; if that is not possible,
// the error is retryable.
func (s *Source) WriteTable(ctx context.Context, write source.Write, rows source.Rows) (source.Written, error) {
	session, err := s.connect(ctx, s.writing)
	if err != nil {
		return source.Written{}, s.classify(ctx, write.Table, source.CodeUnavailable, err)
	}

	w := &writer{session: session, write: write, table: session.resolve(write.Table), rows: rows}
	written, err := w.run(ctx)
	session.release(err)

	if err == nil {
		return written, nil
	}

	// What the rows report is theirs, and nothing that this source would know better.
	if reading := new(readingError); errors.As(err, &reading) {
		return source.Written{}, reading.err
	}

	return source.Written{}, s.classify(ctx, write.Table, source.CodeRecordInvalid, err)
}

// readingError is an error of the rows that are written.
type readingError struct{ err error }

func (e *readingError) Error() string { return e.err.Error() }

func (e *readingError) Unwrap() error { return e.err }

// writer is one write.
type writer struct {
	session *session
	write   source.Write
	table   source.Table // With its space.
	rows    source.Rows
	attempt *attempt // Adds the record to the ledger.
	columns []target
	count   int64 // How many records were read.
}

// target is a column that is written.
type target struct {
	field

	encode   encoder
	isHex    bool // Whether LOAD DATA gets it in hexadecimal digits.
	required bool // Whether it can't be NULL.
}

func newTarget(of field, encode encoder, required bool) target {
	return target{field: of, encode: encode, isHex: of.isBytes(), required: required}
}

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
		return source.Written{}, w.invalid("its engine can't take back what was written when a write fails halfway",
			"ALTER TABLE … ENGINE=InnoDB, or replace the table")
	}

	if err := w.aim(found); err != nil {
		return source.Written{}, err
	}

	if w.write.Mode.Keyed() {
		return w.merge(ctx, found)
	}

	return w.fill(ctx)
}

// aim finds the columns of the table that are written.
func (w *writer) aim(found *table) error {
	for _, column := range w.rows.Schema() {
		field := found.field(column.Name)
		encode, err := encoderFor(column.Standard, field.native)
		if err != nil {
			return w.invalid(
				fmt.Sprintf("column %q: %s can't hold values of type %s", column.Name, field.native, column.Standard),
				"give the column another type in columnTypes, or change the table")
		}

		required := w.isKey(column.Name) || !field.nullable && !field.automatic
		w.columns = append(w.columns, newTarget(*field, encode, required))
	}

	return nil
}

func (w *writer) isKey(column string) bool { return slices.Contains(w.write.Key, column) }

// fill adds the records to the table, from which it removes those that were there for a refill. TRUNCATE would be at once
// what everybody sees.
func (w *writer) fill(ctx context.Context) (source.Written, error) {
	err := w.session.transaction(ctx, func() error {
		if w.write.Mode == source.Refill {
			if err := w.session.execute(ctx, "DELETE FROM "+quoteTable(w.table)); err != nil {
				return err
			}
		}

		if err := w.load(ctx, w.table, false); err != nil {
			return err
		}

		return w.attempt.record(ctx, w.result(source.Written{Rows: w.count}))
	})

	return w.result(source.Written{Rows: w.count}), err
}

// result returns written with the files from which the rows were read.
func (w *writer) result(written source.Written) source.Written { return w.write.Recorded(written) }

// next reads a record.
func (w *writer) next(ctx context.Context) (source.Record, error) {
	record, err := w.rows.Next(ctx)
	if err == io.EOF {
		return nil, err
	}

	if err != nil {
		return nil, &readingError{err}
	}

	w.count++

	return record, nil
}

// wrong is the error for a value that its column can't hold.
func (w *writer) wrong(column string, err error) error {
	return w.invalid(fmt.Sprintf("%s, column %q: %v", w.location(), column, err),
		"correct the value, or give the column another type in columnTypes")
}

// errRequired is for a column that can't be NULL.
var errRequired = errors.New("it is NULL, which is neither a key nor a value of a column that is NOT NULL")

func (w *writer) location() string {
	if locator, ok := w.rows.(source.Locator); ok {
		return locator.Location()
	}

	return fmt.Sprintf("record %d", w.count)
}

// invalid is the error for what can't be written.
func (w *writer) invalid(message, hint string) error {
	return &source.Error{
		Code: source.CodeRecordInvalid, Source: w.session.source.name, Table: w.write.Table.String(),
		Message: message, Hint: hint,
	}
}
