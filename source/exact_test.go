package source_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestConvertValuePreservesValueOrFails(t *testing.T) {
	t.Parallel()

	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	refused := struct{}{}

	for _, test := range []struct {
		value    any
		from, to string
		want     any
	}{
		{int64(9_007_199_254_740_993), "integer", "float", refused},
		{int64(1 << 60), "integer", "float", float64(1 << 60)},
		{source.Number("12345678901234567.89"), "decimal", "float", refused},
		{source.Number("0.10"), "decimal", "float", 0.1},
		{source.Number("42.00"), "decimal", "integer", int64(42)},
		{source.Number("42.50"), "decimal", "integer", refused},
		{1e6, "float", "integer", int64(1_000_000)},
		{1.5, "float", "integer", refused},
		{1e6, "float", "decimal", source.Number("1000000")},
		{1.005, "float", "decimal(5,2)", refused},
		{"9007199254740993", "text", "float", refused},
		{"9007199254740993.0e-1", "text", "float", refused},
		{"1.50e3", "text", "float", 1500.0},
		{"-Infinity", "text", "float", math.Inf(-1)},
		{"1e-400", "text", "float", refused},
		{"1e400", "text", "float", refused},
		{"", "text", "integer", refused},
		{"", "text", "float", refused},
		{"", "text", "binary", []byte{}},
		{json.RawMessage("9007199254740993"), "json", "float", refused},
		{json.RawMessage(`"1.5"`), "json", "float", 1.5},
		{json.RawMessage(`""`), "json", "integer", refused},
		{json.RawMessage(`{"a":1}`), "json", "integer", refused},
		{json.RawMessage("null"), "json", "text", nil},
		{[]any{int64(1), nil, []any{int64(2)}}, "integer[]", "float[]", []any{1.0, nil, []any{2.0}}},
		{[]any{int64(9_007_199_254_740_993)}, "integer[]", "float[]", refused},
		{day, "date", "datetime", day},
		{day, "datetime", "date", day},
		{day.Add(time.Second), "datetime", "date", refused},
		{day, "timestamp", "datetime", refused},
		{day, "datetime", "timestamp", refused},
	} {
		from, err := source.ParseStandard(test.from)
		require.NoError(t, err)

		to, err := source.ParseStandard(test.to)
		require.NoError(t, err)

		got, err := source.ConvertValue(from, to, test.value)
		if test.want == refused {
			require.Error(t, err, "%v as %s became %v", test.value, test.to, got)

			continue
		}

		require.NoError(t, err, "%v as %s", test.value, test.to)
		require.Equal(t, test.want, got)
	}
}

func TestFitErrorContainsLocation(t *testing.T) {
	t.Parallel()

	rows, err := source.Fit(texts([]string{"n"}, source.Record{"1"}, source.Record{"9007199254740993"}), "stage",
		source.Table{Name: "t"}, source.Format{}, map[string]source.Standard{"n": of(source.Float)})
	require.NoError(t, err)

	record, err := rows.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, source.Record{1.0}, record)

	_, err = rows.Next(t.Context())
	require.ErrorContains(t, err, `source "stage", table "t": record 2, column "n": "9007199254740993" has more digits than a float`)
}
