package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// cell is one column's value of the record that is read.
type cell struct {
	decode decoder
	value  any
	err    error
}

// Scan takes the library's value over while it is still lent.
func (c *cell) Scan(value any) error {
	c.value, c.err = nil, nil
	if value != nil {
		c.value, c.err = c.decode(value)
	}

	return nil
}

// stream are the records of a query that is running. It owns the session.
type stream struct {
	session   *session
	table     source.Table
	otherwise source.Code // Of errors that nobody knows.
	reject    func(source.Reject) error
	spoils    bool // Whether the query may have changed its session.

	cancel  context.CancelFunc // Ends the query, in the server too.
	ended   func() error       // Tells how the context ended with which the query was begun.
	follows <-chan struct{}    // The end of the context that Next was called with.
	follow  func() bool        // Ends the following.

	statement *sql.Stmt
	rows      *sql.Rows
	schema    source.Schema
	cells     []cell
	targets   []any
	record    source.Record
	count     int64
	isRead    bool // Whether all records were read.
	closed    bool
}

var (
	_ source.Rows    = (*stream)(nil)
	_ source.Locator = (*stream)(nil)
)

// open runs the query and learns the types of its columns, in which a table's knows more.
func (r *stream) open(ctx context.Context, query string, values []any, of *table) error {
	ctx, r.cancel = context.WithCancel(ctx)
	r.ended = ctx.Err
	r.session.unwatch()
	r.session.watch(ctx)

	// So that nothing that a procedure does can end the reading transaction and begin one that writes.
	err := r.session.execute(ctx, "SET SESSION TRANSACTION READ ONLY", "START TRANSACTION")
	if err == nil {
		err = r.run(ctx, query, values)
	}

	if err != nil {
		return err
	}

	return r.describe(of)
}

// run runs the query as a prepared statement: the binary protocol tells the whole of a FLOAT, of which the text protocol
// tells six digits, and takes half the time.
func (r *stream) run(ctx context.Context, query string, values []any) error {
	var err error
	if r.statement, err = r.session.conn.PrepareContext(ctx, query); err == nil {
		r.rows, err = r.statement.QueryContext(ctx, values...) //nolint:rowserrcheck // Next checks it.
	} else if number(err) == errNotPreparable && len(values) == 0 {
		r.rows, err = r.session.conn.QueryContext(ctx, query) //nolint:rowserrcheck // Next checks it.
	}

	return err
}

func (r *stream) describe(of *table) error {
	columns, err := r.rows.ColumnTypes()
	if err != nil {
		return err
	}

	if len(columns) == 0 {
		return &source.Error{
			Code: source.CodeQueryInvalid, Source: r.session.source.name,
			Message: "the query returns no columns", Hint: "give a SELECT",
		}
	}

	r.schema = make(source.Schema, len(columns))
	r.cells, r.targets = make([]cell, len(columns)), make([]any, len(columns))
	r.record = make(source.Record, len(columns))

	for i, column := range columns {
		precision, scale, hasPrecision := column.DecimalSize()
		found := fromWire(column.DatabaseTypeName(), precision, scale, hasPrecision)
		described := source.Column{Name: column.Name()}

		if of != nil {
			if field := of.field(column.Name()); field != nil {
				found = field.native
				described.Updateable = of.isBase() && !field.generated
			}
		}

		described.Standard, described.Native = found.read()
		r.schema[i], r.cells[i].decode = described, decoderOf(described.Type)
		r.targets[i] = &r.cells[i]
	}

	return nil
}

func (r *stream) Schema() source.Schema { return r.schema }

// Location tells which record was read last.
func (r *stream) Location() string { return fmt.Sprintf("record %d", r.count) }

func (r *stream) Next(ctx context.Context) (source.Record, error) {
	if r.isRead {
		return nil, io.EOF
	}

	if r.closed {
		return nil, errors.New("the rows are closed already")
	}

	r.watch(ctx)

	for r.rows.Next() {
		r.count++

		if err := r.rows.Scan(r.targets...); err != nil {
			return nil, r.failed(ctx, err)
		}

		problem := r.take()
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

// watch lets the end of the context that Next was called with end the query, too.
func (r *stream) watch(ctx context.Context) {
	done := ctx.Done()
	if done == r.follows {
		return
	}

	if r.follow != nil {
		r.follow()
	}

	r.follows, r.follow = done, context.AfterFunc(ctx, r.cancel)
}

// take makes a record of the cells.
func (r *stream) take() *source.Error {
	for i := range r.cells {
		if err := r.cells[i].err; err != nil {
			return &source.Error{
				Code: source.CodeRecordInvalid, Source: r.session.source.name, Table: r.table.String(),
				Message: fmt.Sprintf("%s, column %q: %v", r.Location(), r.schema[i].Name, err),
				Hint:    "correct the value, or read the table with a query in which CAST(… AS CHAR) makes the column text",
				Err:     err,
			}
		}

		r.record[i] = r.cells[i].value
	}

	return nil
}

// text shows what of a record could be read.
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

// failed says why the records ended.
func (r *stream) failed(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}

	if ended := r.ended(); ended != nil {
		return ended
	}

	return r.session.source.classify(ctx, r.table, r.otherwise, err)
}

// finish gives the connection back after the last record, and with it the table, which others may want to replace: whoever
// writes rows does not close them.
func (r *stream) finish(ctx context.Context) error {
	r.isRead = true

	err := r.rows.Close()
	if r.statement != nil {
		err = errors.Join(err, r.statement.Close())
	}

	if err == nil {
		err = r.session.execute(ctx, "COMMIT", "SET SESSION TRANSACTION READ WRITE")
	}

	if r.spoils {
		r.session.discard()
	} else {
		r.session.release(err)
	}

	r.end()

	return io.EOF
}

// Close ends the query where it is still running. The library would read all of its records first; so the connection ends,
// in the server too.
func (r *stream) Close() error {
	if r.closed || r.isRead {
		return nil
	}

	r.closed = true

	if r.rows == nil { // Nothing runs that would have to be ended.
		r.session.unwatch()
	}

	r.cancel()
	r.session.unwatch() // It waits until the server has been told.

	if r.rows != nil {
		_ = r.rows.Close() // It reports that the connection has ended.
	}

	if r.statement != nil {
		_ = r.statement.Close()
	}

	r.session.discard()
	r.end()

	return nil
}

// end ends the contexts that the stream made.
func (r *stream) end() {
	if r.follow != nil {
		r.follow()
	}

	r.cancel()
}
