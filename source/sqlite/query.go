package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// ReadTable streams the records of one table or view.
func (s *Source) ReadTable(ctx context.Context, read source.Read) (source.Rows, error) {
	if err := s.noSpace(read.Table); err != nil {
		return nil, err
	}

	return s.stream(ctx, read.Table, func(r *queryRows) error {
		definition, err := r.c.table(read.Table.Name)
		if err != nil {
			return err
		}

		prepared, err := r.c.prepare("SELECT * FROM " + quote(read.Table.Name))
		if err != nil {
			return err
		}

		if err := r.open(prepared, nil); err != nil {
			return err
		}

		updateable := definition.names()
		for i, column := range r.schema {
			r.schema[i].Updateable = slices.Contains(updateable, column.Name)
		}

		return nil
	})
}

// Query streams the records that a SELECT returns.
func (s *Source) Query(ctx context.Context, query string, bind map[string]any) (source.Rows, error) {
	text, values, err := sqltext.SQLite.BindQuery(query, bind)
	if err != nil {
		return nil, sqltext.Invalid(s.name, err, sqltext.QueryHint)
	}

	return s.stream(ctx, source.Table{}, func(r *queryRows) error {
		r.unrestrict = r.c.restrict(denyInQuery)

		prepared, err := r.c.prepareQuery(text)
		if err != nil {
			return err
		}

		return r.open(prepared, values)
	})
}

// stream gets a connection, calls open to prepare the rows' statement on it, and returns the rows, which own the connection.
func (s *Source) stream(ctx context.Context, table source.Table, open func(*queryRows) error) (source.Rows, error) {
	c, err := s.readers.get(ctx, busyTimeout)
	if err != nil {
		return nil, s.classify(ctx, table, err)
	}

	r := &queryRows{source: s, table: table, c: c, unwatch: c.watch(ctx), watched: ctx.Done(), unrestrict: func() {}}

	if err := open(r); err != nil {
		return nil, errors.Join(s.classify(ctx, table, err), r.Close())
	}

	return r, nil
}

// inferenceRecords is the number of records that infer the types of columns whose declaration implies none.
const inferenceRecords = 100

// queryRows streams a statement's records. It owns its connection.
type queryRows struct {
	source *Source
	table  source.Table
	schema source.Schema

	mu         sync.Mutex // A statement must not be closed while it runs.
	closed     atomic.Bool
	c          *connection
	statement  *statement
	unwatch    func()
	unrestrict func()
	watched    <-chan struct{} // The Done channel of the watched context.

	value    columnValue
	record   source.Record
	buffered [][]columnValue // Read to infer types, and not yet returned.
	size     int             // The size of the buffered values in bytes.
	done     bool            // Whether the statement has returned its last record.
	count    int64
}

var _ source.Rows = (*queryRows)(nil)

// open runs a statement, which the rows then own, up to its first record. An error that occurs only when the statement runs is
// thus returned before the first call of Next.
func (r *queryRows) open(prepared *statement, values []any) error {
	r.statement = prepared

	if err := r.statement.bind(values); err != nil {
		return err
	}

	if r.statement.columnCount() == 0 {
		return &source.Error{
			Code: source.CodeQueryInvalid, Source: r.source.name,
			Message: "the query returns no columns", Hint: "write a SELECT statement",
		}
	}

	// The first step compiles the statement again if the schema has changed, so the columns are those after it.
	row, err := r.statement.step()
	if err != nil {
		return err
	}

	for i := range r.statement.columnCount() {
		name, declared := r.statement.column(i)
		r.schema = append(r.schema, source.Column{Name: name, Native: native(declared), Standard: standard(declared)})
	}

	r.record = make(source.Record, len(r.schema))

	return r.inferTypes(row)
}

