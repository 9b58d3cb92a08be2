package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/json"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// read reads all records. The error is nil if it reached their end.
func read(t *testing.T, from io.Reader, f source.Format, reject func(source.Reject) error) (
	schema source.Schema, records []source.Record, err error,
) {
	t.Helper()

	rows, err := json.NewReader(from, source.Read{Format: f, Reject: reject})
	if err != nil {
		return nil, nil, err
	}

	for {
		record, err := rows.Next(t.Context())
		if err == io.EOF {
			return rows.Schema(), records, nil
		}

		if err != nil {
			return nil, nil, err
		}

		records = append(records, append(source.Record(nil), record...))
	}
}

// FuzzRead verifies that any content is read, or refused with an error that has a place; that the size of reads does not matter;
// and that encoding/json reads the same values.
func FuzzRead(f *testing.F) {
	for _, content := range []string{
		`[{"a": 1, "b": "x\n\u00e4\ud83d\ude00", "c": {"d": [1.50, null, true]}}, {"a": -0, "c": 1e400}]`, `{"data": {"items": [{}]}}`,
		"{\"a\": 12345678901234567890}\n\n{\"a\": \"NaN\"}\r\n", "\ufeff[]", "[{\"a\":1},{\"a\":1,\"a\":2}]", `[{"a": "\ud800"}`, "[{\"a\":\"\xe9\"}]",
	} {
		for _, format := range []string{"json", json.TypeNDJSON} {
			f.Add(content, format, "")
		}

		f.Add(content, "json", "data.items")
	}

	f.Fuzz(func(t *testing.T, content, format, path string) {
		format = map[bool]string{true: "json", false: json.TypeNDJSON}[format == "json"]
		if format == json.TypeNDJSON {
			path = ""
		}

		options := source.Format{Type: format, Records: path}

		schema, records, err := read(t, strings.NewReader(content), options, nil)
		_, again, errAgain := read(t, iotest.HalfReader(strings.NewReader(content)), options, nil)
		require.Equal(t, err, errAgain)
		requireSame(t, schema, records, again)

		rejected := 0
		_, _, errRejecting := read(t, strings.NewReader(content), options, func(reject source.Reject) error {
			require.True(t, utf8.ValidString(reject.Text))
			require.NotEmpty(t, reject.Message)

			rejected++

			return nil
		})

		if err == nil {
			require.NoError(t, errRejecting)
			require.Zero(t, rejected)

			if path == "" {
				requireAgreement(t, content, schema, records)
			}

			return
		}

		require.True(t, rejected > 0 || errRejecting != nil)

		var problem *source.Error
		require.ErrorAs(t, err, &problem)
		require.True(t, utf8.ValidString(problem.Message), problem.Message)
		require.Contains(t, problem.Message, "line ")
	})
}

// requireAgreement verifies that encoding/json reads the same records.
func requireAgreement(t *testing.T, content string, schema source.Schema, records []source.Record) {
	t.Helper()

	decoder := stdjson.NewDecoder(strings.NewReader(strings.TrimPrefix(content, "\ufeff")))

	var values []map[string]stdjson.RawMessage

	for {
		var value stdjson.RawMessage

		err := decoder.Decode(&value)
		if err == io.EOF {
			break
		}

		require.NoError(t, err)

		if value[0] == '[' {
			require.NoError(t, stdjson.Unmarshal(value, &values))

			continue
		}

		var object map[string]stdjson.RawMessage
		require.NoError(t, stdjson.Unmarshal(value, &object))

		values = append(values, object)
	}

	require.Len(t, records, len(values))

	for i, record := range records {
		for j, column := range schema {
			if raw, found := values[i][column.Name]; found && string(raw) != "null" {
				want, err := source.FromJSON(column.Standard, raw)
				require.NoError(t, err)
				require.True(t, sourcetest.Equal(column.Standard, want, record[j]), "%s: %#v", raw, record[j])
			} else {
				require.Nil(t, record[j])
			}
		}
	}
}

func requireSame(t *testing.T, schema source.Schema, a, b []source.Record) {
	t.Helper()
	require.Len(t, b, len(a))

	for i, record := range a {
		for j, column := range schema {
			require.True(t, sourcetest.Equal(column.Standard, record[j], b[i][j]))
		}
	}
}

// FuzzWriteAndRead verifies that any values are read as they were written.
func FuzzWriteAndRead(f *testing.F) {
	f.Add("a", "x", "12.50", int64(-1), 1.5, true)
	f.Add("\u2028\"\\", "\x00\x1f\u007f\ufffd😀", "-0.0000001", int64(math.MinInt64), math.Inf(-1), false)
	f.Add("", "", "", int64(0), math.Copysign(0, -1), false)

	f.Fuzz(func(t *testing.T, name, text, digits string, integer int64, float float64, boolean bool) {
		schema := source.Schema{
			sourcetest.Column("text", source.Standard{Type: source.Text}), sourcetest.Column("decimal", source.Standard{Type: source.Decimal}),
			sourcetest.Column("integer", source.Standard{Type: source.Integer}), sourcetest.Column("float", source.Standard{Type: source.Float}),
			sourcetest.Column("boolean", source.Standard{Type: source.Boolean}), sourcetest.Column("json", source.Standard{Type: source.JSON}),
			sourcetest.Column("_"+name, source.Standard{Type: source.Text}),
		}

		if !utf8.ValidString(name) || !utf8.ValidString(text) {
			t.Skip("no text")
		}

		encoded, err := stdjson.MarshalIndent(map[string]any{text: []string{name}}, "", " ")
		require.NoError(t, err)

		record := source.Record{text, nil, integer, float, boolean, stdjson.RawMessage(encoded), name}
		if number, err := source.ParseNumber(digits); err == nil {
			record[1] = number
		}

		for _, format := range []source.Format{{}, ndjson, {Records: "x.y"}} {
			var content bytes.Buffer
			write(t, &content, format, schema, []source.Record{record, make(source.Record, len(schema)), record})

			named := map[string]source.Standard{"decimal": schema[1].Standard, "float": schema[3].Standard}

			read, err := json.NewReader(strings.NewReader(content.String()), source.Read{Format: format, Types: named})
			require.NoError(t, err)

			rows, err := source.Convert(read, "test", source.Read{Types: named})
			require.NoError(t, err)
			require.Equal(t, types(schema), types(rows.Schema()))

			records := sourcetest.ReadAll(t, rows)
			requireSame(t, schema, []source.Record{record, make(source.Record, len(schema)), record}, records)
		}
	})
}
