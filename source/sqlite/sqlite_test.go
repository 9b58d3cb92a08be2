package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqlite"
)

// records are rows that are held in memory, and may end with an error.
type records struct {
	schema source.Schema
	left   []source.Record
	err    error
	before func() // Called before each record.
}

func (r *records) Schema() source.Schema { return r.schema }

func (r *records) Next(context.Context) (source.Record, error) {
	if r.before != nil {
		r.before()
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

// numbers returns rows of one integer column, id.
func numbers(values ...int64) *records {
	rows := &records{schema: source.Schema{{Name: "id", Type: source.Integer}}}
	for _, value := range values {
		rows.left = append(rows.left, source.Record{value})
	}

	return rows
}

// database is everything that a SQLiteSource can do.
type database interface {
	source.Reader
	source.Querier
	source.Writer
}

// open opens the source stage, which keeps its data in dir.
func open(t *testing.T, dir string) database {
	t.Helper()

	opened, err := sqlite.Open(t.Context(), source.Definition{Name: "stage", Kind: sqlite.Kind}, source.Place{DataDir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	return opened.(database)
}

// prepare runs statements on the database of the source stage in dir, as another program would.
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

// collect returns the records of rows, and closes them.
func collect(t *testing.T, rows source.Rows, err error) []source.Record {
	t.Helper()
	require.NoError(t, err)

	defer func() { require.NoError(t, rows.Close()) }()

	var all []source.Record

	for {
		record, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return all
		}

		require.NoError(t, err)

		all = append(all, append(source.Record(nil), record...))
	}
}

// table returns the records of a table.
func table(t *testing.T, from source.Reader, name string) []source.Record {
	t.Helper()

	rows, err := from.ReadTable(t.Context(), name)

	return collect(t, rows, err)
}

// replace makes a table hold those records.
func replace(t *testing.T, to source.Writer, name string, rows source.Rows) {
	t.Helper()

	_, err := to.ReplaceTable(t.Context(), name, rows)
	require.NoError(t, err)
}

func requireProblem(t *testing.T, err error, code source.Code, curable bool) *source.Error {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, code, problem.Code, problem)
	require.Equal(t, curable, problem.Curable, problem)
	require.Equal(t, "stage", problem.Source)

	return problem
}

func TestATableIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()

	moment := time.Date(2024, 2, 29, 23, 59, 59, 123456789, time.UTC)

	for _, test := range []struct {
		of     source.Type
		values []any
	}{
		{source.Text, []any{"", "Nestlé 株式 \U0001F980", "a\x00b", "' \" \\ \n", "42", "2024-02-29"}},
		{source.Integer, []any{int64(math.MinInt64), int64(math.MaxInt64), int64(1)<<53 + 1, int64(0)}},
		{source.Float, []any{0.1, 3.0, -2.5e-300, math.MaxFloat64, math.Inf(1), math.Inf(-1)}},
		{source.Boolean, []any{true, false}},
		{source.Date, []any{time.Date(1814, 3, 20, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}},
		{source.Timestamp, []any{moment, moment.Truncate(time.Second), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{source.Binary, []any{[]byte{0, 255, 0}, []byte("text")}},
	} {
		t.Run(string(test.of), func(t *testing.T) {
			t.Parallel()

			schema := source.Schema{{Name: "id", Type: source.Integer}, {Name: "value", Type: test.of}}

			var want []source.Record
			for i, value := range append(test.values, nil) {
				want = append(want, source.Record{int64(i), value})
			}

			stage := open(t, t.TempDir())

			count, err := stage.ReplaceTable(t.Context(), "t", &records{schema: schema, left: want})
			require.NoError(t, err)
			require.EqualValues(t, len(want), count)

			rows, err := stage.ReadTable(t.Context(), "t")
			require.NoError(t, err)
			require.Equal(t, test.of, rows.Schema()[1].Type)
			require.Equal(t, want, collect(t, rows, nil))

			rows, err = stage.Query(t.Context(), "SELECT value FROM t WHERE false", nil)
			require.NoError(t, err)
			require.Equal(t, test.of, rows.Schema()[0].Type, "the type is known without a record, too")
			require.Empty(t, collect(t, rows, nil))
		})
	}
}

func TestATimestampKeepsItsOffset(t *testing.T) {
	t.Parallel()

	moment := time.Date(2024, 2, 29, 12, 30, 0, 0, time.FixedZone("", 5*60*60+30*60))
	stage := open(t, t.TempDir())
	replace(t, stage, "t", &records{
		schema: source.Schema{{Name: "at", Type: source.Timestamp}}, left: []source.Record{{moment}},
	})

	have := table(t, stage, "t")[0][0].(time.Time)
	require.Equal(t, moment.Format(time.RFC3339Nano), have.Format(time.RFC3339Nano))
}

func TestANumberThatIsNoneIsRefusedAndNotStoredAsNull(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	schema := source.Schema{{Name: "share", Type: source.Float}}

	_, err := stage.ReplaceTable(t.Context(), "t", &records{schema: schema, left: []source.Record{{1.0}, {math.NaN()}}})
	problem := requireProblem(t, err, source.CodeRecordInvalid, false)
	require.Contains(t, problem.Message, `record 2, column "share"`)
}

func TestNamesOfTablesAndColumnsMayHoldAnything(t *testing.T) {
	t.Parallel()

	const name = `a "b"; DROP TABLE keep; -- ü`

	stage := open(t, t.TempDir())
	replace(t, stage, "keep", numbers(1))
	replace(t, stage, name, &records{
		schema: source.Schema{{Name: name, Type: source.Text}, {Name: "select", Type: source.Text}},
		left:   []source.Record{{"x", "y"}},
	})

	rows, err := stage.ReadTable(t.Context(), name)
	require.NoError(t, err)
	require.Equal(t, name, rows.Schema()[0].Name)
	require.Equal(t, []source.Record{{"x", "y"}}, collect(t, rows, nil))
	require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "keep"))
}

func TestAReplaceLeavesNothingOfTheOldTable(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", &records{
		schema: source.Schema{{Name: "a", Type: source.Text}, {Name: "b", Type: source.Text}},
		left:   []source.Record{{"x", "y"}},
	})
	replace(t, stage, "t", numbers(1, 2))

	rows, err := stage.ReadTable(t.Context(), "t")
	require.NoError(t, err)
	require.Len(t, rows.Schema(), 1)
	require.Equal(t, []source.Record{{int64(1)}, {int64(2)}}, collect(t, rows, nil))

	replace(t, stage, "t", numbers())
	require.Empty(t, table(t, stage, "t"))
}

