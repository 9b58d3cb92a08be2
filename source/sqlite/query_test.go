package sqlite_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestQueryBindsValuesByName(t *testing.T) {
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

func TestQueryInfersTypesOfExpressionsFromFirstValue(t *testing.T) {
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

func TestQueryRefusesStatementsThatWrite(t *testing.T) {
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

	replace(t, stage, "t", numbers(2)) // Queries and writes use different connections.
}

func TestQueryInfersTypeFromFirstValueThatIsNotNull(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	rows, err := stage.Query(t.Context(), "SELECT NULL AS a, NULL AS b UNION ALL SELECT NULL, 2 UNION ALL SELECT NULL, 3", nil)
	require.NoError(t, err)

	t.Cleanup(func() { require.NoError(t, rows.Close()) })

	require.Equal(t, source.Text, rows.Schema()[0].Type, "the column has no value")
	require.Equal(t, source.Integer, rows.Schema()[1].Type)

	for _, want := range []any{nil, int64(2), int64(3)} {
		record, err := rows.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, source.Record{nil, want}, record)
	}
}

func TestQueryReturnsNonRetryableErrorForInvalidStatement(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	for query, code := range map[string]source.Code{
		"SELEKT 1":                         source.CodeQueryInvalid,
		"SELECT nothing":                   source.CodeQueryInvalid,
		"SELECT 1 FROM (SELECT 1":          source.CodeQueryInvalid,
		"":                                 source.CodeQueryInvalid,
		"-- nothing":                       source.CodeQueryInvalid,
		"SELECT * FROM nowhere":            source.CodeTableNotFound,
		"SELECT abs(-9223372036854775808)": source.CodeQueryInvalid, // It fails only when it runs.
	} {
		_, err := stage.Query(t.Context(), query, nil)
		requireProblem(t, err, code, false)
	}
}

func TestRowsNextReturnsErrorOfALaterRecord(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	rows, err := stage.Query(t.Context(), "SELECT 1 AS a UNION ALL SELECT abs(-9223372036854775808)", nil)
	require.NoError(t, err)

	defer rows.Close() //nolint:errcheck // Nothing is written.

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	requireProblem(t, err, source.CodeQueryInvalid, false)
}

func TestReadTableNamesMissingTable(t *testing.T) {
	t.Parallel()

	_, err := read(t, open(t, t.TempDir()), "companies")
	problem := requireProblem(t, err, source.CodeTableNotFound, false)
	require.Equal(t, "companies", problem.Table)
}

func TestRowsCloseMayBeCalledTwiceAndBeforeLastRecord(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1, 2))

	rows, err := read(t, stage, "t")
	require.NoError(t, err)
	require.NoError(t, rows.Close())
	require.NoError(t, rows.Close())
}

func TestQuerySearchesFullText(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	_, err := stage.Execute(t.Context(), source.Script{
		Text: "CREATE VIRTUAL TABLE pages USING fts5(body); INSERT INTO pages VALUES ('a red fox'), ('a blue whale')",
	})
	require.NoError(t, err)

	rows, err := stage.Query(t.Context(), "SELECT body FROM pages WHERE pages MATCH 'whale'", nil)
	require.Equal(t, []source.Record{{"a blue whale"}}, collect(t, rows, err))
}
