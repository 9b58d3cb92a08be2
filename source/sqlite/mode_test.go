package sqlite_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// writing returns a write to the table t.
func writing(mode source.Mode, key ...string) source.Write {
	return source.Write{Table: source.Table{Name: "t"}, Mode: mode, Key: key}
}

// named returns rows of an integer column, id, and a text column, name.
func named(values ...source.Record) *records {
	return &records{schema: source.Schema{column("id", source.Integer), column("name", source.Text)}, left: values}
}

func TestUpsertWritesOneRecordForEachKeyWithAnyIndex(t *testing.T) {
	t.Parallel()

	for name, definition := range map[string]string{
		"a primary key that is the rowid": "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)",
		"a primary key":                   "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, name TEXT) WITHOUT ROWID",
		"a unique constraint":             "CREATE TABLE t (name TEXT, ID INTEGER UNIQUE)",
		"an index that is not unique":     "CREATE TABLE t (id INTEGER, name TEXT); CREATE INDEX i ON t (id, name)",
		"an index of some records":        "CREATE TABLE t (id INTEGER, name TEXT); CREATE UNIQUE INDEX i ON t (id) WHERE id > 5",
		"an index of an expression":       "CREATE TABLE t (id INTEGER, name TEXT); CREATE UNIQUE INDEX i ON t (abs(id))",
		"no index":                        "CREATE TABLE t (id INTEGER, name TEXT)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, definition, "INSERT INTO t (id, name) VALUES (1, 'one'), (2, 'two')")

			stage := open(t, dir)

			var many []source.Record
			for i := range int64(25) {
				many = append(many, source.Record{i % 20, fmt.Sprint("new ", i)})
			}

			for range 2 {
				written, err := stage.WriteTable(t.Context(), writing(source.Upsert, "id"), named(many...))
				require.NoError(t, err)
				require.EqualValues(t, 25, written.Rows)

				rows, err := stage.Query(t.Context(), "SELECT count(*), count(DISTINCT id), max(id) FROM t", nil)
				require.Equal(t, []source.Record{{int64(20), int64(20), int64(19)}}, collect(t, rows, err))

				rows, err = stage.Query(t.Context(), "SELECT name FROM t WHERE id IN (2, 19) ORDER BY id", nil)
				require.Equal(t, []source.Record{{"new 22"}, {"new 19"}}, collect(t, rows, err))
			}

			rows, err := stage.Query(t.Context(), "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%jobwright%'", nil)
			require.Equal(t, []source.Record{{int64(0)}}, collect(t, rows, err), "the temporary index of the write is dropped")
		})
	}
}

func TestUpsertKeepsColumnsThatAreNotWritten(t *testing.T) {
	t.Parallel()

	for name, definition := range map[string]string{
		"a primary key": "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, kept TEXT DEFAULT 'new')",
		"no index":      "CREATE TABLE t (id INTEGER, name TEXT, kept TEXT DEFAULT 'new')",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, definition, "INSERT INTO t VALUES (1, 'one', 'old')")

			stage := open(t, dir)
			rows := func() *records { return named(source.Record{int64(1), "uno"}, source.Record{int64(2), "dos"}) }

			for _, records := range []*records{rows(), {schema: rows().schema[:1], left: []source.Record{{int64(1)}, {int64(2)}}}} {
				_, err := stage.WriteTable(t.Context(), writing(source.Upsert, "id"), records)
				require.NoError(t, err)

				found, err := stage.Query(t.Context(), "SELECT id, name, kept FROM t ORDER BY id", nil)
				require.Equal(t, []source.Record{{int64(1), "uno", "old"}, {int64(2), "dos", "new"}}, collect(t, found, err))
			}
		})
	}
}

func TestUpsertCreatesTableWithUniqueKey(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	_, err := stage.WriteTable(t.Context(), writing(source.Upsert, "id"), named(source.Record{int64(1), "a"}))
	require.NoError(t, err)

	_, err = stage.WriteTable(t.Context(), writing(source.Append), named(source.Record{int64(1), "b"}))
	problem := requireProblem(t, err, source.CodeRecordInvalid, false)
	require.Equal(t, "record 1: UNIQUE constraint failed: t.id", problem.Message)
}

func TestUpsertOfKeyColumnsOnlyWritesEachKeyOnce(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	for range 2 {
		_, err := stage.WriteTable(t.Context(), writing(source.Upsert, "id"), numbers(1, 2, 1))
		require.NoError(t, err)
	}

	require.Equal(t, []source.Record{{int64(1)}, {int64(2)}}, table(t, stage, "t"))
}

