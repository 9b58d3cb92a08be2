package source_test

import (
	"context"
	"io"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// records are rows that are held in memory.
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

// placed are rows that know where they stand.
type placed struct{ *records }

func (placed) Location() string { return "line 17" }

// texts returns rows of text columns.
func texts(names []string, left ...source.Record) *records {
	rows := &records{left: left}
	for _, name := range names {
		rows.schema = append(rows.schema, source.Column{Name: name, Type: source.Text})
	}

	return rows
}

func TestTextIsReadInTheFormInWhichResultsShowItsType(t *testing.T) {
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
	} {
		t.Run(string(test.of)+" "+test.text, func(t *testing.T) {
			t.Parallel()

			value, err := source.ParseText(test.of, test.text)
			require.NoError(t, err)
			require.Equal(t, test.want, value)
		})
	}
}

func TestATimestampKeepsItsOffset(t *testing.T) {
	t.Parallel()

	value, err := source.ParseText(source.Timestamp, "2024-02-29T12:30:00+05:30")
	require.NoError(t, err)
	require.Equal(t, "2024-02-29T12:30:00+05:30", value.(time.Time).Format(time.RFC3339Nano))
}

func TestEmptyTextIsNullInEveryTypeButText(t *testing.T) {
	t.Parallel()

	for _, of := range source.Types() {
		value, err := source.ParseText(of, "")
		require.NoError(t, err)

		if of == source.Text {
			require.Equal(t, "", value) //nolint:testifylint // Empty is what nil is too.
		} else {
			require.Nil(t, value, of)
		}
	}
}

func TestTextThatIsNoValueOfItsTypeIsRefused(t *testing.T) {
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
		{source.Binary, "AP8"},
	} {
		t.Run(string(test.of)+" "+test.text, func(t *testing.T) {
			t.Parallel()

			_, err := source.ParseText(test.of, test.text)
			require.EqualError(t, err, `"`+test.text+`" is not a value of type `+string(test.of))
		})
	}
}

func TestOnlyTheNamedColumnsAreConverted(t *testing.T) {
	t.Parallel()

	original := texts([]string{"id", "name"}, source.Record{"1", "2"}, source.Record{nil, nil})

	rows, err := source.Convert(original, "files", "t.csv", map[string]source.Type{"id": source.Integer})
	require.NoError(t, err)
	require.Equal(t, source.Schema{{Name: "id", Type: source.Integer}, {Name: "name", Type: source.Text}}, rows.Schema())
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

func TestTypesOfAColumnThatIsNotThereAreAnErrorThatNamesThoseThatAre(t *testing.T) {
	t.Parallel()

	_, err := source.Convert(texts([]string{"id", "name"}), "files", "t.csv", map[string]source.Type{"ID": source.Integer})

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, source.CodeRecordInvalid, problem.Code)
	require.False(t, problem.Curable)
	require.EqualError(t, err, `source "files", table "t.csv": columnTypes names the column "ID", which the table does not have `+
		`(its columns are id, name)`)
}

func TestAValueThatIsNotOfItsTypeIsNamedByItsPlace(t *testing.T) {
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

			rows, err := source.Convert(test.rows, "files", "t.csv", map[string]source.Type{"id": source.Integer})
			require.NoError(t, err)

			_, err = rows.Next(t.Context())
			require.NoError(t, err)

			_, err = rows.Next(t.Context())

			var problem *source.Error
			require.ErrorAs(t, err, &problem)
			require.Equal(t, source.CodeRecordInvalid, problem.Code)
			require.False(t, problem.Curable)
			require.Equal(t, test.place+`, column "id": "x" is not a value of type integer`, problem.Message)
		})
	}
}

func TestAColumnThatIsNoTextKeepsItsType(t *testing.T) {
	t.Parallel()

	rows := &records{schema: source.Schema{{Name: "id", Type: source.Integer}}}

	_, err := source.Convert(rows, "stage", "t", map[string]source.Type{"id": source.Date})
	require.ErrorContains(t, err, `the column "id" is of type integer already`)

	same, err := source.Convert(rows, "stage", "t", map[string]source.Type{"id": source.Integer})
	require.NoError(t, err)
	require.Equal(t, source.Integer, same.Schema()[0].Type)
}
