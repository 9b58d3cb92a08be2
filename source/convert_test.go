package source_test

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// records are rows in memory.
type records struct {
	schema source.Schema
	left   []source.Record
}

func (r *records) Schema() source.Schema { return r.schema }

func (r *records) Next(context.Context) (source.Record, error) {
	if len(r.left) == 0 {
		return nil, io.EOF
	}

	next := r.left[0]
	r.left = r.left[1:]

	return next, nil
}

func (r *records) Close() error { return nil }

// placed are rows that implement source.Locator.
type placed struct{ *records }

func (placed) Location() string { return "line 17" }

// text returns a text column.
func text(name string) source.Column {
	return source.Column{Name: name, Standard: source.Standard{Type: source.Text}}
}

// of returns a type without arguments.
func of(t source.Type) source.Standard { return source.Standard{Type: t} }

// texts returns rows of text columns.
func texts(names []string, left ...source.Record) *records {
	rows := &records{left: left}
	for _, name := range names {
		rows.schema = append(rows.schema, text(name))
	}

	return rows
}

func TestConvertParsesTextInTheFormOfResults(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		of   source.Type
		text string
		want any
	}{
		{source.Text, "42", "42"},
		{source.Text, "", ""},
		{source.Integer, "-42", int64(-42)},
		{source.Integer, "9223372036854775807", int64(math.MaxInt64)},
		{source.Integer, "-9223372036854775808", int64(math.MinInt64)},
		{source.Float, "1.5e3", 1500.0},
		{source.Float, "-Infinity", math.Inf(-1)},
		{source.Boolean, "true", true},
		{source.Boolean, "False", false},
		{source.Date, "2024-02-29", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
		{source.Timestamp, "2024-02-29T12:30:00.000000001Z", time.Date(2024, 2, 29, 12, 30, 0, 1, time.UTC)},
		{source.Binary, "AP8=", []byte{0, 255}},
		{source.Timestamp, "2024-02-29 12:30:00Z", time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)},
		{source.Datetime, "2024-02-29 12:30:00.5", time.Date(2024, 2, 29, 12, 30, 0, 500_000_000, time.UTC)},
		{source.Time, "23:59:59.999999", 24*time.Hour - time.Microsecond},
		{source.Time, "24:00:00", 24 * time.Hour},
		{source.Decimal, "-0012.50", source.Number("-12.50")},
		{source.Decimal, "99999999999999999999999999999999999999", source.Number("99999999999999999999999999999999999999")},
		{source.JSON, `{"a": 1.0}`, json.RawMessage(`{"a": 1.0}`)},
		{source.UUID, "F47AC10B-58CC-0372-8567-0E02B2C3D479", uuid.MustParse("f47ac10b-58cc-0372-8567-0e02b2c3d479")},
	} {
		t.Run(string(test.of)+" "+test.text, func(t *testing.T) {
			t.Parallel()

			value, err := source.ParseText(of(test.of), test.text)
			require.NoError(t, err)
			require.Equal(t, test.want, value)
		})
	}
}

func TestConvertPreservesTimestampOffset(t *testing.T) {
	t.Parallel()

	value, err := source.ParseText(of(source.Timestamp), "2024-02-29T12:30:00+05:30")
	require.NoError(t, err)
	require.Equal(t, "2024-02-29T12:30:00+05:30", value.(time.Time).Format(time.RFC3339Nano))
}

func TestConvertReadsEmptyTextAsNull(t *testing.T) {
	t.Parallel()

	for _, standard := range source.Types() {
		value, err := source.ParseText(of(standard), "")
		require.NoError(t, err)

		switch standard { //nolint:exhaustive // The other types have no empty value.
		case source.Text:
			require.Equal(t, "", value) //nolint:testifylint // require.Empty would accept nil.
		case source.Binary:
			require.Equal(t, []byte{}, value)
		default:
			require.Nil(t, value, standard)
		}
	}
}

func TestConvertRejectsInvalidText(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		of   source.Type
		text string
	}{
		{source.Integer, "4.2"},
		{source.Integer, "9223372036854775808"},
		{source.Integer, " 42"},
		{source.Float, "1,5"},
		{source.Float, "1e999"},
		{source.Boolean, "yes"},
		{source.Boolean, "1"},
		{source.Date, "29.02.2024"},
		{source.Date, "2023-02-29"},
		{source.Timestamp, "2024-02-29 12:30:00"},
		{source.Datetime, "2024-02-29T12:30:00Z"},
		{source.Time, "24:00:01"},
		{source.Decimal, "1,50"},
		{source.Decimal, "."},
		{source.UUID, "123"},
		{source.JSON, "{"},
		{source.Binary, "AP8"},
	} {
		t.Run(string(test.of)+" "+test.text, func(t *testing.T) {
			t.Parallel()

			_, err := source.ParseText(of(test.of), test.text)
			require.EqualError(t, err, `"`+test.text+`" is not a value of type `+string(test.of))
		})
	}
}