func TestKeyedWritesCompareAllColumnsOfTheKey(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	schema := source.Schema{column("value", source.Text), column("b", source.Date), column("a", source.Integer)}
	day := func(d int) time.Time { return time.Date(2024, 2, d, 0, 0, 0, 0, time.UTC) }

	_, err := stage.WriteTable(t.Context(), writing(source.Upsert, "a", "b"), &records{schema: schema, left: []source.Record{
		{"x", day(1), int64(1)}, {"y", day(2), int64(1)}, {"z", day(1), int64(2)},
	}})
	require.NoError(t, err)

	written, err := stage.WriteTable(t.Context(), writing(source.Update, "a", "b"), &records{schema: schema, left: []source.Record{
		{"new", day(2), int64(1)}, {"nowhere", day(2), int64(2)}, {"nowhere", nil, int64(1)},
	}})
	require.NoError(t, err)
	require.Equal(t, source.Written{Rows: 1}, written)

	written, err = stage.WriteTable(t.Context(), writing(source.Delete, "a", "b"), &records{
		schema: schema[1:], left: []source.Record{{day(1), int64(1)}, {day(1), nil}},
	})
	require.NoError(t, err)
	require.Equal(t, source.Written{Rows: 1}, written)
	require.Equal(t, []source.Record{{"new", day(2), int64(1)}, {"z", day(1), int64(2)}}, table(t, stage, "t"))
}

func TestWriteTableSetsDefaultsOfOtherColumns(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	prepare(t, dir, "CREATE TABLE t (name TEXT DEFAULT 'unknown', id INTEGER, double AS (2 * id))")

	stage := open(t, dir)

	for _, mode := range []source.Mode{source.Refill, source.Append, source.Insert} {
		_, err := stage.WriteTable(t.Context(), writing(mode), numbers(1))
		require.NoError(t, err)
	}

	rows, err := read(t, stage, "t")
	require.NoError(t, err)
	require.True(t, rows.Schema()[1].Updateable)
	require.False(t, rows.Schema()[2].Updateable, "it is generated")

	one := source.Record{"unknown", int64(1), int64(2)}
	require.Equal(t, []source.Record{one, one, one}, collect(t, rows, nil))
}

func TestWriteTableRefusesInvalidWrite(t *testing.T) {
	t.Parallel()

	two := named()
	two.schema[1].Name = "ID"

	for name, test := range map[string]struct {
		write source.Write
		rows  *records
		want  string
	}{
		"an unknown mode":       {writing("merge"), numbers(1), `the write mode "merge" does not exist`},
		"an upsert without key": {writing(source.Upsert), numbers(1), "requires a key"},
		"a key not written":     {writing(source.Delete, "nr"), numbers(1), `"nr"`},
		"nothing to update":     {writing(source.Update, "id"), numbers(1), "nothing to update"},
		"two columns of one":    {writing(source.Append), two, `two columns are named "ID"`},
		"an unknown column":     {writing(source.Append), named(), `no column "name"`},
		"a view":                {source.Write{Table: source.Table{Name: "v"}, Mode: source.Append}, numbers(1), "view"},
		"a space": {
			source.Write{Table: source.Table{Space: "main", Name: "t"}, Mode: source.Append}, numbers(1), "has no spaces",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, "CREATE TABLE t (id INTEGER)", "CREATE VIEW v AS SELECT id FROM t")

			stage := open(t, dir)

			_, err := stage.WriteTable(t.Context(), test.write, test.rows)
			require.ErrorContains(t, err, test.want)

			var problem *source.Error
			require.ErrorAs(t, err, &problem)
			require.False(t, problem.Retryable)
			require.Empty(t, table(t, stage, "t"))
		})
	}
}

func TestWriteTableNamesRecordThatViolatesConstraint(t *testing.T) {
	t.Parallel()

	for index := range int64(23) { // In a batch, at its ends, and after the last full batch.
		t.Run(fmt.Sprint(index), func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, "CREATE TABLE t (id INTEGER CHECK (id >= 0))")

			rows := numbers(make([]int64, 23)...)
			rows.left[index] = source.Record{int64(-1)}

			stage := open(t, dir)

			_, err := stage.WriteTable(t.Context(), writing(source.Append), rows)
			problem := requireProblem(t, err, source.CodeRecordInvalid, false)
			require.Contains(t, problem.Message, fmt.Sprintf("record %d: CHECK constraint failed", index+1))
			require.Empty(t, table(t, stage, "t"))
		})
	}
}