func TestAReplaceThatFailsLeavesTheOldTable(t *testing.T) {
	t.Parallel()

	unreadable := numbers(2, 3)
	unreadable.err = io.ErrUnexpectedEOF

	wrong := numbers(2)
	wrong.schema[0].Type = source.Float
	wrong.left = append(wrong.left, source.Record{math.NaN()})

	twice := numbers()
	twice.schema = append(twice.schema, twice.schema[0])

	for name, rows := range map[string]*records{
		"rows that end with an error": unreadable, "a value that can't be held": wrong, "two columns of one name": twice,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			stage := open(t, t.TempDir())
			replace(t, stage, "t", numbers(1))

			_, err := stage.ReplaceTable(t.Context(), "t", rows)
			require.Error(t, err)
			require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"))

			replace(t, stage, "t", numbers(4)) // Nothing is locked.
		})
	}
}

func TestAReplaceThatIsCancelledLeavesTheOldTable(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1))

	ctx, cancel := context.WithCancel(t.Context())
	rows := numbers(2, 3)
	rows.before = cancel

	_, err := stage.ReplaceTable(ctx, "t", rows)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"))
}

func TestAReaderSeesTheOldTableWhileItIsReplaced(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	stage, reader := open(t, dir), open(t, dir)
	replace(t, stage, "t", numbers(1))

	begun, err := reader.ReadTable(t.Context(), "t")
	require.NoError(t, err)

	rows := numbers(2, 3)
	rows.before = func() { require.Equal(t, []source.Record{{int64(1)}}, table(t, reader, "t")) }

	replace(t, stage, "t", rows)
	require.Equal(t, []source.Record{{int64(2)}, {int64(3)}}, table(t, reader, "t"))
	require.Equal(t, []source.Record{{int64(1)}}, collect(t, begun, nil), "a reader that began before")
}

