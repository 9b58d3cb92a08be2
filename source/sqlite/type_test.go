package sqlite_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqlite"
)

func TestReadTableDecodesValuesThatOtherProgramsWrote(t *testing.T) {
	t.Parallel()

	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	noon := day.Add(12 * time.Hour)

	for _, test := range []struct {
		declared, value string
		want            any
	}{
		{"DECIMAL", "'12345678901234567890.10'", source.Number("12345678901234567000")}, // SQLite converted it to a float.
		{"DECIMAL", "9223372036854775807", source.Number("9223372036854775807")},
		{"DECIMAL", "0.1", source.Number("0.1")},
		{"NUMERIC(10)", "7", source.Number("7")},
		{"NUMBER(6,2)", "-1.5", source.Number("-1.50")},
		{"DECIMAL_TEXT(38,10)", "'1.50'", source.Number("1.50")},
		{"REAL", "7", 7.0},
		{"DATE", "'2024-02-29 00:00:00'", day},
		{"DATE", "'2024-02-29T00:00:00Z'", day},
		{"DATETIME", "'2024-02-29T12:00:00'", noon},
		{"DATETIME", "'2024-02-29 12:00:00'", noon},
		{"DATETIME", "datetime('2024-02-29 12:00')", noon},
		{"DATETIME", "'2024-02-29'", day},
		{"TIMESTAMP", "'2024-02-29 12:00:00+00:00'", noon},
		{"TIMESTAMP", "'2024-02-29'", day},
		{"TIME", "'24:00:00'", 24 * time.Hour},
		{"JSON", "12", json.RawMessage("12")},
		{"JSON", "1.5", json.RawMessage("1.5")},
		{"JSON", `'{"a": 1}'`, json.RawMessage(`{"a": 1}`)},
		{"UUID", "x'000102030405060708090a0b0c0d0e0f'", uuid.MustParse("00010203-0405-0607-0809-0a0b0c0d0e0f")},
		{"UUID", "'00010203-0405-0607-0809-0A0B0C0D0E0F'", uuid.MustParse("00010203-0405-0607-0809-0a0b0c0d0e0f")},
		{"text[]", `'["a"]'`, []any{"a"}},
	} {
		t.Run(test.declared+" "+test.value, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, "CREATE TABLE t (a "+test.declared+")", "INSERT INTO t VALUES ("+test.value+")")

			have := table(t, open(t, dir), "t")[0][0]
			if moment, isTime := have.(time.Time); isTime {
				have = moment.UTC()
			}

			require.Equal(t, test.want, have)
		})
	}
}

func TestReadTableRefusesValuesThatAreNotOfTheColumnsType(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ declared, value string }{
		{"DECIMAL(10,2)", "0.1 + 0.2"},
		{"DECIMAL(3,1)", "100"},
		{"DECIMAL", "9e999"},
		{"DECIMAL", "'many'"},
		{"DATE", "'2024-02-29 12:00:00'"},
		{"DATETIME", "'2024-02-29 12:00:00+01:00'"},
		{"DATETIME", "1709208000"},
		{"DATETIME", "''"},
		{"TIMESTAMP", "''"},
		{"TIME", "'25:00:00'"},
		{"JSON", "'{'"},
		{"JSON", "x'00'"},
		{"UUID", "'x'"},
		{"UUID", "x'00'"},
		{"INTEGER[]", `'["x"]'`},
		{"TEXT", "CAST(x'ff' AS TEXT)"},
		{"INTEGER", "''"},
	} {
		t.Run(test.declared+" "+test.value, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			prepare(t, dir, "CREATE TABLE t (id INTEGER, a "+test.declared+")", "INSERT INTO t VALUES (1, NULL), (2, "+test.value+")")

			requireInvalidSecond(t, dir)
		})
	}
}

// requireInvalidSecond verifies that the first record of the table t can be read, and that the second is invalid because of its
// column a.
func requireInvalidSecond(t *testing.T, dir string) {
	t.Helper()

	rows, err := read(t, open(t, dir), "t")
	require.NoError(t, err)

	defer rows.Close() //nolint:errcheck // Nothing is written.

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	problem := requireProblem(t, err, source.CodeRecordInvalid, false)
	require.Contains(t, problem.Message, `record 2, column "a"`)
}

