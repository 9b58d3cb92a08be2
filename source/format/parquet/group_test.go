package parquet_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	library "github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// A row group is in memory until it is written, and must not grow with the size of the records.
func TestWriteLimitsTheSizeOfARowGroup(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		column  source.Standard
		value   any
		records int
		groups  int
	}{
		"long texts":  {source.Standard{Type: source.Text}, strings.Repeat("x", 1<<20), 40, 2},
		"long lists":  {source.Standard{Type: source.Array, Element: source.Text}, []any{strings.Repeat("x", 1<<20), nil}, 40, 2},
		"short texts": {source.Standard{Type: source.Text}, "x", 1_000, 1},
		"none":        {source.Standard{Type: source.Text}, "x", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			records := make([]source.Record, test.records)
			for i := range records {
				records[i] = source.Record{test.value}
			}

			content, _ := write(t, source.Schema{sourcetest.Column("v", test.column)}, records...)

			file, err := library.OpenFile(bytes.NewReader(content), int64(len(content)))
			require.NoError(t, err)
			require.Equal(t, test.groups, len(file.RowGroups())) //nolint:testifylint // Len would print them.
			require.EqualValues(t, test.records, file.NumRows())
			// Equal would print the whole value.
			require.True(t, slices.EqualFunc(records, sourcetest.ReadAll(t, open(t, content)), func(a, b source.Record) bool {
				return reflect.DeepEqual(a, b)
			}))
		})
	}
}
