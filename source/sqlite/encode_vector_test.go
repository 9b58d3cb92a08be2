package sqlite_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// batched are records that can be read in batches only.
type batched struct{ records }

func (b *batched) Batches() source.Batches { return source.InBatches(&b.records) }

// TestWriteTableWritesBatchesLikeRecords writes every value to columns of several types, among them values that the column
// can't represent.
func TestWriteTableWritesBatchesLikeRecords(t *testing.T) {
	t.Parallel()

	moment := time.Date(2024, 2, 29, 23, 59, 59, 123456789, time.UTC)
	day := time.Date(1814, 3, 20, 0, 0, 0, 0, time.UTC)

	for _, test := range []struct {
		of     source.Standard
		values []any
	}{
		{source.Standard{Type: source.Text}, []any{"", "ü", "42", "2024-02-29", "\xff", strings.Repeat("ä", 1<<16)}},
		{source.Standard{Type: source.Integer}, []any{int64(math.MinInt64), int64(7)}},
		{source.Standard{Type: source.Float}, []any{0.1, 3.0, math.Inf(-1), math.NaN(), math.Copysign(0, -1)}},
		{source.Standard{Type: source.Boolean}, []any{true, false}},
		{source.Standard{Type: source.Decimal}, []any{source.Number("1.50"), source.Number("99999999999999999999999999.1")}},
		{source.Standard{Type: source.Decimal, Precision: 5, Scale: 2}, []any{source.Number("1.50"), source.Number("1.505")}},
		{source.Standard{Type: source.Date}, []any{day, moment.Truncate(24 * time.Hour)}},
		{source.Standard{Type: source.Time}, []any{24 * time.Hour, time.Millisecond}},
		{source.Standard{Type: source.Datetime}, []any{moment, moment.AddDate(10_000, 0, 0), day}},
		{source.Standard{Type: source.Timestamp}, []any{
			moment, moment.In(time.FixedZone("", 3600)), moment.In(time.FixedZone("", 3601)), moment.AddDate(-3000, 0, 0),
		}},
		{source.Standard{Type: source.Binary}, []any{[]byte{}, []byte{0, 255}}},
		{source.Standard{Type: source.JSON}, []any{json.RawMessage("1.50"), json.RawMessage("{}"), json.RawMessage("{"), json.RawMessage("null")}},
		{source.Standard{Type: source.UUID}, []any{uuid.Max}},
		{source.Standard{Type: source.Array, Element: source.Integer}, []any{[]any{int64(1), nil}}},
	} {
		for _, declared := range []string{"", "any", "TEXT", "INTEGER", "REAL", "DATE"} {
			for i, value := range test.values {
				t.Run(fmt.Sprintf("%s %d into %q", test.of, i, declared), func(t *testing.T) {
					t.Parallel()

					var (
						dumps [2]string
						errs  [2]string
					)

					for at := range 2 {
						rows := records{schema: source.Schema{{Name: "v", Standard: test.of}}}
						for range 12 { // More than one statement writes.
							rows.left = append(rows.left, source.Record{nil}, source.Record{value})
						}

						var from source.Rows = &rows
						if at == 1 {
							from = &batched{rows}
						}

						dumps[at], errs[at] = written(t, declared, from)
					}

					require.Equal(t, dumps[0], dumps[1])
					require.Equal(t, errs[0], errs[1])
				})
			}
		}
	}
}

// written writes rows to a table whose column has a declared type, or to a new table, and returns its content and the error.
func written(t *testing.T, declared string, rows source.Rows) (dump, problem string) {
	t.Helper()

	stage, write := open(t, t.TempDir()), replacing("t")

	if declared != "" {
		_, err := stage.Execute(t.Context(), source.Script{Text: "CREATE TABLE t (v " + strings.TrimPrefix(declared, "any") + ")"})
		require.NoError(t, err)

		write.Mode = source.Refill
	}

	if _, err := stage.WriteTable(t.Context(), write, rows); err != nil {
		return "", err.Error()
	}

	found, err := stage.Query(t.Context(), "SELECT group_concat(typeof(v) || quote(v)) FROM t", nil)
	require.NoError(t, err)

	record, err := found.Next(t.Context())
	require.NoError(t, err)
	require.NoError(t, found.Close())

	return fmt.Sprint(record[0]), ""
}
