package sqlite_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// Not parallel: it takes hundreds of megabytes.
//
//nolint:paralleltest // See above.
func TestMemoryLimitAllowsRecordsOfAlmostMaximumSize(t *testing.T) {
	stage := open(t, t.TempDir())
	large := strings.Repeat("0123456789abcdef", (source.MaxRecord-1000)/16)

	rows := &records{schema: source.Schema{column("id", source.Integer), column("note", source.Text)}}
	for id := range int64(9) { // A batch of them would take more memory than the limit.
		rows.left = append(rows.left, source.Record{id % 2, large})
	}

	write := source.Write{Table: source.Table{Name: "t"}, Mode: source.Upsert, Key: []string{"id"}}
	_, err := stage.WriteTable(t.Context(), write, rows)
	require.NoError(t, err)

	_, err = stage.Execute(t.Context(), source.Script{Text: "UPDATE t SET note = replace(note, '0', 'o')"})
	require.NoError(t, err)

	for _, query := range []string{
		"SELECT note FROM t ORDER BY id DESC",
		"SELECT hex(zeroblob(33000000))",
		"SELECT length(group_concat(substr(note, 1, 16000000))) FROM t",
		"SELECT length(json_set('{}', '$.a', substr(note, 1, 10000000))) FROM t",
	} {
		t.Run(query, func(t *testing.T) {
			rows, err := stage.Query(t.Context(), query, nil)
			require.NotEmpty(t, collect(t, rows, err))
		})
	}
}
