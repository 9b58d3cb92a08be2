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

		types, _, again, err := source.Inference{Texts: true}.Infer(t.Context(), rows)
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

		types, _, _, err := source.Inference{Texts: true}.Infer(t.Context(), rows)
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

	inference := source.Inference{Texts: true, Given: map[string]source.Standard{"named": of(source.Text)}}

	types, _, again, err := inference.Infer(t.Context(), rows)
	require.NoError(t, err)
	require.Equal(t, map[string]source.Standard{"v": of(source.Integer)}, types)

	converted, err := source.Inferred(again, "files", source.Read{Table: source.Table{Name: "t.csv"}}, types)
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

	converted, err := source.Convert(rows, "files", source.Read{Table: source.Table{Name: "t.csv"}, Types: map[string]source.Standard{"id": of(source.Integer)}, Reject: func(r source.Reject) error {
		rejected = append(rejected, r)

		return nil
	}})
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

		converted, err := source.Inferred(rows, "files", source.Read{Table: source.Table{Name: "t.csv"}}, map[string]source.Standard{"v": of(source.Float)})
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

	_, _, again, err := source.Inference{Texts: true}.Infer(t.Context(), rows)
	require.NoError(t, err)
	require.Len(t, rows.left, 36)

	first, err := again.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, source.Record{long}, first)
}

// infer returns the types of the columns v and, if they are not clear, the notes.
func infer(t *testing.T, inference source.Inference, values ...string) (of string, note string) {
	t.Helper()

	rows := texts([]string{"v"})
	for _, value := range values {
		rows.left = append(rows.left, source.Record{value})
	}

	inference.Texts = true

	types, unclear, _, err := inference.Infer(t.Context(), rows)
	require.NoError(t, err)

	of = "text"
	if found, isFound := types["v"]; isFound {
		of = found.String()
	}

	if len(unclear) > 0 {
		require.Equal(t, source.Conversion{Column: "v", From: "text", To: "text", Note: unclear[0].Note}, unclear[0])
		note = unclear[0].Note
	}

	return of, note
}

func TestInferNeverReadsThousandsAsAFraction(t *testing.T) {
	t.Parallel()

	for _, values := range [][]string{
		{"1.234", "2.500"},
		{"1.234", "17"},
		{"-1.234"},
		{"1.234,56", "17"},
		{"1,234", "2,500"},
		{"1,234.50"},
		{"0,50"},
		{"1'234"},
		{"1.234.567"},
		{"1 234"},
		{"1.234", "1.234,56"},
	} {
		of, note := infer(t, source.Inference{}, values...)
		require.Equal(t, "text", of, values)
		require.Contains(t, note, "may have a fraction or thousands; set decimalSeparator in the format, or the type in columnTypes", values)
	}

	for _, values := range [][]string{{"1.234", "1.5"}, {"0.500", "1.234"}, {"1234.567"}, {"1.2345", "1.234"}} {
		of, note := infer(t, source.Inference{}, values...)
		require.Equal(t, "decimal", of, values)
		require.Empty(t, note)
	}

	for _, values := range [][]string{{"1.234", "x"}, {"1,5", "7 h"}, {"10,20,30"}} { // No numbers.
		of, note := infer(t, source.Inference{}, values...)
		require.Equal(t, "text", of, values)
		require.Empty(t, note)
	}
}

func TestInferUsesTheNotationOfTheFormat(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		notation source.Notation
		of       string
		values   []string
	}{
		{german, "integer", []string{"1.234", "2.500", "17"}},
		{german, "decimal", []string{"1.234,56", "0,5", "17"}},
		{german, "text", []string{"1.5"}},
		{german, "text", []string{"007"}},
		{german, "date", []string{"31.12.2025", "01.01.2026"}},
		{german, "datetime", []string{"31.12.2025 23:59:58"}},
		{german, "text", []string{"2025-12-31"}},
		{german, "boolean", []string{"Ja", " nein "}},
		{german, "float", []string{"1,5e-7"}},
		{source.Notation{DecimalSeparator: "."}, "decimal", []string{"1.234", "2.500"}},
		{source.Notation{ThousandsSeparator: ","}, "integer", []string{"1,234"}},
		{source.Notation{TimestampFormat: "dd.MM.yyyy HH:mm XXX"}, "timestamp", []string{"31.12.2025 23:59 +01:00"}},
	} {
		inference := source.Inference{Format: source.Format{Columns: map[string]source.Notation{"v": test.notation}}}

		of, note := infer(t, inference, test.values...)
		require.Equal(t, test.of, of, test.values)
		require.Empty(t, note)
	}
}

func TestInferFitsDecimalsToTheNumbersOfTheTarget(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		of     string
		values []string
	}{
		{"decimal(15,1)", []string{"9.4", "37.8", "-0.5"}},
		{"decimal(15,2)", []string{"1.50", "2.5", "10"}},
		{"decimal(15,2)", []string{"1234567890123.45"}},
		{"float", []string{"9.4", "10", "3.25"}},
		{"float", []string{"123456789012.5", "0.0001"}},
		{"decimal", []string{"0.1234567890123456"}},
		{"decimal", []string{"12345678901234.55"}},
		{"decimal", []string{"1234567890.50", "0.1234567"}},
		{"integer", []string{"12"}},
		{"decimal", []string{"12345678901234567890"}},
	} {
		of, _ := infer(t, source.Inference{Digits: 15}, test.values...)
		require.Equal(t, test.of, of, test.values)
	}

	of, _ := infer(t, source.Inference{Digits: 15, Format: source.Format{Notation: german}}, "1.234,50", "0,99")
	require.Equal(t, "decimal(15,2)", of)
}
