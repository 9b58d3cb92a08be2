package activities_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

func TestTransformReturnsValue(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.load(t)

	outcome, err := b.run(t, b.Transform, scenario.Transform{
		Source: "stage", Query: "SELECT *, id * 1.0 AS weight FROM companies WHERE id <> :id ORDER BY id",
		Bind: jsonvalue.Object{"id": int64(2)}, ReturnValue: true,
	})
	require.NoError(t, err)
	require.EqualValues(t, 2, outcome.Rows)
	require.Nil(t, outcome.Result)
	require.Equal(t, []any{
		map[string]any{"id": int64(1), "name": "IBM", "founded": "1911-06-16", "weight": 1.0},
		map[string]any{"id": int64(3), "name": "Kongsberg, ASA", "founded": nil, "weight": 3.0},
	}, outcome.Value.Any)

	outcome, err = b.run(t, b.Transform, scenario.Transform{Source: "stage", Query: "SELECT 1 WHERE 1 = 0", ReturnValue: true})
	require.NoError(t, err)
	require.Equal(t, []any{}, outcome.Value.Any)
}

func TestTransformLimitsTheValue(t *testing.T) {
	t.Parallel()

	numbers := func(count string) string { return strings.Replace(series, ":count", count, 1) }

	for _, test := range []struct {
		name, query, code, message string
	}{
		{name: "as many records as can be", query: numbers("1000")},
		{
			name: "a record more", query: numbers("1001"), code: "limit_exceeded",
			message: "1000 records and 65536 bytes that a step's value can have; use the query in a ForEach",
		},
		{name: "many bytes", query: "SELECT hex(zeroblob(32700)) AS a"},
		{name: "too many bytes", query: "SELECT hex(zeroblob(32768)) AS a", code: "limit_exceeded", message: "65536 bytes"},
		{name: "too many bytes together", query: "SELECT hex(zeroblob(20000)) AS a UNION ALL SELECT hex(zeroblob(20000))", code: "limit_exceeded", message: "65536 bytes"},
		{name: "two columns of one name", query: "SELECT 1 AS a, 2 AS a", code: "result_invalid", message: `two columns are named "a"`},
		{name: "text that is not UTF-8", query: "SELECT 'x' AS a UNION ALL SELECT CAST(x'ff' AS TEXT)", code: "source_record_invalid", message: "record 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)

			_, err := b.run(t, b.Transform, scenario.Transform{Source: "stage", Query: test.query, ReturnValue: true})
			if test.code == "" {
				require.NoError(t, err)
			} else {
				requireFailure(t, err, test.code, false, test.message)
			}
		})
	}
}
