package source_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestInferUsesTypeOfAllValues(t *testing.T) {
	t.Parallel()

	for want, values := range map[string][]any{
		"integer":   {"1", nil, "-20", "0"},
		"decimal":   {"1", "1.50", "-0.01"},
		"float":     {"1", "1.5e3", "-0.1E-07", "6e+23", ".5"},
		"boolean":   {"true", "FALSE"},
		"date":      {"2024-02-29", "1999-12-31"},
		"datetime":  {"2024-02-29 12:30:00", "2024-02-29T12:30:00.5"},
		"timestamp": {"2024-02-29T12:30:00Z", "2024-02-29 12:30:00+02"},
		"time":      {"12:30:00", "00:00:00.5"},
		"uuid":      {"f47ac10b-58cc-0372-8567-0e02b2c3d479"},
		"text":      {"1", "x"},
	} {
		rows := texts([]string{"v"})
		for _, value := range values {
			rows.left = append(rows.left, source.Record{value})
		}

		types, again, err := source.Infer(t.Context(), rows, nil)
		require.NoError(t, err)

		if want == "text" {
			require.Empty(t, types)
		} else {
			require.Equal(t, want, types["v"].String())
		}

		for _, value := range values { // The rows start with the first record.
			record, err := again.Next(t.Context())
			require.NoError(t, err)
			require.Equal(t, source.Record{value}, record)
		}

		_, err = again.Next(t.Context())
		require.Equal(t, io.EOF, err)
	}
}

func TestInferKeepsTextThatWouldChange(t *testing.T) {
	t.Parallel()

	for _, values := range [][]any{
		{"007"},
		{"+1"},
		{"1.0", "01.5"},
		{"Nan", "nan"},
		{"inf", "-Inf"},
		{"1.5", "Infinity"},
		{"1E5", "12E4"},
		{"1e3", "12345678901234567.89"},
		{"1.5e3", "12345678901234567.89"},
		{"1.5e0", "1e-400"},
		{"1.5e0", "0x1p-2"},
		{"1.", "2."},
		{"1e5", "00e5"},
		{nil, nil},
		{},
		{""},
		{"99999999999999999999", "1x"},
		{"12:30"},
		{"F47AC10B-58CC-0372-8567-0E02B2C3D479"},
	} {
		rows := texts([]string{"v"})
		for _, value := range values {
			rows.left = append(rows.left, source.Record{value})
		}

		types, _, err := source.Infer(t.Context(), rows, nil)
		require.NoError(t, err)
		require.Empty(t, types, values)
	}
}

func TestInferUsesFirstThousandRecords(t *testing.T) {
	t.Parallel()

	rows := texts([]string{"v", "named"})
	for i := range 1_001 {
		rows.left = append(rows.left, source.Record{fmt.Sprint(i), "1"})
	}

	rows.left = append(rows.left, source.Record{"x", "1"})

	types, again, err := source.Infer(t.Context(), rows, map[string]source.Standard{"named": of(source.Text)})
	require.NoError(t, err)
	require.Equal(t, map[string]source.Standard{"v": of(source.Integer)}, types)

	converted, err := source.Inferred(again, "files", source.Table{Name: "t.csv"}, types, nil)
	require.NoError(t, err)

	for range 1_001 {
		_, err = converted.Next(t.Context())
		require.NoError(t, err)
	}

	_, err = converted.Next(t.Context())
	require.ErrorContains(t, err, `record 1002, column "v": "x" is not a value of type integer`)
}

func TestInferredRejectsRecords(t *testing.T) {
	t.Parallel()

	var rejected []source.Reject

	rows := texts([]string{"id", "name"}, source.Record{"1", "one"}, source.Record{"x", "two"}, source.Record{"3", nil})

	converted, err := source.Convert(rows, "files", source.Table{Name: "t.csv"},
		map[string]source.Standard{"id": of(source.Integer)}, func(r source.Reject) error {
			rejected = append(rejected, r)

			return nil
		})
	require.NoError(t, err)

	for _, want := range []source.Record{{int64(1), "one"}, {int64(3), nil}} {
		record, err := converted.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, record)
	}

	_, err = converted.Next(t.Context())
	require.Equal(t, io.EOF, err)
	require.Equal(t, []source.Reject{{
		Location: "record 2", Message: `column "id": "x" is not a value of type integer`, Text: `["x","two"]`,
	}}, rejected)
}

func TestInferredRejectsValueThatWouldChange(t *testing.T) {
	t.Parallel()

	for value, mistake := range map[string]string{
		"007":                  `"007" is not written as a value of type float`,
		"NaN":                  `"NaN" is not written as a value of type float`,
		"12345678901234567.89": `has more digits than a float`,
		"":                     `empty text is not a value of type float`,
	} {
		rows := texts([]string{"v"}, source.Record{"1.5e3"}, source.Record{value})

		converted, err := source.Inferred(rows, "files", source.Table{Name: "t.csv"}, map[string]source.Standard{"v": of(source.Float)}, nil)
		require.NoError(t, err)

		record, err := converted.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, source.Record{1500.0}, record)

		_, err = converted.Next(t.Context())
		require.ErrorContains(t, err, mistake)
	}
}

func TestInferKeepsAtMost64MiBOfRecords(t *testing.T) {
	t.Parallel()

	rows, long := texts([]string{"v"}), strings.Repeat("1", 1<<20)
	for range 100 {
		rows.left = append(rows.left, source.Record{long})
	}

	_, _, err := source.Infer(t.Context(), rows, nil)
	require.NoError(t, err)
	require.Len(t, rows.left, 36)
}
