package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jobwright/jobwright/source"
)

// batchRecords is how many records one statement writes, where it can: a statement a record took a quarter longer, and more
// records a statement took no less.
const batchRecords = 10

// loader runs statements for each record.
type loader struct {
	source  string
	table   source.Table
	c       *connection
	targets []target
	encoder encoder

	many *statement   // Writes batchRecords at once; nil where there is no such statement.
	each []*statement // Write one record, one after the other.

	pending []bound // The values of the records that wait to be written.
	waiting int     // How many records that are.
	count   int64   // How many records were read.
	failed  error   // Why reading the records failed.
	changed int64   // How many records of the table the statements changed one by one.
}

// newLoader prepares the statements that write a record: many, which may be empty, writes batchRecords of them.
func newLoader(c *connection, targets []target, many string, each []string) (*loader, error) {
	memory, err := newArena(c)
	if err != nil {
		return nil, err
	}

	l := &loader{c: c, targets: targets, encoder: encoder{arena: memory}, pending: make([]bound, batchRecords*len(targets))}

	for _, text := range each {
		prepared, err := c.prepare(text)
		if err != nil {
			l.close()

			return nil, err
		}

		l.each = append(l.each, prepared)
	}

	if many != "" {
		if l.many, err = c.prepare(many); err != nil {
			l.close()

			return nil, err
		}
	}

	return l, nil
}

func (l *loader) close() {
	for _, prepared := range l.each {
		prepared.close()
	}

	if l.many != nil {
		l.many.close()
	}

	l.encoder.arena.close()
}

// load writes all records of rows.
func (l *loader) load(ctx context.Context, rows source.Rows) error {
	for {
		record, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return l.flush()
		}

		if err != nil {
			l.failed = err

			return err
		}

		l.count++

		if err := l.add(rows, record); err != nil {
			return err
		}
	}
}

// add takes a record, and writes those that wait when they are enough.
func (l *loader) add(rows source.Rows, record source.Record) error {
	values := l.pending[l.waiting*len(l.targets):]

	for i := range l.targets {
		if err := l.encoder.encode(&l.targets[i], record[i], &values[i]); err != nil {
			return l.invalid(rows, l.targets[i].name, err)
		}
	}

	l.waiting++
	if l.waiting < batchRecords {
		return nil
	}

	return l.flush()
}

// invalid is the error for a value that can't be written.
func (l *loader) invalid(rows source.Rows, column string, err error) error {
	where := fmt.Sprintf("record %d", l.count)
	if locator, ok := rows.(source.Locator); ok {
		where = locator.Location()
	}

	return &source.Error{
		Code: source.CodeRecordInvalid, Source: l.source, Table: l.table.String(),
		Message: fmt.Sprintf("%s, column %q: %v", where, column, err),
		Hint:    "correct the value, or the type of the column",
		Err:     err,
	}
}

// flush writes the records that wait.
func (l *loader) flush() error {
	err := l.write()
	l.waiting = 0
	l.encoder.arena.clear()

	return err
}

func (l *loader) write() error {
	if l.many != nil && l.waiting == batchRecords {
		err := l.run(l.many, l.pending)

		// It does not tell which of the records it could not write, but was undone: each by itself will.
		if native, ok := errors.AsType[*nativeError](err); !ok || native.code&primaryCode != sqlite3.SQLITE_CONSTRAINT ||
			!l.c.inTransaction() {
			return err
		}
	}

	for i := range l.waiting {
		values := l.pending[i*len(l.targets) : (i+1)*len(l.targets)]

		for _, statement := range l.each {
			if err := l.run(statement, values); err != nil {
				return place(err, fmt.Sprintf("record %d", l.count-int64(l.waiting)+int64(i)+1))
			}

			l.changed += l.c.lastChanges()
		}
	}

	return nil
}

// run runs a statement with those values.
func (l *loader) run(prepared *statement, values []bound) error {
	for i := range min(len(values), prepared.parameters()) {
		if err := prepared.bindValue(i+1, &values[i]); err != nil {
			return err
		}
	}

	_, err := prepared.step()
	prepared.reset()

	return err
}
