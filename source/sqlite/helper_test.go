package sqlite_test

import (
	"context"
	"database/sql"
	"io"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // The tests use its driver as another program.

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqlite"
)

// records are rows in memory. They may end with an error.
type records struct {
	schema source.Schema
	left   []source.Record
	err    error
	before func() // Called before each record, unless nil.

	endless source.Record // Returned by every call of Next, unless nil.
}

func (r *records) Schema() source.Schema { return r.schema }

func (r *records) Next(context.Context) (source.Record, error) {
	if r.before != nil {
		r.before()
	}

	if r.endless != nil {
		return r.endless, nil
	}

	if len(r.left) == 0 {
		if r.err != nil {
			return nil, r.err
		}

		return nil, io.EOF
	}

	next := r.left[0]
	r.left = r.left[1:]

	return next, nil
}

func (r *records) Close() error { return nil }

// column returns a column of a standard type without arguments.
func column(name string, of source.Type) source.Column {
	return source.Column{Name: name, Standard: source.Standard{Type: of}}
}

// replacing returns a write that replaces a table.
func replacing(name string) source.Write {
	return source.Write{Table: source.Table{Name: name}, Mode: source.Replace}
}

// read opens the rows of a table.
func read(t *testing.T, from source.Reader, name string) (source.Rows, error) {
	t.Helper()

	return from.ReadTable(t.Context(), source.Read{Table: source.Table{Name: name}})
}

// numbers returns rows of one integer column, id.
func numbers(values ...int64) *records {
	rows := &records{schema: source.Schema{column("id", source.Integer)}}
	for _, value := range values {
		rows.left = append(rows.left, source.Record{value})
	}

	return rows
}

// database is the interface of a SQLiteSource.
type database interface {
	source.Reader
	source.Querier
	source.Writer
	source.Dropper
	source.Executor
	source.Estimator
	source.Ledger
}

// open opens the source stage, whose database file is in dir.
func open(tb testing.TB, dir string) database {
	tb.Helper()

	opened, err := sqlite.Open(tb.Context(), source.Definition{Name: "stage", Kind: sqlite.Kind}, source.Place{DataDir: dir})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, opened.Close()) })

	return opened.(database)
}

// prepare runs statements on the database of the source stage in dir, as another program.
func prepare(t *testing.T, dir string, statements ...string) {
	t.Helper()

	db, err := sql.Open("sqlite", filepath.Join(dir, "stage.db"))
	require.NoError(t, err)

	for _, statement := range statements {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}

	require.NoError(t, db.Close())
}

// lock locks the database of the source stage in dir, as another program, until unlock is called.
func lock(t *testing.T, dir string) (unlock func()) {
	t.Helper()

	db, err := sql.Open("sqlite", filepath.Join(dir, "stage.db"))
	require.NoError(t, err)

	other, err := db.Conn(t.Context())
	require.NoError(t, err)

	_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)

	unlock = sync.OnceFunc(func() {
		_, err := other.ExecContext(context.WithoutCancel(t.Context()), "ROLLBACK")
		require.NoError(t, err)
		require.NoError(t, other.Close())
		require.NoError(t, db.Close())
	})
	t.Cleanup(unlock)

	return unlock
}

// collect returns the records of rows, and closes the rows.
func collect(t *testing.T, rows source.Rows, err error) []source.Record {
	t.Helper()
	require.NoError(t, err)

	defer func() { require.NoError(t, rows.Close()) }()

	var all []source.Record

	for {
		record, err := rows.Next(t.Context())
		if err == io.EOF {
			return all
		}

		require.NoError(t, err)

		all = append(all, append(source.Record(nil), record...))
	}
}

// table returns the records of a table.
func table(t *testing.T, from source.Reader, name string) []source.Record {
	t.Helper()

	rows, err := read(t, from, name)

	return collect(t, rows, err)
}

// replace replaces a table with rows.
func replace(t *testing.T, to source.Writer, name string, rows source.Rows) {
	t.Helper()

	_, err := to.WriteTable(t.Context(), replacing(name), rows)
	require.NoError(t, err)
}

// requireProblem requires that err is a source.Error of the source stage.
func requireProblem(t *testing.T, err error, code source.Code, retryable bool) *source.Error {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, code, problem.Code, problem)
	require.Equal(t, retryable, problem.Retryable, problem)
	require.Equal(t, "stage", problem.Source)

	return problem
}
