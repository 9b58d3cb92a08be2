package postgres

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
	"github.com/jobwright/jobwright/source/sqltext"
)

// ReadTable streams the records of a table or view from one snapshot.
func (s *Source) ReadTable(ctx context.Context, read source.Read) (source.Rows, error) {
	stream := &rows{source: s, table: read.Table, reject: read.Reject, ofTable: true}

	return stream.open(ctx, selectAll(read.Table), parameters{})
}

// Query streams the records of a query, which runs in a read-only transaction.
func (s *Source) Query(ctx context.Context, query string, bind map[string]any) (source.Rows, error) {
	text, values, err := sqltext.PostgreSQL.BindQuery(query, bind)

	var bound parameters
	if err == nil {
		bound, err = encodeParameters(values)
	}

	if err != nil {
		return nil, sqltext.Invalid(s.name, err, sqltext.QueryHint)
	}

	return (&rows{source: s}).open(ctx, text, bound)
}

// rows streams the records of a query from the server, at the reader's pace. It owns its session.
type rows struct {
	source  *Source
	table   source.Table
	ofTable bool // Whether the query reads a whole table, so that its columns may be updateable.
	reject  func(source.Reject) error

	session  *session
	cancel   context.CancelFunc
	opened   context.Context //nolint:containedctx // The context of the query, until the rows are closed.
	watch    database.Watch  // Of the context of the last call of Next.
	result   *pgconn.ResultReader
	schema   source.Schema
	decoders []decoder
	record   source.Record
	count    int64
	err      error // The reason why the stream has ended.
}

var (
	_ source.Rows    = (*rows)(nil)
	_ source.Locator = (*rows)(nil)
)

// open describes the result of the query and runs it. The types of the result decide which columns are requested in binary
// form; the transaction prevents changes to them in between.
func (r *rows) open(ctx context.Context, query string, bound parameters) (source.Rows, error) {
	r.opened, r.cancel = context.WithCancel(ctx)

	var err error
	if r.session, err = begin(r.opened, r.source.reading, beginReading); err != nil {
		r.cancel()

		return nil, r.source.classify(ctx, r.failure(err))
	}

	if err := r.start(query, bound); err != nil {
		err = r.source.classify(ctx, r.failure(err))
		r.finish(err)

		return nil, err
	}

	return r, nil
}

func (r *rows) failure(err error) failure {
	return failure{err: err, table: r.table, reading: true, record: fmt.Sprintf("record %d", r.count+1)}
}

// prepare parses the query on the server and sets the schema of its result.
func (r *rows) prepare(query string, bound parameters) (fields []pgconn.FieldDescription, types []uint32, err error) {
	described, types, err := r.session.prepare(r.opened, query, bound)
	if err != nil {
		return nil, nil, err
	}

	if len(described.Fields) == 0 {
		return nil, nil, &source.Error{
			Code: source.CodeQueryInvalid, Message: "the query returns no columns",
			Hint: "use a SELECT, or a script to change data",
		}
	}

	return described.Fields, types, r.describe(described.Fields)
}

func (r *rows) start(query string, bound parameters) error {
	fields, types, err := r.prepare(query, bound)
	if err != nil {
		return err
	}

	formats := make([]int16, len(fields))
	r.decoders = make([]decoder, len(fields))
	r.record = make(source.Record, len(fields))

	for i, field := range fields {
		decode, binary := decoderOf(field.DataTypeOID)
		if r.decoders[i] = decode; binary {
			formats[i] = 1
		}
	}

	r.result = r.session.conn.ExecParams(r.opened, query, bound.values, types, nil, formats)

	return nil
}