func TestATableCanBeMadeOfItself(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1, 2))

	rows, err := stage.Query(t.Context(), "SELECT id FROM t WHERE id > 1", nil)
	require.NoError(t, err)
	replace(t, stage, "t", rows)
	require.NoError(t, rows.Close())
	require.Equal(t, []source.Record{{int64(2)}}, table(t, stage, "t"))
}

func TestAQueryTakesItsValuesByName(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	rows, err := stage.Query(t.Context(), "SELECT :text, :integer, :float, :boolean, :null, :text", map[string]any{
		"text": "'; DROP TABLE t; --", "integer": int64(math.MaxInt64), "float": 1.5, "boolean": true, "null": nil,
	})
	require.Equal(t, []source.Record{
		{"'; DROP TABLE t; --", int64(math.MaxInt64), 1.5, int64(1), nil, "'; DROP TABLE t; --"},
	}, collect(t, rows, err))

	_, err = stage.Query(t.Context(), "SELECT :country", nil)
	require.ErrorContains(t, err, "country")
}

func TestAnExpressionHasTheTypeOfItsFirstValue(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1, 2))

	rows, err := stage.Query(t.Context(), "SELECT sum(id) AS a, avg(id) AS b, 'x' AS c, x'00' AS d, NULL AS e, id FROM t", nil)
	require.NoError(t, err)

	var names []string

	var types []source.Type

	for _, column := range rows.Schema() {
		names = append(names, column.Name)
		types = append(types, column.Type)
	}

	require.Equal(t, []string{"a", "b", "c", "d", "e", "id"}, names)
	require.Equal(t, []source.Type{
		source.Integer, source.Float, source.Text, source.Binary, source.Text, source.Integer,
	}, types)
	require.Equal(t, []source.Record{{int64(3), 1.5, "x", []byte{0}, nil, int64(1)}}, collect(t, rows, nil))
}

func TestDeclaredTypesAreUnderstood(t *testing.T) {
	t.Parallel()

	for declared, want := range map[string]source.Column{
		"VARCHAR(20)": {Type: source.Text, Native: source.NativeType{Name: "VARCHAR", TypeStr: "VARCHAR(20)", Precision: 20}},
		"CLOB":        {Type: source.Text, Native: source.NativeType{Name: "CLOB", TypeStr: "CLOB", Precision: -1}},
		"BIGINT":      {Type: source.Integer, Native: source.NativeType{Name: "BIGINT", TypeStr: "BIGINT", Precision: -1}},
		"DOUBLE":      {Type: source.Float, Native: source.NativeType{Name: "DOUBLE", TypeStr: "DOUBLE", Precision: -1}},
		"FLOAT(7, 2)": {Type: source.Float, Native: source.NativeType{Name: "FLOAT", TypeStr: "FLOAT(7, 2)", Precision: 7, Scale: 2}},
		"BOOL":        {Type: source.Boolean, Native: source.NativeType{Name: "BOOL", TypeStr: "BOOL", Precision: -1}},
		"DATETIME":    {Type: source.Timestamp, Native: source.NativeType{Name: "DATETIME", TypeStr: "DATETIME", Precision: -1}},
		"BLOB":        {Type: source.Binary, Native: source.NativeType{Name: "BLOB", TypeStr: "BLOB", Precision: -1}},
	} {
		t.Run(declared, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, "CREATE TABLE t (a "+declared+")")

			rows, err := open(t, dir).ReadTable(t.Context(), "t")
			require.NoError(t, err)

			want.Name = "a"
			require.Equal(t, source.Schema{want}, rows.Schema())
			require.NoError(t, rows.Close())
		})
	}
}

