package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"modernc.org/sqlite"

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

// stream runs query on a connection of its own that can only read.
func (s *Source) stream(ctx context.Context, table, query string, bind map[string]any) (source.Rows, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, s.classify(table, err)
	}

	rows := &queryRows{source: s, table: table, conn: conn}

	err = conn.Raw(allowReading)
	if err == nil {
		err = rows.open(ctx, query, bind)
	}

	if err != nil {
		return nil, errors.Join(s.classify(table, err), rows.Close())
	}

	return rows, nil
}

// allowReading lets a connection compile nothing but what reads the database: it can't write, attach another file, or
// change a setting.
func allowReading(connection any) error {
	authorize := func(action sqlite.AuthorizerActionCode, _, _, _, _ string) sqlite.AuthorizerReturnCode {
		switch action {
		case sqlite.AuthSelect, sqlite.AuthRead, sqlite.AuthFunction, sqlite.AuthRecursive:
			return sqlite.AuthorizerOK
		default:
			return sqlite.AuthorizerDeny
		}
	}

	return connection.(sqlite.AuthorizerRegisterer).RegisterAuthorizer(authorize) //nolint:forcetypeassert // The driver's is.
}

// lookAhead is how many records are read to learn the types of columns whose declaration does not tell them.
const lookAhead = 100

// queryRows streams a query's records. It owns its connection.
type queryRows struct {
	source *Source
	table  string
	conn   *sql.Conn
	rows   *sql.Rows
	schema source.Schema
	ahead  []source.Record // Read, and not returned yet.
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

	for _, column := range columns {
		declared := column.DatabaseTypeName()
		r.schema = append(r.schema, source.Column{Name: column.Name(), Native: native(declared), Type: standard(declared)})
	}

	return r.learnTypes()
}

// learnTypes gives a type to each column that has none by its declaration: that of its first value which is not NULL, or
// text when there is none among the first records.
func (r *queryRows) learnTypes() error {
	untyped := func() bool {
		return slices.ContainsFunc(r.schema, func(column source.Column) bool { return column.Type == "" })
	}

	for len(r.ahead) < lookAhead && untyped() {
		record, err := r.read()
		if errors.Is(err, io.EOF) {
			break
		}

		if err != nil {
			return err
		}

		r.ahead = append(r.ahead, record)

		for i, value := range record {
			if r.schema[i].Type == "" && value != nil {
				r.schema[i].Type = typeOf(value)
			}
		}
	}

	for i := range r.schema {
		column := &r.schema[i]
		if column.Type == "" {
			column.Type = source.Text
		}

		if column.Native.TypeStr == "" {
			column.Native = native(declaration(column.Type))
		}
	}

	return nil
}

func (r *queryRows) Schema() source.Schema { return r.schema }

func (r *queryRows) Next(context.Context) (source.Record, error) {
	record, err := r.next()
	if err != nil {
		return nil, r.source.classify(r.table, err)
	}

	r.count++

	for i, value := range record {
		if record[i], err = fromSQLite(r.schema[i].Type, value); err != nil {
			return nil, &source.Error{
				Code: source.CodeRecordInvalid, Source: r.source.name, Table: r.table,
				Message: fmt.Sprintf("record %d, column %q: %v", r.count, r.schema[i].Name, err),
				Hint:    "correct the value, or CAST the column in a query",
				Err:     err,
			}
		}
	}

	return record, nil
}

func (r *queryRows) next() (source.Record, error) {
	if len(r.ahead) == 0 {
		return r.read()
	}

	record := r.ahead[0]
	r.ahead = r.ahead[1:]

	return record, nil
}

// read reads the next record as the database holds it. The error is io.EOF after the last.
func (r *queryRows) read() (source.Record, error) {
	if !r.rows.Next() {
		return nil, cmp.Or(r.rows.Err(), io.EOF)
	}

	record := make(source.Record, len(r.schema))
	targets := make([]any, len(record))

	for i := range record {
		targets[i] = &record[i]
	}

	return record, r.rows.Scan(targets...)
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