func TestWriteTableRefusesValuesThatSQLiteCannotStore(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		of    source.Standard
		value any
	}{
		"text that is not UTF-8":   {source.Standard{Type: source.Text}, "a\xff"},
		"invalid json":             {source.Standard{Type: source.JSON}, json.RawMessage("{")},
		"json that is not UTF-8":   {source.Standard{Type: source.JSON}, json.RawMessage("\"\xff\"")},
		"too many digits":          {source.Standard{Type: source.Decimal, Precision: 3, Scale: 1}, source.Number("100")},
		"a time before the day":    {source.Standard{Type: source.Time}, -time.Second},
		"a time after the day":     {source.Standard{Type: source.Time}, 25 * time.Hour},
		"a year of five digits":    {source.Standard{Type: source.Date}, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"an offset with seconds":   {source.Standard{Type: source.Timestamp}, time.Date(1900, 1, 1, 0, 0, 0, 0, time.FixedZone("", 1172))},
		"a value of another type":  {source.Standard{Type: source.Integer}, "1"},
		"a text for a date":        {source.Standard{Type: source.Date}, "2024-02-29"},
		"an integer for an array":  {source.Standard{Type: source.Array, Element: source.Integer}, int64(1)},
		"an element of no type":    {source.Standard{Type: source.Array, Element: source.Integer}, []any{struct{}{}}},
		"a time for a date's time": {source.Standard{Type: source.Datetime}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			stage := open(t, t.TempDir())
			replace(t, stage, "t", numbers(1))

			_, err := stage.WriteTable(t.Context(), replacing("t"), &records{
				schema: source.Schema{{Name: "a", Standard: test.of}}, left: []source.Record{{nil}, {test.value}},
			})
			problem := requireProblem(t, err, source.CodeRecordInvalid, false)
			require.Contains(t, problem.Message, `record 2, column "a"`)
			require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"))
		})
	}
}

// locatedRows are rows that implement source.Locator.
type locatedRows struct{ *records }

func (locatedRows) Location() string { return "line 17" }

func TestWriteTableNamesLocationOfInvalidValue(t *testing.T) {
	t.Parallel()

	_, err := open(t, t.TempDir()).WriteTable(t.Context(), replacing("t"), locatedRows{&records{
		schema: source.Schema{column("a", source.Text)}, left: []source.Record{{"\xff"}},
	}})
	problem := requireProblem(t, err, source.CodeRecordInvalid, false)
	require.Contains(t, problem.Message, `line 17, column "a"`)
}

// The documentation lists both.
func TestTypesAndCreationsContainEveryStandardType(t *testing.T) {
	t.Parallel()

	var created, readable []string
	for _, creation := range sqlite.Creations() {
		created = append(created, creation.Standard)
	}

	for _, mapping := range sqlite.Types() {
		readable = append(readable, mapping.Standard)
	}

	for _, of := range source.Types() {
		require.Contains(t, created, string(of))

		if of != source.Array {
			require.Contains(t, strings.Join(readable, " "), string(of))
		}
	}
}

func TestReadTableMapsDeclaredTypes(t *testing.T) {
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

// SQLite allows values of any type in any column.
func TestRowsNextReturnsErrorForValueOfAnotherType(t *testing.T) {
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

			requireInvalidSecond(t, dir)
		})
	}
}

func TestReadTableMapsDeclaredTypesWithArguments(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	prepare(t, dir,
		"CREATE TABLE d (price DECIMAL(10,2), at TIMESTAMP(6))",
		"INSERT INTO d VALUES (10, '2024-02-29 12:00:00.123456'), (10.5, '2024-02-29T12:00:00Z')")
	require.Equal(t, []source.Record{
		{source.Number("10.00"), time.Date(2024, 2, 29, 12, 0, 0, 123456000, time.UTC)},
		{source.Number("10.50"), time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)},
	}, table(t, open(t, dir), "d"))
}
