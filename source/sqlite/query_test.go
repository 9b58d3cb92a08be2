package sqlite_test

import (
	"context"
	"database/sql"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

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
		"VARCHAR(20)": {Standard: source.Standard{Type: source.Text}, Native: source.NativeType{Name: "VARCHAR", TypeStr: "VARCHAR(20)", Precision: 20}},
		"CLOB":        {Standard: source.Standard{Type: source.Text}, Native: source.NativeType{Name: "CLOB", TypeStr: "CLOB", Precision: -1}},
		"BIGINT":      {Standard: source.Standard{Type: source.Integer}, Native: source.NativeType{Name: "BIGINT", TypeStr: "BIGINT", Precision: -1}},
		"DOUBLE":      {Standard: source.Standard{Type: source.Float}, Native: source.NativeType{Name: "DOUBLE", TypeStr: "DOUBLE", Precision: -1}},
		"FLOAT(7, 2)": {Standard: source.Standard{Type: source.Float}, Native: source.NativeType{Name: "FLOAT", TypeStr: "FLOAT(7, 2)", Precision: 7, Scale: 2}},
		"BOOL":        {Standard: source.Standard{Type: source.Boolean}, Native: source.NativeType{Name: "BOOL", TypeStr: "BOOL", Precision: -1}},
		"DATETIME":    {Standard: source.Standard{Type: source.Datetime}, Native: source.NativeType{Name: "DATETIME", TypeStr: "DATETIME", Precision: -1}},
		"BLOB":        {Standard: source.Standard{Type: source.Binary}, Native: source.NativeType{Name: "BLOB", TypeStr: "BLOB", Precision: -1}},
	} {
		t.Run(declared, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, "CREATE TABLE t (a "+declared+")")

			rows, err := read(t, open(t, dir), "t")
			require.NoError(t, err)

			want.Name, want.Updateable = "a", true
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

			rows, err := read(t, open(t, dir), "t")
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
		{source.Number("10.00"), time.Date(2024, 2, 29, 12, 0, 0, 123456000, time.UTC)},
		{source.Number("10.50"), time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)},
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

	_, err := read(t, open(t, t.TempDir()), "companies")
	problem := requireProblem(t, err, source.CodeTableNotFound, false)
	require.Equal(t, "companies", problem.Table)
}

// In the bubble, the seconds that SQLite waits for the lock pass at once.

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

	rows, err := read(t, stage, "t")
	require.NoError(t, err)
	require.NoError(t, rows.Close())
	require.NoError(t, rows.Close())
}
