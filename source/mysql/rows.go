package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// cell is the value of a column in the current record.
type cell struct {
	decode decoder
	value  any
	err    error
}

// Scan implements sql.Scanner. It decodes the value before the library reuses its bytes.
func (c *cell) Scan(value any) error {
	c.value, c.err = nil, nil
	if value != nil {
		c.value, c.err = c.decode(value)
	}

	return nil
}

// stream returns the records of a running query. It owns the session.
type stream struct {
	session        *session
	table          source.Table
	fallback       source.Code // The code of errors that classify does not recognize.
	reject         func(source.Reject) error
	changesSession bool // Whether the query may have changed the session's state.

	cancel  context.CancelFunc // Terminates the query, also in the server.
	openErr func() error       // Returns the error of the context that open received.
	watch   database.Watch     // Of the context that Next received last.

	statement *sql.Stmt
	rows      *sql.Rows
	schema    source.Schema
	cells     []cell
	targets   []any
	record    source.Record
	count     int64
	isRead    bool // Whether all records have been read.
	closed    bool
}

var (
	_ source.Rows    = (*stream)(nil)
	_ source.Locator = (*stream)(nil)
)

// open runs the query and determines the types of its columns. If the query reads a table, found describes it.
func (r *stream) open(ctx context.Context, query string, values []any, found *table) error {
	ctx, r.cancel = context.WithCancel(ctx)
	r.openErr = ctx.Err
	r.session.unwatch()
	r.session.watch(ctx)

	// The session is read-only too: a procedure could end this transaction and begin one that writes.
	err := r.session.execute(ctx, "SET SESSION TRANSACTION READ ONLY", "START TRANSACTION")
	if err == nil {
		err = r.run(ctx, query, values)
	}

	if err != nil {
		return err
	}

	return r.describe(found)
}

// run runs the query as a prepared statement: the binary protocol returns all digits of a FLOAT, of which the text protocol
// returns six, and takes half the time.
func (r *stream) run(ctx context.Context, query string, values []any) error {
	var err error
	if r.statement, err = r.session.conn.PrepareContext(ctx, query); err == nil {
		r.rows, err = r.statement.QueryContext(ctx, values...) //nolint:rowserrcheck // Next checks it.
	} else if number(err) == errNotPreparable && len(values) == 0 {
		r.rows, err = r.session.conn.QueryContext(ctx, query) //nolint:rowserrcheck // Next checks it.
	}

	return err
}

// describe sets the schema and the decoders of the columns.
func (r *stream) describe(found *table) error {
	columns, err := r.rows.ColumnTypes()
	if err != nil {
		return err
	}

	if len(columns) == 0 {
		return &source.Error{
			Code: source.CodeQueryInvalid, Source: r.session.source.name,
			Message: "the query returns no columns", Hint: "use a SELECT",
		}
	}

	r.schema = make(source.Schema, len(columns))
	r.cells, r.targets = make([]cell, len(columns)), make([]any, len(columns))
	r.record = make(source.Record, len(columns))

	for i, column := range columns {
		precision, scale, hasPrecision := column.DecimalSize()
		of := fromWire(column.DatabaseTypeName(), precision, scale, hasPrecision)
		described := source.Column{Name: column.Name()}

		if found != nil {
			if field := found.field(column.Name()); field != nil {
				of = field.native
				described.Updateable = found.isBase() && !field.generated
			}
		}

		described.Standard, described.Native = of.read()
		r.schema[i], r.cells[i].decode = described, decoderOf(described.Type)
		r.targets[i] = &r.cells[i]
	}

	return nil
}

func (r *stream) Schema() source.Schema { return r.schema }

// Location returns the number of the record that was read last.
func (r *stream) Location() string { return fmt.Sprintf("record %d", r.count) }

func (r *stream) Next(ctx context.Context) (source.Record, error) {
	if r.isRead {
		return nil, io.EOF
	}

	if r.closed {
		return nil, errors.New("the rows are closed already")
	}

	r.watch.Until(ctx, r.cancel)

	for r.next() {
		r.count++

		if err := r.rows.Scan(r.targets...); err != nil {
			return nil, r.failed(ctx, err)
		}

		problem := r.decode()
		if problem == nil && r.session.limit.isNear() && r.record.Size() > source.MaxRecord {
			return nil, r.failed(ctx, source.RecordTooLarge(r.Location()))
		}

		if problem == nil {
			return r.record, nil
		}

		if r.reject == nil {
			return nil, problem
		}

		if err := r.reject(source.Reject{Location: r.Location(), Message: problem.Message, Text: r.text()}); err != nil {
			return nil, err
		}
	}

	if err := r.rows.Err(); err != nil {
		return nil, r.failed(ctx, err)
	}

	return nil, r.finish(ctx)
}

// next reads a record of limited size, and reports whether there is one.
func (r *stream) next() bool {
	r.session.limit.begin()

	return r.rows.Next()
}

// decode sets r.record to the decoded values of the cells.
func (r *stream) decode() *source.Error {
	for i := range r.cells {
		if err := r.cells[i].err; err != nil {
			return &source.Error{
				Code: source.CodeRecordInvalid, Source: r.session.source.name, Table: r.table.String(),
				Message: fmt.Sprintf("%s, column %q: %v", r.Location(), r.schema[i].Name, err),
				Hint:    "correct the value, or read the table with a query that converts the column with CAST(… AS CHAR)",
				Err:     err,
			}
		}

		r.record[i] = r.cells[i].value
	}

	return nil
}

// text returns the readable values of the current record as text.
func (r *stream) text() string {
	var text strings.Builder

	for i, cell := range r.cells {
		if i > 0 {
			text.WriteString(", ")
		}

		text.WriteString(r.schema[i].Name + "=")

		switch written, err := source.AppendText(nil, r.schema[i].Standard, cell.value); {
		case cell.err != nil:
			text.WriteString("?")
		case cell.value == nil:
			text.WriteString("NULL")
		case err == nil:
			text.WriteString(source.Quote(written))
		}
	}

	return text.String()
}

// failed returns the error of a context that has ended, or err classified.
func (r *stream) failed(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}

	if ended := r.openErr(); ended != nil {
		return ended
	}

	if r.session.limit.exceeded { // The library reports a lost connection.
		err = source.RecordTooLarge(fmt.Sprintf("record %d", r.count+1))
	}

	return r.session.source.classify(ctx, r.table, r.fallback, err)
}

// finish ends the transaction and releases the connection after the last record, before Close is called, so that the table can
// be replaced.
func (r *stream) finish(ctx context.Context) error {
	r.isRead = true

	err := r.rows.Close()
	if r.statement != nil {
		err = errors.Join(err, r.statement.Close())
	}

	if err == nil {
		err = r.session.execute(ctx, "COMMIT", "SET SESSION TRANSACTION READ WRITE")
	}

	if r.changesSession {
		r.session.discard()
	} else {
		r.session.release(err)
	}

	r.end()

	return io.EOF
}

// Close terminates the query if it is still running. It kills the connection, because the library would read all remaining
// records first.
func (r *stream) Close() error {
	if r.closed || r.isRead {
		return nil
	}

	r.closed = true

	if r.rows == nil { // No query is running.
		r.session.unwatch()
	}

	r.cancel()
	r.session.unwatch() // It waits until the server has terminated the query.

	if r.rows != nil {
		_ = r.rows.Close() // The error is that the connection has ended.
	}

	if r.statement != nil {
		_ = r.statement.Close()
	}

	r.session.discard()
	r.end()

	return nil
}

// end releases the contexts.
func (r *stream) end() {
	r.watch.Stop()
	r.cancel()
}