// SQLite lets any column hold any value.
func TestAValueThatIsNotOfItsColumnsTypeIsAnErrorAndNotChanged(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ declared, value string }{
		{"INTEGER", "'x'"},
		{"INTEGER", "1.5"},
		{"TEXT", "x'00'"},
		{"REAL", "'x'"},
		{"BOOLEAN", "2"},
		{"DATE", "'29.02.2024'"},
		{"TIMESTAMP", "'soon'"},
		{"BLOB", "'x'"},
	} {
		t.Run(test.declared+" "+test.value, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, "CREATE TABLE t (a "+test.declared+")", "INSERT INTO t VALUES (NULL), ("+test.value+")")

			rows, err := open(t, dir).ReadTable(t.Context(), "t")
			require.NoError(t, err)

			defer rows.Close() //nolint:errcheck // Only read.

			_, err = rows.Next(t.Context())
			require.NoError(t, err)

			_, err = rows.Next(t.Context())
			problem := requireProblem(t, err, source.CodeRecordInvalid, false)
			require.Contains(t, problem.Message, `record 2, column "a"`)
		})
	}
}

func TestAQueryCanWriteNothing(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1))

	for _, query := range []string{
		"DELETE FROM t", "DELETE FROM t RETURNING id", "DROP TABLE t", "INSERT INTO t VALUES (2)", "SELECT 1; DELETE FROM t",
		"CREATE TABLE u (id)", "PRAGMA query_only = 0; DELETE FROM t; SELECT 1", "PRAGMA journal_mode = DELETE",
		"ATTACH DATABASE '" + filepath.Join(t.TempDir(), "other.db") + "' AS other; SELECT 1",
	} {
		_, err := stage.Query(t.Context(), query, nil)
		requireProblem(t, err, source.CodeQueryInvalid, false)
	}

	require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"))

	replace(t, stage, "t", numbers(2)) // A query's connection serves no writer.
}

func TestAColumnWithoutATypeHasThatOfItsFirstValue(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	rows, err := stage.Query(t.Context(), "SELECT NULL AS a, NULL AS b UNION ALL SELECT NULL, 2 UNION ALL SELECT NULL, 3", nil)
	require.NoError(t, err)

	t.Cleanup(func() { require.NoError(t, rows.Close()) })

	require.Equal(t, source.Text, rows.Schema()[0].Type, "it has no value")
	require.Equal(t, source.Integer, rows.Schema()[1].Type)

	for _, want := range []any{nil, int64(2), int64(3)} {
		record, err := rows.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, source.Record{nil, want}, record)
	}
}

func TestADeclaredTypeMayHaveArguments(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	stage := open(t, dir)
	replace(t, stage, "t", numbers(1)) // It creates the file.

	db, err := sql.Open("sqlite", filepath.Join(dir, "stage.db"))
	require.NoError(t, err)

	for _, statement := range []string{
		"CREATE TABLE d (price DECIMAL(10,2), at TIMESTAMP(6))",
		"INSERT INTO d VALUES (10, '2024-02-29 12:00:00.123456'), (10.5, '2024-02-29T12:00:00Z')",
	} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}

	require.NoError(t, db.Close())
	require.Equal(t, []source.Record{
		{10.0, time.Date(2024, 2, 29, 12, 0, 0, 123456000, time.UTC)}, {10.5, time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)},
	}, table(t, stage, "d"))
}

func TestMistakesInAQueryCannotBeHealed(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	for query, code := range map[string]source.Code{
		"SELEKT 1":                         source.CodeQueryInvalid,
		"SELECT nothing":                   source.CodeQueryInvalid,
		"SELECT 1 FROM (SELECT 1":          source.CodeQueryInvalid,
		"":                                 source.CodeQueryInvalid,
		"-- nothing":                       source.CodeQueryInvalid,
		"SELECT * FROM nowhere":            source.CodeTableNotFound,
		"SELECT abs(-9223372036854775808)": source.CodeQueryInvalid, // Fails only when it runs.
	} {
		_, err := stage.Query(t.Context(), query, nil)
		requireProblem(t, err, code, false)
	}
}