// describe sets the schema. It queries the names of the fields' types, and which fields are columns that can be written.
func (r *rows) describe(fields []pgconn.FieldDescription) error {
	var types, modifiers, tables, numbers strings.Builder

	for i, field := range fields {
		separator := ","
		if i == 0 {
			separator = "{"
		}

		fmt.Fprintf(&types, "%s%d", separator, field.DataTypeOID)
		fmt.Fprintf(&modifiers, "%s%d", separator, field.TypeModifier)
		fmt.Fprintf(&tables, "%s%d", separator, field.TableOID)
		fmt.Fprintf(&numbers, "%s%d", separator, field.TableAttributeNumber)
	}

	found, err := r.session.query(r.opened, `
		SELECT pg_catalog.format_type(f.type, NULL), pg_catalog.format_type(f.type, f.modifier),
			c.relkind IN ('r', 'p') AND a.attgenerated = ''
		FROM unnest($1::oid[], $2::int4[], $3::oid[], $4::int2[]) WITH ORDINALITY f(type, modifier, relation, number, ordinal)
		LEFT JOIN pg_catalog.pg_class c ON c.oid = f.relation
		LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = f.relation AND a.attnum = f.number
		ORDER BY f.ordinal`, types.String()+"}", modifiers.String()+"}", tables.String()+"}", numbers.String()+"}")
	if err != nil {
		return err
	}

	r.schema = make(source.Schema, len(fields))
	for i, field := range fields {
		r.schema[i] = source.Column{
			Name:       field.Name,
			Updateable: r.ofTable && found[i][2] == "t",
			Native:     nativeType(found[i][0], found[i][1], field.DataTypeOID, field.TypeModifier),
			Standard:   standardOf(field.DataTypeOID, field.TypeModifier),
		}
	}

	return nil
}

// Schema describes the records.
func (r *rows) Schema() source.Schema { return r.schema }

// Next returns the next record, which is overwritten by the next call.
func (r *rows) Next(ctx context.Context) (source.Record, error) {
	if r.err != nil {
		return nil, r.err
	}

	r.watch.Until(ctx, r.cancel)

	for r.result.NextRow() {
		r.count++

		at, err := r.decode()
		if err == nil {
			return r.record, nil
		}

		if err := r.rejectRecord(at, err); err != nil {
			r.finish(err)

			return nil, err
		}
	}

	_, err := r.result.Close()

	switch {
	case err == nil:
		err = io.EOF
	case ctx.Err() != nil:
		err = ctx.Err()
	default:
		err = r.source.classify(r.opened, r.failure(err))
	}

	r.finish(err)

	return nil, err
}

// decode decodes the current record. With an error, it returns the column of the value.
func (r *rows) decode() (int, error) {
	for i, data := range r.result.Values() {
		if data == nil {
			r.record[i] = nil

			continue
		}

		value, err := r.decoders[i].value(data)
		if err != nil {
			return i, err
		}

		r.record[i] = value
	}

	return 0, nil
}

// rejectRecord passes a record that can't be decoded to the function for rejects, or returns an error if there is none.
func (r *rows) rejectRecord(at int, err error) error {
	message := fmt.Sprintf("column %q: %v", r.schema[at].Name, err)

	if r.reject != nil {
		return r.reject(source.Reject{Location: r.Location(), Message: message, Text: specialValue(err)})
	}

	return &source.Error{
		Code: source.CodeRecordInvalid, Source: r.source.name, Table: r.table.String(),
		Message: r.Location() + ", " + message,
		Hint:    "correct the value, or read it as text with CAST(the column AS text) in a query",
		Err:     err,
	}
}

// Location returns the number of the last record.
func (r *rows) Location() string { return fmt.Sprintf("record %d", r.count) }

// Close ends the query. If the server has not sent all records, Close cancels the query.
func (r *rows) Close() error {
	r.finish(&source.Error{
		Code: source.CodeOperationUnsupported, Source: r.source.name, Table: r.table.String(), Message: "the rows are closed",
	})

	return nil
}

// finish ends the session as soon as the stream has ended, because the caller may close the rows much later.
func (r *rows) finish(err error) {
	if r.err != nil {
		return
	}

	r.err = err

	r.watch.Stop()

	if r.result != nil && r.session.conn.IsBusy() {
		r.cancel()              // It closes the connection, which takes less time than reading the remaining records.
		_, _ = r.result.Close() // The error is that of the cancellation.
	}

	r.session.end(r.opened)
	r.cancel()
}
