package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// contentTypes are what servers say of the formats.
var contentTypes = map[string]string{
	"csv": "text/csv; charset=utf-8", "json": "application/json", "ndjson": "application/x-ndjson", "xml": "application/xml",
	"xlsx":    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"parquet": "application/vnd.apache.parquet",
}

// Every value of every type comes from a server as it was written there, in every format.
func TestEveryValueIsReadAsItIsServed(t *testing.T) {
	t.Parallel()

	for _, of := range format.Types() {
		t.Run(of.Name, func(t *testing.T) {
			t.Parallel()

			for _, sample := range sourcetest.Samples() {
				columns, records := recordsOf(sample, of.Name)
				content, conversions := written(t, of.Name, columns, records)

				from := open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", contentTypes[of.Name])
					_, _ = w.Write(content)
				}), nil)

				sourcetest.RequireHeld(t, from, source.Table{Name: "table"}, columns, records, conversions, of.Name != "parquet")
			}
		})
	}
}

func TestEveryValueIsReadFromPages(t *testing.T) {
	t.Parallel()

	for _, sample := range sourcetest.Samples() {
		columns, records := recordsOf(sample, "json")
		content, conversions := written(t, "json", columns, records)

		var all []json.RawMessage
		require.NoError(t, json.Unmarshal(content, &all))

		from := open(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
			begin, _ := strconv.Atoi(r.URL.Query().Get("offset"))
			begin = min(begin, len(all))
			page, _ := json.Marshal(all[begin:min(begin+2, len(all))])
			_, _ = w.Write(page)
		}), map[string]any{"paging": map[string]any{"style": "offset", "size": 2}})

		sourcetest.RequireHeld(t, from, source.Table{Name: "table"}, columns, records, conversions, true)
	}
}

// recordsOf are the values of a sample that a format holds, each with its number.
func recordsOf(sample sourcetest.Sample, in string) (source.Schema, []source.Record) {
	columns := source.Schema{
		sourcetest.Column("n", source.Standard{Type: source.Integer}), sourcetest.Column("v", sample.Type),
	}

	var records []source.Record

	for i, value := range sample.Values {
		if in == "xlsx" && len(fmt.Sprint(value)) > 32_767 {
			continue // It has no cells for so much text.
		}

		records = append(records, source.Record{int64(i), value})
	}

	return columns, records
}

// written is a table as a file of that type, with the conversions that its writer tells.
func written(t *testing.T, of string, columns source.Schema, records []source.Record) ([]byte, []source.Conversion) {
	t.Helper()

	var content bytes.Buffer

	writer, err := format.NewWriter(&content, "table."+of, source.Format{}, columns)
	require.NoError(t, err)

	for _, record := range records {
		require.NoError(t, writer.Append(record))
	}

	require.NoError(t, writer.Close())

	return content.Bytes(), writer.(format.Converter).Conversions()
}
