package sqlite_test

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestReadTableReturnsWrittenValues(t *testing.T) {
	t.Parallel()

	moment := time.Date(2024, 2, 29, 23, 59, 59, 123456789, time.UTC)

	for of, values := range map[source.Standard][]any{
		{Type: source.Text}:    {"", "Nestlé 株式 \U0001F980", "a\x00b", "' \" \\ \n", "42", "2024-02-29", strings.Repeat("ä", 1<<20)},
		{Type: source.Integer}: {int64(math.MinInt64), int64(math.MaxInt64), int64(1)<<53 + 1, int64(0)},
		{Type: source.Decimal}: {
			source.Number("99999999999999999999999999999999999999"), source.Number("-0.0000000000000000000000000000000000001"),
			source.Number("1.50"), source.Number("0"),
		},
		{Type: source.Decimal, Precision: 38, Scale: 10}: {
			source.Number("-9999999999999999999999999999.9999999999"), source.Number("0.0000000001"), source.Number("12.50"),
		},
		{Type: source.Decimal, Precision: 15, Scale: 4}: {
			source.Number("99999999999.9999"), source.Number("-0.0001"), source.Number("12.5000"), source.Number("0.0000"),
			source.Number("10000000000.0000"), source.Number("0.1000"),
		},
		{Type: source.Decimal, Precision: 15}:            {source.Number("999999999999999"), source.Number("-999999999999999")},
		{Type: source.Decimal, Precision: 16}:            {source.Number("9999999999999999"), source.Number("9007199254740993")},
		{Type: source.Decimal, Precision: 15, Scale: 15}: {source.Number("0.999999999999999"), source.Number("0.123456789012345")},
		{Type: source.Float}:                             {0.1, 3.0, -2.5e-300, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64},
		{Type: source.Boolean}:                           {true, false},
		{Type: source.Date}:                              {time.Date(1814, 3, 20, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)},
		{Type: source.Time}:                              {time.Duration(0), 24 * time.Hour, 24*time.Hour - 1, 15*time.Hour + 4*time.Microsecond},
		{Type: source.Datetime}:                          {moment, moment.Truncate(time.Microsecond), moment.Truncate(time.Second), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Type: source.Timestamp}:                         {moment, moment.Truncate(time.Second), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Type: source.Binary}:                            {[]byte{0, 255, 0}, []byte("text"), []byte{}},
		{Type: source.JSON}: {
			json.RawMessage(`{"a": [1, 1.50, 12345678901234567890123]}`), json.RawMessage("12345678901234567890"), json.RawMessage("1.50"),
			json.RawMessage("null"), json.RawMessage(`"ü"`), json.RawMessage("1e400"),
		},
		{Type: source.UUID}:                             {uuid.MustParse("00000000-0000-0000-0000-000000000001"), uuid.Max},
		{Type: source.Array, Element: source.Integer}:   {[]any{int64(1), nil, int64(math.MinInt64)}, []any{}, []any{[]any{int64(1)}, []any{int64(2)}}},
		{Type: source.Array, Element: source.Text}:      {[]any{"", nil, "[1]", "\"", "ü"}},
		{Type: source.Array, Element: source.Decimal}:   {[]any{source.Number("1.50"), source.Number("99999999999999999999999999999999999999")}},
		{Type: source.Array, Element: source.Float}:     {[]any{math.Inf(1), 0.1}},
		{Type: source.Array, Element: source.Date}:      {[]any{time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)}},
		{Type: source.Array, Element: source.Timestamp}: {[]any{moment}},
		{Type: source.Array, Element: source.Binary}:    {[]any{[]byte{0, 255}}},
		{Type: source.Array, Element: source.UUID}:      {[]any{uuid.Max}},
	} {
		t.Run(of.String(), func(t *testing.T) {
			t.Parallel()

			schema := source.Schema{column("id", source.Integer), {Name: "value", Standard: of}}

			var want []source.Record
			for i, value := range append(values, nil) {
				want = append(want, source.Record{int64(i), value})
			}

			stage := open(t, t.TempDir())

			written, err := stage.WriteTable(t.Context(), replacing("t"), &records{schema: schema, left: want})
			require.NoError(t, err)
			require.EqualValues(t, len(want), written.Rows)

			// Decimals with more digits than a number are stored as text, which SQL compares as text.
			if isText := of.Type == source.Decimal && (of.Precision == 0 || of.Precision > 15); isText {
				require.Equal(t, []source.Conversion{
					{Column: "value", From: of.String(), To: strings.ToUpper(strings.Replace(of.String(), "decimal", "decimal_text", 1))},
				}, written.Conversions)
			} else {
				require.Empty(t, written.Conversions)
			}

			rows, err := read(t, stage, "t")
			require.NoError(t, err)
			require.Equal(t, of, rows.Schema()[1].Standard)
			require.Equal(t, want, collect(t, rows, nil))

			rows, err = stage.Query(t.Context(), "SELECT value FROM t WHERE false", nil)
			require.NoError(t, err)
			require.Equal(t, of, rows.Schema()[0].Standard, "the type does not depend on a record")
			require.Empty(t, collect(t, rows, nil))
		})
	}
}

