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

func TestValuesOfOthersAreReadAsTheirColumnsTypes(t *testing.T) {
	t.Parallel()

	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	noon := day.Add(12 * time.Hour)

	for _, test := range []struct {
		declared, value string
		want            any
	}{
		{"DECIMAL", "'12345678901234567890.10'", source.Number("12345678901234567000")}, // SQLite made a float of it.
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

func TestWhatAColumnOfOthersCannotMeanIsAnError(t *testing.T) {
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

func TestAValueThatNoColumnCanHoldIsRefused(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		of    source.Standard
		value any
	}{
		"text that is not UTF-8":   {source.Standard{Type: source.Text}, "a\xff"},
		"json that is none":        {source.Standard{Type: source.JSON}, json.RawMessage("{")},
		"json that is not UTF-8":   {source.Standard{Type: source.JSON}, json.RawMessage("\"\xff\"")},
		"too many digits":          {source.Standard{Type: source.Decimal, Precision: 3, Scale: 1}, source.Number("100")},
		"a time before the day":    {source.Standard{Type: source.Time}, -time.Second},
		"a time behind the day":    {source.Standard{Type: source.Time}, 25 * time.Hour},
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

// placed are rows that know where their records stand.
type placed struct{ *records }

func (placed) Location() string { return "line 17" }

func TestAWrongValueIsToldByItsPlace(t *testing.T) {
	t.Parallel()

	_, err := open(t, t.TempDir()).WriteTable(t.Context(), replacing("t"), placed{&records{
		schema: source.Schema{column("a", source.Text)}, left: []source.Record{{"\xff"}},
	}})
	problem := requireProblem(t, err, source.CodeRecordInvalid, false)
	require.Contains(t, problem.Message, `line 17, column "a"`)
}

// The documentation lists them.
func TestEveryTypeThatIsMadeIsRead(t *testing.T) {
	t.Parallel()

	var made, readable []string
	for _, creation := range sqlite.Creations() {
		made = append(made, creation.Standard)
	}

	for _, mapping := range sqlite.Types() {
		readable = append(readable, mapping.Standard)
	}

	for _, of := range source.Types() {
		name := string(of)
		if of == source.Array {
			name = "integer[] and so on"
		}

		require.Contains(t, made, name)

		if of != source.Array {
			require.Contains(t, strings.Join(readable, " "), name)
		}
	}
}

func TestFullTextCanBeSearched(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())

	_, err := stage.Execute(t.Context(), source.Script{
		Text: "CREATE VIRTUAL TABLE pages USING fts5(body); INSERT INTO pages VALUES ('a red fox'), ('a blue whale')",
	})
	require.NoError(t, err)

	rows, err := stage.Query(t.Context(), "SELECT body FROM pages WHERE pages MATCH 'whale'", nil)
	require.Equal(t, []source.Record{{"a blue whale"}}, collect(t, rows, err))
}
