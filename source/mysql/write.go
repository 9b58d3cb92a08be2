package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// WriteTable writes rows to a table.
//
// A table that is replaced, or that is missing and has to be made, is made beside under another name that begins with
// jobwright_, filled, and put in its place by one RENAME TABLE. That waits for those who read the table, for a minute at
// most. Indexes, triggers and foreign keys of a table that is replaced are gone; it can't be replaced while foreign keys of
// other tables point to it.
//
// Everything else is one transaction of InnoDB, of which an effect's row in the ledger is a part; tables of engines that
// can't roll back are refused. Upsert, Update and Delete load the records into a temporary table first. A record's key is
// equal to another's where the table's columns say so by their collations, and the last of the records with one key counts.
// Columns that an Upsert does not write keep their values in records that are there already.
//
// An effect happens exactly once, in every mode; who finds it in the ledger reads no rows. That of a table which is put in
// its place is recorded right after that, and the table's comment tells who made it: an attempt that finds it there records
// what an earlier one could not. How many records it tells then is how many the table has. An older attempt that is still at
// work is given a second, and then its connection is ended; while it can't be, the error is a retryable one.
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
	entry   *entry // Records the effect.
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
	if err := w.session.protectLedger(w.table); err != nil {
		return source.Written{}, err
	}

	if err := w.checkKey(); err != nil {
		return source.Written{}, err
	}

	return w.session.once(ctx, w.write.IdempotencyKey, func(e *entry) (source.Written, error) {
		w.entry = e

		return w.change(ctx)
	})
}

// change writes the rows in the way of the mode.
func (w *writer) change(ctx context.Context) (source.Written, error) {
	found, err := w.session.describe(ctx, w.table)
	if err != nil {
		return source.Written{}, err
	}

	if found != nil && !found.isBase() {
		return source.Written{}, w.invalid(fmt.Sprintf("it is a %s, and only tables are written to", strings.ToLower(found.kind)),
			"write to the table behind it")
	}

	switch mode := w.write.Mode; {
	case w.entry.hasMade(found):
		return w.finish(ctx)
	case mode == source.Replace:
		return w.replace(ctx, found)
	case found == nil && (mode == source.Insert || mode == source.Update || mode == source.Delete):
		return source.Written{}, &source.Error{
			Code: source.CodeTableNotFound, Source: w.session.source.name, Table: w.write.Table.String(),
			Message: "the table is not there", Hint: "make it first, or correct its name",
		}
	case found == nil:
		return w.replace(ctx, nil)
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

// checkKey completes the key, and checks that its columns are written.
func (w *writer) checkKey() error {
	if !w.write.Mode.Keyed() {
		w.write.Key = nil

		return nil
	}

	names := w.rows.Schema().Names()
	if len(w.write.Key) == 0 && w.write.Mode == source.Delete {
		w.write.Key = names
	}

	if len(w.write.Key) == 0 {
		return w.invalid("there is no key by which to "+string(w.write.Mode), "name the columns that tell records")
	}

	for _, name := range w.write.Key {
		if !slices.Contains(names, name) {
			return w.invalid(fmt.Sprintf("the key's column %q is not among what is written", name),
				"the columns are "+strings.Join(names, ", "))
		}
	}

	return nil
}

// aim finds the columns of the table that are written.
func (w *writer) aim(found *table) error {
	for _, column := range w.rows.Schema() {
		field := found.field(column.Name)

		switch {
		case field == nil:
			return w.invalid(fmt.Sprintf("the table has no column %q", column.Name),
				"its columns are "+strings.Join(found.columns(), ", "))
		case field.generated:
			return w.invalid(fmt.Sprintf("the table itself computes the column %q", column.Name), "leave the column out")
		}

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

		return w.entry.record(ctx, source.Written{Rows: w.count})
	})

	return source.Written{Rows: w.count}, err
}

// next reads a record.
func (w *writer) next(ctx context.Context) (source.Record, error) {
	record, err := w.rows.Next(ctx)
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
