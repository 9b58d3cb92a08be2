package web_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// Pages preserve every value of every type. sourcetest tests files.
func TestPagesPreserveEveryValue(t *testing.T) {
	t.Parallel()

	for _, sample := range sourcetest.Samples() {
		columns := source.Schema{
			sourcetest.Column("n", source.Standard{Type: source.Integer}), sourcetest.Column("v", sample.Type),
		}

		var records []source.Record
		for i, value := range sample.Values {
			records = append(records, source.Record{int64(i), value})
		}

		content, conversions := written(t, columns, records)

		var all []json.RawMessage
		require.NoError(t, json.Unmarshal(content, &all))

		from := open(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
			begin, _ := strconv.Atoi(r.URL.Query().Get("offset"))
			begin = min(begin, len(all))
			page, _ := json.Marshal(all[begin:min(begin+2, len(all))])
			_, _ = w.Write(page)
		}), map[string]any{"paging": map[string]any{"style": "offset", "size": 2}})

		records = sourcetest.Become(sourcetest.NullAsNULL, columns, records)
		sourcetest.RequireStored(t, from, source.Table{Name: "table"}, columns, records, conversions, true)
	}
}

// written is a table as a document, with the conversions that its writer reports.
func written(t *testing.T, columns source.Schema, records []source.Record) ([]byte, []source.Conversion) {
	t.Helper()

	var content bytes.Buffer

	writer, err := format.NewWriter(&content, "table.json", source.Format{}, columns)
	require.NoError(t, err)

	for _, record := range records {
		require.NoError(t, writer.Append(record))
	}

	require.NoError(t, writer.Close())

	return content.Bytes(), writer.(format.Converter).Conversions()
}