func TestConvertChangesOnlyNamedColumns(t *testing.T) {
	t.Parallel()

	original := texts([]string{"id", "name"}, source.Record{"1", "2"}, source.Record{nil, nil})

	rows, err := source.Convert(original, "files", source.Read{Table: source.Table{Name: "t.csv"}, Types: map[string]source.Standard{"id": of(source.Integer)}})
	require.NoError(t, err)
	require.Equal(t, source.Schema{{Name: "id", Standard: of(source.Integer)}, text("name")}, rows.Schema())
	require.Equal(t, source.Text, original.schema[0].Type, "the original's schema was changed")

	record, err := rows.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, source.Record{int64(1), "2"}, record)

	record, err = rows.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, source.Record{nil, nil}, record)

	_, err = rows.Next(t.Context())
	require.Equal(t, io.EOF, err)
}

func TestConvertReportsUnknownColumn(t *testing.T) {
	t.Parallel()

	_, err := source.Convert(texts([]string{"id", "name"}), "files", source.Read{Table: source.Table{Name: "t.csv"}, Types: map[string]source.Standard{"ID": of(source.Integer)}})

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, source.CodeRecordInvalid, problem.Code)
	require.False(t, problem.Retryable)
	require.EqualError(t, err, `source "files", table "t.csv": columnTypes names the column "ID", which the table does not have `+
		`(its columns are id, name)`)
}

func TestConvertErrorContainsLocation(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, place string
		rows        source.Rows
	}{
		{"rows that know their place", "line 17", placed{texts([]string{"id"}, source.Record{"1"}, source.Record{"x"})}},
		{"rows that don't", "record 2", texts([]string{"id"}, source.Record{"1"}, source.Record{"x"})},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			rows, err := source.Convert(test.rows, "files", source.Read{Table: source.Table{Name: "t.csv"}, Types: map[string]source.Standard{"id": of(source.Integer)}})
			require.NoError(t, err)

			_, err = rows.Next(t.Context())
			require.NoError(t, err)

			_, err = rows.Next(t.Context())

			var problem *source.Error
			require.ErrorAs(t, err, &problem)
			require.Equal(t, source.CodeRecordInvalid, problem.Code)
			require.False(t, problem.Retryable)
			require.Equal(t, test.place+`, column "id": "x" is not a value of type integer`, problem.Message)
		})
	}
}

func TestConvertBetweenTypes(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		from, to    source.Type
		value, want any
	}{
		{source.Integer, source.Decimal, int64(42), source.Number("42")},
		{source.Integer, source.Text, int64(42), "42"},
		{source.Decimal, source.Integer, source.Number("42"), int64(42)},
		{source.Boolean, source.Text, true, "true"},
		{source.JSON, source.Text, json.RawMessage(`"a\u00e4"`), "aä"},
		{source.JSON, source.Text, json.RawMessage(`[1, 2]`), "[1, 2]"},
		{source.JSON, source.Decimal, json.RawMessage(`"1.50"`), source.Number("1.50")},
		{source.Integer, source.Integer, int64(1), int64(1)},
	} {
		rows := &records{
			schema: source.Schema{{Name: "id", Standard: of(test.from)}}, left: []source.Record{{test.value}, {nil}},
		}

		converted, err := source.Convert(rows, "stage", source.Read{Table: source.Table{Name: "t"}, Types: map[string]source.Standard{"id": of(test.to)}})
		require.NoError(t, err)
		require.Equal(t, test.to, converted.Schema()[0].Type)

		record, err := converted.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, source.Record{test.want}, record)

		record, err = converted.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, source.Record{nil}, record)
	}
}

func TestConvertRejectsLossOfValue(t *testing.T) {
	t.Parallel()

	rows := &records{
		schema: source.Schema{{Name: "id", Standard: of(source.Decimal)}}, left: []source.Record{{source.Number("1.5")}},
	}

	converted, err := source.Convert(rows, "stage", source.Read{Table: source.Table{Name: "t"}, Types: map[string]source.Standard{"id": of(source.Integer)}})
	require.NoError(t, err)

	_, err = converted.Next(t.Context())
	require.ErrorContains(t, err, `record 1, column "id": "1.5" is not a value of type integer`)
}

// A series of rejected records may have no end, and its rows need not watch the context.
func TestConvertEndsWithItsContextWhileItRejects(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	rejected := 0

	rows := texts([]string{"id"})
	for range 1_000 {
		rows.left = append(rows.left, source.Record{"x"})
	}

	converted, err := source.Convert(rows, "files", source.Read{
		Table: source.Table{Name: "t.csv"}, Types: map[string]source.Standard{"id": of(source.Integer)},
		Reject: func(source.Reject) error {
			rejected++

			cancel()

			return nil
		},
	})
	require.NoError(t, err)

	_, err = converted.Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, rejected)
}
