package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jobwright/jobwright/source"
)

// batchRecords is the number of records that one INSERT writes. Single-record statements took a quarter longer, and larger
// batches were no faster.
const batchRecords = 10

// batchBytes is the size in bytes of the large values from which pending records are written at once, one by one: a batch of
// records of the maximum size would take more memory than a connection may have.
const batchBytes = 1 << 20

// loader runs statements for each record of a write.
type loader struct {
	source  string
	table   source.Table
	c       *connection
	targets []target
	encoder encoder

	batch *statement   // Writes batchRecords records; nil if each record is written separately.
	each  []*statement // Write one record; they run in this order.

	pending []parameter // The values of the pending records.
	waiting int         // The number of pending records.
	count   int64       // The number of records read.
	failed  error       // Why reading the records failed.
	changed int64       // The number of the table's records that the statements in each have changed.
}

// newLoader prepares the statements: each for one record, and batch, which may be empty, for batchRecords records.
func newLoader(c *connection, targets []target, batch string, each []string) (*loader, error) {
	memory, err := newArena(c)
	if err != nil {
		return nil, err
	}

	l := &loader{c: c, targets: targets, encoder: encoder{arena: memory}, pending: make([]parameter, batchRecords*len(targets))}

	for _, text := range each {
		prepared, err := c.prepare(text)
		if err != nil {
			l.close()

			return nil, err
		}

		l.each = append(l.each, prepared)
	}

	if batch != "" {
		if l.batch, err = c.prepare(batch); err != nil {
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

	if l.batch != nil {
		l.batch.close()
	}

	l.encoder.arena.close()
}

// load writes all records of rows.
func (l *loader) load(ctx context.Context, rows source.Rows) error {
	if batches := source.BatchesOf(rows); batches != nil {
		return l.loadBatches(ctx, batches)
	}

	for {
		record, err := rows.Next(ctx)
		if err == io.EOF {
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

// loadBatches writes all records of batches.
func (l *loader) loadBatches(ctx context.Context, batches source.Batches) error {
	for {
		batch, err := batches.NextBatch(ctx)
		if err == io.EOF {
			return l.flush()
		}

		if err != nil {
			l.failed = err

			return err
		}

		before := l.count

		for at := range batch.Len {
			l.count++

			if err := l.addFrom(batch, at, before); err != nil {
				return err
			}
		}

		batch.Release()
	}
}

// add encodes a record, and writes the pending records when they fill a batch or are large.
func (l *loader) add(rows source.Rows, record source.Record) error {
	values := l.pending[l.waiting*len(l.targets):]

	for i := range l.targets {
		if err := l.encoder.encode(&l.targets[i], record[i], &values[i]); err != nil {
			return l.invalid(source.Location(rows, l.count), l.targets[i].name, err)
		}
	}

	return l.added()
}

// addFrom is like add for a record of a batch. before is the number of records before the batch.
func (l *loader) addFrom(batch *source.Batch, at int, before int64) error {
	values := l.pending[l.waiting*len(l.targets):]

	for i := range l.targets {
		if err := l.encoder.encodeAt(&l.targets[i], &batch.Columns[i], at, &values[i]); err != nil {
			return l.invalid(batch.Location(at, before), l.targets[i].name, err)
		}
	}

	return l.added()
}

// added counts a pending record, and writes the pending records if they fill a batch or are large.
func (l *loader) added() error {
	l.waiting++
	if l.waiting < batchRecords && l.encoder.arena.large < batchBytes {
		return nil
	}

	return l.flush()
}

// invalid returns the error for a value that can't be written.
func (l *loader) invalid(location, column string, err error) error {
	return &source.Error{
		Code: source.CodeRecordInvalid, Source: l.source, Table: l.table.String(),
		Message: fmt.Sprintf("%s, column %q: %v", location, column, err),
		Hint:    "correct the value, or the type of the column",
		Err:     err,
	}
}

// flush writes the pending records.
func (l *loader) flush() error {
	err := l.write()
	l.waiting = 0
	l.encoder.arena.reset()

	return err
}

func (l *loader) write() error {
	if l.batch != nil && l.waiting == batchRecords {
		err := l.run(l.batch, l.pending)

		// A violated constraint undoes the statement but does not identify the record. Writing them one by one does.
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

// run runs a statement with values for its parameters.
func (l *loader) run(prepared *statement, values []parameter) error {
	for i := range min(len(values), prepared.parameterCount()) {
		if err := prepared.bindParameter(i+1, &values[i]); err != nil {
			return err
		}
	}

	_, err := prepared.step()
	prepared.reset()

	return err
}