// inferTypes sets the type of each column whose declaration implies none: the type of its first value that is not NULL, or
// text if the first records have no such value. It buffers the records that it reads, at least the first one; row is whether
// there is one.
func (r *queryRows) inferTypes(row bool) error {
	untyped := func() bool {
		return slices.ContainsFunc(r.schema, func(column source.Column) bool { return column.Type == "" })
	}

	for row {
		if err := r.buffer(); err != nil {
			return err
		}

		if len(r.buffered) == inferenceRecords || r.size >= source.MaxRecord || !untyped() {
			break
		}

		var err error
		if row, err = r.statement.step(); err != nil {
			return err
		}
	}

	r.done = !row

	for i := range r.schema {
		column := &r.schema[i]
		if column.Type == "" {
			column.Type = source.Text
		}

		if column.Native.TypeStr == "" {
			column.Native = native(declaration(column.Standard))
		}
	}

	return nil
}

// buffer copies the statement's current record and infers the types of its columns.
func (r *queryRows) buffer() error {
	record := make([]columnValue, len(r.schema))
	size := 0

	for i := range record {
		value := &record[i]
		r.statement.read(i, value)

		if size += value.size(); size > source.MaxRecord {
			return source.RecordTooLarge(fmt.Sprintf("record %d", len(r.buffered)+1))
		}

		value.bytes = slices.Clone(value.bytes)

		if r.schema[i].Type == "" && value.class != classNull {
			r.schema[i].Type = typeOf(value)
		}
	}

	r.buffered = append(r.buffered, record)
	r.size += size

	return nil
}

func (r *queryRows) Schema() source.Schema { return r.schema }

// Next returns the next record. It returns when ctx ends, even while SQLite runs the statement.
func (r *queryRows) Next(ctx context.Context) (source.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	r.mu.Lock()
	defer r.mu.Unlock()

	if r.closed.Load() {
		return nil, r.source.classify(ctx, r.table, errClosed)
	}

	if done := ctx.Done(); done != r.watched { // Usually all calls pass the same context.
		r.unwatch()
		r.unwatch, r.watched = r.c.watch(ctx), done
	}

	row, err := r.next()
	if err != nil {
		return nil, r.source.classify(ctx, r.table, err)
	}

	if !row {
		return nil, io.EOF
	}

	return r.record, nil
}

// next decodes the next record into r.record, and reports whether there is one.
func (r *queryRows) next() (bool, error) {
	if len(r.buffered) > 0 {
		values := r.buffered[0]
		r.buffered = r.buffered[1:]

		return true, r.decode(func(i int) *columnValue { return &values[i] })
	}

	if r.done {
		return false, nil
	}

	row, err := r.statement.step()
	if err != nil || !row {
		r.done = true

		return false, err
	}

	return true, r.decode(func(i int) *columnValue {
		r.statement.read(i, &r.value)

		return &r.value
	})
}

// decode decodes the values of a record into r.record.
func (r *queryRows) decode(value func(i int) *columnValue) error {
	r.count++
	size := 0

	for i := range r.record {
		native := value(i)
		if size += native.size(); size > source.MaxRecord {
			return source.RecordTooLarge(fmt.Sprintf("record %d", r.count))
		}

		var err error
		if r.record[i], err = decode(r.schema[i].Standard, native); err != nil {
			return &source.Error{
				Code: source.CodeRecordInvalid, Source: r.source.name, Table: r.table.String(),
				Message: fmt.Sprintf("record %d, column %q: %v", r.count, r.schema[i].Name, err),
				Hint:    "correct the value, or CAST the column in a query",
				Err:     err,
			}
		}
	}

	return nil
}

// Close interrupts the statement if another goroutine runs it, closes it, and returns the connection to the pool.
func (r *queryRows) Close() error {
	if r.closed.Swap(true) {
		return nil
	}

	r.c.closing.Store(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.c.closing.Store(false)

	if r.statement != nil {
		r.c.queries.put(r.statement)
	}

	r.unrestrict()
	r.unwatch()
	r.source.readers.put(r.c)

	return nil
}