func TestWriteTablePreservesOffsetOfTimestamp(t *testing.T) {
	t.Parallel()

	moment := time.Date(2024, 2, 29, 12, 30, 0, 0, time.FixedZone("", 5*60*60+30*60))
	stage := open(t, t.TempDir())
	replace(t, stage, "t", &records{
		schema: source.Schema{column("at", source.Timestamp)}, left: []source.Record{{moment}},
	})

	have := table(t, stage, "t")[0][0].(time.Time)
	require.Equal(t, moment.Format(time.RFC3339Nano), have.Format(time.RFC3339Nano))
}

func TestWriteTableRefusesNaN(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	schema := source.Schema{column("share", source.Float)}

	_, err := stage.WriteTable(t.Context(), replacing("t"), &records{schema: schema, left: []source.Record{{1.0}, {math.NaN()}}})
	problem := requireProblem(t, err, source.CodeRecordInvalid, false)
	require.Contains(t, problem.Message, `record 2, column "share"`)
}

func TestWriteTableQuotesNames(t *testing.T) {
	t.Parallel()

	const name = `a "b"; DROP TABLE keep; -- ü`

	stage := open(t, t.TempDir())
	replace(t, stage, "keep", numbers(1))
	replace(t, stage, name, &records{
		schema: source.Schema{column(name, source.Text), column("select", source.Text)},
		left:   []source.Record{{"x", "y"}},
	})

	rows, err := read(t, stage, name)
	require.NoError(t, err)
	require.Equal(t, name, rows.Schema()[0].Name)
	require.Equal(t, []source.Record{{"x", "y"}}, collect(t, rows, nil))
	require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "keep"))
}

func TestReplaceDropsTheOldTable(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", &records{
		schema: source.Schema{column("a", source.Text), column("b", source.Text)},
		left:   []source.Record{{"x", "y"}},
	})
	replace(t, stage, "t", numbers(1, 2))

	rows, err := read(t, stage, "t")
	require.NoError(t, err)
	require.Len(t, rows.Schema(), 1)
	require.Equal(t, []source.Record{{int64(1)}, {int64(2)}}, collect(t, rows, nil))

	replace(t, stage, "t", numbers())
	require.Empty(t, table(t, stage, "t"))
}

func TestFailedReplaceRetainsTheOldTable(t *testing.T) {
	t.Parallel()

	unreadable := numbers(2, 3)
	unreadable.err = io.ErrUnexpectedEOF

	wrong := numbers(2)
	wrong.schema[0].Type = source.Float
	wrong.left = append(wrong.left, source.Record{math.NaN()})

	twice := numbers()
	twice.schema = append(twice.schema, twice.schema[0])

	for name, rows := range map[string]*records{
		"rows that end with an error": unreadable, "a value that can't be stored": wrong, "two columns of one name": twice,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			stage := open(t, t.TempDir())
			replace(t, stage, "t", numbers(1))

			_, err := stage.WriteTable(t.Context(), replacing("t"), rows)
			require.Error(t, err)

			if rows.err != nil {
				require.Equal(t, rows.err, err, "it is not an error of this source")
			}
			require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"))

			replace(t, stage, "t", numbers(4)) // The failed write has released its lock.
		})
	}
}

func TestCancelledReplaceRetainsTheOldTable(t *testing.T) {
	t.Parallel()

	for name, rows := range map[string]*records{"at its last record": numbers(), "during endless rows": {
		schema: numbers().schema, endless: source.Record{int64(1)},
	}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			stage := open(t, t.TempDir())
			replace(t, stage, "t", numbers(1))

			ctx, cancel := context.WithCancel(t.Context())
			rows.before = cancel

			_, err := stage.WriteTable(ctx, replacing("t"), rows)
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, []source.Record{{int64(1)}}, table(t, stage, "t"))
		})
	}
}

func TestReplaceIsInvisibleToReadersUntilItCommits(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	stage, reader := open(t, dir), open(t, dir)
	replace(t, stage, "t", numbers(1))

	begun, err := read(t, reader, "t")
	require.NoError(t, err)

	rows := numbers(2, 3)
	rows.before = func() { require.Equal(t, []source.Record{{int64(1)}}, table(t, reader, "t")) }

	replace(t, stage, "t", rows)
	require.Equal(t, []source.Record{{int64(2)}, {int64(3)}}, table(t, reader, "t"))
	require.Equal(t, []source.Record{{int64(1)}}, collect(t, begun, nil), "rows that were opened before")
}

func TestReplaceReadsRowsOfTheSameTable(t *testing.T) {
	t.Parallel()

	stage := open(t, t.TempDir())
	replace(t, stage, "t", numbers(1, 2))

	rows, err := stage.Query(t.Context(), "SELECT id FROM t WHERE id > 1", nil)
	require.NoError(t, err)
	replace(t, stage, "t", rows)
	require.NoError(t, rows.Close())
	require.Equal(t, []source.Record{{int64(2)}}, table(t, stage, "t"))
}
