package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/source"
)

// ReadTable streams the records of one table or view.
func (s *Source) ReadTable(ctx context.Context, table string) (source.Rows, error) {
	return s.stream(ctx, table, "SELECT * FROM "+quote(table), nil)
}

// Query streams the records that a SELECT returns.
func (s *Source) Query(ctx context.Context, query string, bind map[string]any) (source.Rows, error) {
	return s.stream(ctx, "", query, bind)
}

// stream runs query on a connection of its own on which nothing can be written.
func (s *Source) stream(ctx context.Context, table, query string, bind map[string]any) (source.Rows, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, s.classify(table, err)
	}

	if _, err := conn.ExecContext(ctx, "PRAGMA query_only = 1"); err != nil {
		return nil, errors.Join(s.classify(table, err), conn.Close())
	}

	rows := &queryRows{source: s, table: table, conn: conn}
	if err := rows.open(ctx, query, bind); err != nil {
		return nil, errors.Join(s.classify(table, err), rows.Close())
	}

	return rows, nil
}

// queryRows streams a query's records. It owns its connection.
type queryRows struct {
	source *Source
	table  string
	conn   *sql.Conn
	rows   *sql.Rows
	schema source.Schema
	record source.Record
	first  bool // The record holds the first one, read to learn its types, and not returned yet.
	count  int64
}

var _ source.Rows = (*queryRows)(nil)

func (r *queryRows) open(ctx context.Context, query string, bind map[string]any) error {
	arguments := make([]any, 0, len(bind))
	for _, name := range slices.Sorted(maps.Keys(bind)) {
		arguments = append(arguments, sql.Named(name, bind[name]))
	}

	var err error
	if r.rows, err = r.conn.QueryContext(ctx, query, arguments...); err != nil { //nolint:rowserrcheck // Next checks it.
		return err
	}

	columns, err := r.rows.ColumnTypes()
	if err != nil {
		return err
	}

	if len(columns) == 0 {
		return &source.Error{
			Code: source.CodeQueryInvalid, Source: r.source.name,
			Message: "the query returns no columns", Hint: "give a SELECT",
		}
	}

	// The first record tells the type of those columns whose declaration does not.
	r.record = make(source.Record, len(columns))
	if r.first = r.rows.Next(); r.first {
		if err := r.scan(); err != nil {
			return err
		}
	} else if err := r.rows.Err(); err != nil {
		return err
	}

	for i, column := range columns {
		declared := column.DatabaseTypeName()

		standardType := standard(declared)
		if standardType == "" {
			standardType = typeOf(r.record[i])
		}

		if declared == "" {
			declared = declaration(standardType)
		}

		r.schema = append(r.schema, source.Column{Name: column.Name(), Native: native(declared), Type: standardType})
	}

	return nil
}

func (r *queryRows) Schema() source.Schema { return r.schema }

func (r *queryRows) Next(context.Context) (source.Record, error) {
	switch {
	case r.first:
		r.first = false
	case r.rows.Next():
		if err := r.scan(); err != nil {
			return nil, r.source.classify(r.table, err)
		}
	case r.rows.Err() != nil:
		return nil, r.source.classify(r.table, r.rows.Err())
	default:
		return nil, io.EOF
	}

	r.count++

	for i, value := range r.record {
		converted, err := fromSQLite(r.schema[i].Type, value)
		if err != nil {
			return nil, &source.Error{
				Code: source.CodeRecordInvalid, Source: r.source.name, Table: r.table,
				Message: fmt.Sprintf("record %d, column %q: %v", r.count, r.schema[i].Name, err),
				Hint:    "correct the value, or CAST the column in a query",
				Err:     err,
			}
		}

		r.record[i] = converted
	}

	return r.record, nil
}

func (r *queryRows) scan() error {
	targets := make([]any, len(r.record))
	for i := range r.record {
		targets[i] = &r.record[i]
	}

	return r.rows.Scan(targets...)
}

// Close ends the query and gives its connection up: it must not serve a writer, for it can't write.
func (r *queryRows) Close() error {
	if r.conn == nil {
		return nil
	}

	var err error
	if r.rows != nil {
		err = r.rows.Close()
	}

	// The driver's connection is dropped from the pool by telling it that it is bad.
	if dropped := r.conn.Raw(func(any) error { return driver.ErrBadConn }); !errors.Is(dropped, driver.ErrBadConn) {
		err = errors.Join(err, dropped)
	}

	r.conn = nil

	return err
}