func TestAMistakeThatShowsHalfwayIsAnErrorAndNotTheEnd(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	rows, err := stage.Query(t.Context(), "SELECT 1 AS a UNION ALL SELECT abs(-9223372036854775808)", nil)
	require.NoError(t, err)

	defer rows.Close() //nolint:errcheck // Only read.

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	requireProblem(t, err, source.CodeQueryInvalid, false)
}

func TestAMissingTableIsNamed(t *testing.T) {
	t.Parallel()

	_, err := open(t, t.TempDir()).ReadTable(t.Context(), "companies")
	problem := requireProblem(t, err, source.CodeTableNotFound, false)
	require.Equal(t, "companies", problem.Table)
}

func TestAFileThatIsNoDatabaseCannotBeHealed(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "stage.db"), []byte("this is a letter and no database at all"), 0o600))

	_, err := open(t, dir).ReadTable(t.Context(), "t")
	requireProblem(t, err, source.CodeUnavailable, false)
}

// In the bubble, the seconds that SQLite waits for the lock pass at once.
func TestALockIsWaitedForAndTriedAgainLater(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	replace(t, open(t, dir), "t", numbers(1))

	db, err := sql.Open("sqlite", filepath.Join(dir, "stage.db"))
	require.NoError(t, err)

	defer db.Close() //nolint:errcheck // Only locked.

	other, err := db.Conn(t.Context())
	require.NoError(t, err)

	_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)

	synctest.Test(t, func(t *testing.T) {
		stage := open(t, dir)
		start := time.Now()

		_, err := stage.ReplaceTable(t.Context(), "t", numbers(2))
		problem := requireProblem(t, err, source.CodeUnavailable, true)
		require.Equal(t, "another process holds the database's lock", problem.Hint)
		require.GreaterOrEqual(t, time.Since(start), 5*time.Second)
		require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"), "reading needs no lock")
	})

	_, err = other.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, other.Close())
	replace(t, open(t, dir), "t", numbers(2))
}

// endless is a query that runs until it is aborted, and has no record.
const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 1"

func TestARunningQueryIsAbortedWithItsContext(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()

	_, err := stage.Query(ctx, endless, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestRowsMayBeClosedTwiceAndBeforeTheirEnd(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1, 2))

	rows, err := stage.ReadTable(t.Context(), "t")
	require.NoError(t, err)
	require.NoError(t, rows.Close())
	require.NoError(t, rows.Close())
}

func TestTheDatabaseLiesWhereItsPathSays(t *testing.T) {
	t.Parallel()

	data, elsewhere := t.TempDir(), t.TempDir()

	for _, test := range []struct {
		name, want string
		options    map[string]any
	}{
		{"by default", filepath.Join(data, "stage.db"), nil},
		{"relative", filepath.Join(data, "a b", "50%?#.db"), map[string]any{"path": "a b/50%?#.db"}},
		{"absolute", filepath.Join(elsewhere, "x.db"), map[string]any{"path": filepath.Join(elsewhere, "x.db")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			definition := source.Definition{Name: "stage", Kind: sqlite.Kind, Options: test.options}

			opened, err := sqlite.Open(t.Context(), definition, source.Place{AppDir: t.TempDir(), DataDir: data})
			require.NoError(t, err)
			replace(t, opened.(source.Writer), "t", numbers(1))
			require.NoError(t, opened.Close())
			require.FileExists(t, test.want)
		})
	}
}

func TestWhatWasWrittenIsThereWhenTheDatabaseIsOpenedAgain(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	opened, err := sqlite.Open(t.Context(), source.Definition{Name: "stage"}, source.Place{DataDir: dir})
	require.NoError(t, err)
	replace(t, opened.(source.Writer), "t", numbers(1))
	require.NoError(t, opened.Close())

	require.Equal(t, []source.Record{{int64(1)}}, table(t, open(t, dir), "t"))
}

func TestAnUnknownOptionIsRefused(t *testing.T) {
	t.Parallel()

	definition := source.Definition{Name: "stage", Options: map[string]any{"file": "x.db"}}

	_, err := sqlite.Open(t.Context(), definition, source.Place{DataDir: t.TempDir()})
	requireProblem(t, err, source.CodeDefinitionInvalid, false)
}