func TestWriteTableWritesNothingWhenTheTableRollsBack(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	prepare(t, dir, "CREATE TABLE t (id INTEGER UNIQUE ON CONFLICT ROLLBACK)")

	stage := open(t, dir)

	_, err := stage.WriteTable(t.Context(), writing(source.Append), numbers(1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10))
	requireProblem(t, err, source.CodeRecordInvalid, false)
	require.Empty(t, table(t, stage, "t"))

	_, err = stage.WriteTable(t.Context(), writing(source.Append), numbers(1))
	require.NoError(t, err)
}

func TestWriteTableConvertsValuesToTheColumnsType(t *testing.T) {
	t.Parallel()

	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)

	for _, test := range []struct {
		declared string
		of       source.Type
		value    any
		want     any // nil if the value is an error.
	}{
		{"TEXT", source.Integer, int64(42), "42"},
		{"TEXT", source.Date, day, "2024-02-29"},
		{"VARCHAR(20)", source.Decimal, source.Number("1.50"), "1.50"},
		{"INTEGER", source.Text, "42", int64(42)},
		{"INTEGER", source.Text, "x", nil},
		{"INTEGER", source.Text, "", nil},
		{"INTEGER", source.Float, 1e6, int64(1_000_000)},
		{"INTEGER", source.Float, 1.5, nil},
		{"INTEGER", source.Float, 1e19, nil},
		{"INTEGER", source.Decimal, source.Number("7.00"), int64(7)},
		{"INTEGER", source.Decimal, source.Number("7.01"), nil},
		{"REAL", source.Integer, int64(7), 7.0},
		{"REAL", source.Integer, int64(1)<<53 + 1, nil},
		{"REAL", source.Decimal, source.Number("0.10"), 0.1},
		{"REAL", source.Decimal, source.Number("0.12345678901234567890"), nil},
		{"DECIMAL(5,2)", source.Integer, int64(7), source.Number("7.00")},
		{"DECIMAL(5,2)", source.Float, 1.25, source.Number("1.25")},
		{"DECIMAL(5,2)", source.Decimal, source.Number("1234.5"), nil},
		{"DECIMAL(5,2)", source.Decimal, source.Number("1.255"), nil},
		{"NUMERIC", source.Decimal, source.Number("9223372036854775807"), source.Number("9223372036854775807")},
		{"NUMERIC", source.Decimal, source.Number("12345678901234567890.5"), nil},
		{"DECIMAL_TEXT", source.Decimal, source.Number("12345678901234567890.5"), source.Number("12345678901234567890.5")},
		{"TIMESTAMP", source.Datetime, day, nil},
		{"DATE", source.Text, "2024-02-29", day},
		{"DATE", source.Text, "29.02.2024", nil},
		{"INTEGER[]", source.Text, "[1, null]", []any{int64(1), nil}},
		{"", source.Text, "42", "42"},
		{"", source.Decimal, source.Number("1.50"), "1.50"},
	} {
		t.Run(fmt.Sprintf("%v in %s", test.value, test.declared), func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, "CREATE TABLE t (a "+test.declared+")")

			stage := open(t, dir)
			rows := &records{schema: source.Schema{column("a", test.of)}, left: []source.Record{{nil}, {test.value}}}

			_, err := stage.WriteTable(t.Context(), writing(source.Append), rows)
			if test.want == nil {
				problem := requireProblem(t, err, source.CodeRecordInvalid, false)
				require.Contains(t, problem.Message, `record 2, column "a"`)

				return
			}

			require.NoError(t, err)
			require.Equal(t, []source.Record{{nil}, {test.want}}, table(t, stage, "t"))
		})
	}
}

func TestWriteTableWritesLargeValuesAndManyColumns(t *testing.T) {
	t.Parallel()

	rows := &records{}
	record := source.Record{}

	for i := range 2000 { // SQLite's limit.
		rows.schema = append(rows.schema, column(fmt.Sprint("column ", i), source.Text))
		record = append(record, strings.Repeat("x", i))
	}

	for range 12 {
		rows.left = append(rows.left, record)
	}

	want := rows.left
	stage := open(t, t.TempDir())

	_, err := stage.WriteTable(t.Context(), writing(source.Replace), rows)
	require.NoError(t, err)
	require.Equal(t, want, table(t, stage, "t"))
}
