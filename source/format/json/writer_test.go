package json_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/json"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// write writes a table.
func write(tb testing.TB, to io.Writer, f source.Format, schema source.Schema, records []source.Record) *json.Writer {
	tb.Helper()

	writer, err := json.NewWriter(to, f, schema)
	require.NoError(tb, err)

	for _, record := range records {
		if err := writer.Append(record); err != nil { // To require each costs more than to write it, which is measured too.
			require.NoError(tb, err)
		}
	}

	require.NoError(tb, writer.Close())

	return writer
}

// table returns a schema with columns of the given types, named a, b and so on.
func table(of ...source.Type) source.Schema {
	var schema source.Schema
	for i, t := range of {
		schema = append(schema, sourcetest.Column(string(rune('a'+i)), source.Standard{Type: t}))
	}

	return schema
}

func TestWritePutsRecordsOnLinesAtThePath(t *testing.T) {
	t.Parallel()

	two := []source.Record{{int64(1), nil}, {nil, "x\ny"}}

	for name, test := range map[string]struct {
		format  source.Format
		records []source.Record
		want    string
	}{
		"a list":             {source.Format{}, two, "[\n{\"a\":1,\"b\":null},\n{\"a\":null,\"b\":\"x\\ny\"}\n]\n"},
		"an empty list":      {source.Format{}, nil, "[]\n"},
		"a path":             {source.Format{Records: "data.items"}, two[:1], "{\"data\":{\"items\":[\n{\"a\":1,\"b\":null}\n]}}\n"},
		"a path to nothing":  {source.Format{Records: "data.items"}, nil, "{\"data\":{\"items\":[]}}\n"},
		"a name with quotes": {source.Format{Records: `a"b`}, nil, "{\"a\\\"b\":[]}\n"},
		"lines":              {ndjson, two, "{\"a\":1,\"b\":null}\n{\"a\":null,\"b\":\"x\\ny\"}\n"},
		"no lines":           {ndjson, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var content bytes.Buffer
			write(t, &content, test.format, table(source.Integer, source.Text), test.records)
			require.Equal(t, test.want, content.String())
			require.Equal(t, test.records, sourcetest.ReadAll(t, open(t, content.String(), test.format)))
		})
	}
}

func TestWriteEmptyObjectsForATableWithoutColumns(t *testing.T) {
	t.Parallel()

	var content bytes.Buffer
	write(t, &content, ndjson, nil, []source.Record{{}, {}})
	require.Equal(t, "{}\n{}\n", content.String())
}

func TestWriteCompactsJSONOfSeveralLines(t *testing.T) {
	t.Parallel()

	schema := table(source.JSON)
	schema = append(schema, sourcetest.Column("list", source.Standard{Type: source.Array, Element: source.JSON}))

	var content bytes.Buffer

	write(t, &content, ndjson, schema, []source.Record{
		{raw("{\n  \"x\":\r\n [1.50,\n \"a b\"] }"), []any{raw("[\n1 ]"), raw("2")}},
		{raw(`{"x": 1}`), nil},
	})

	lines := strings.Split(content.String(), "\n")
	require.Equal(t, []string{`{"a":{"x":[1.50,"a b"]},"list":[[1],2]}`, `{"a":{"x": 1},"list":null}`, ""}, lines)
}

func TestAppendReportsValuesThatJSONCannotRepresent(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		of    source.Type
		value any
		want  string
	}{
		"a year of five digits":   {source.Date, time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), "the year 10000"},
		"text that is none":       {source.Text, "caf\xe9", "not UTF-8"},
		"JSON of several, broken": {source.JSON, raw("{\n"), "unexpected end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var content bytes.Buffer

			writer, err := json.NewWriter(&content, ndjson, table(source.Integer, test.of))
			require.NoError(t, err)
			require.NoError(t, writer.Append(source.Record{int64(1), nil}))

			err = writer.Append(source.Record{int64(2), test.value})

			var problem *source.Error
			require.ErrorAs(t, err, &problem)
			require.Equal(t, source.CodeRecordInvalid, problem.Code)
			require.Contains(t, problem.Message, `record 2, column "b": `)
			require.Contains(t, problem.Message, test.want)

			// Nothing of it was written, so that a caller who passes it over has a whole file.
			require.NoError(t, writer.Append(source.Record{int64(3), nil}))
			require.NoError(t, writer.Close())
			require.Equal(t, "{\"a\":1,\"b\":null}\n{\"a\":3,\"b\":null}\n", content.String())
		})
	}
}

func TestNewWriterRefusesInvalidFormatsAndColumns(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		format source.Format
		schema source.Schema
		code   source.Code
		want   string
	}{
		"two columns of one name": {
			source.Format{}, append(table(source.Text), table(source.Text)...), source.CodeRecordInvalid, `two columns are named "a"`,
		},
		"a name that is no text": {
			source.Format{},
			source.Schema{sourcetest.Column("caf\xe9", source.Standard{Type: source.Text})},
			source.CodeRecordInvalid,
			"the name of column 1",
		},
		"a path in lines": {
			source.Format{Type: json.TypeNDJSON, Records: "a"}, nil, source.CodeOperationUnsupported, "no path",
		},
		"a path that is no text": {source.Format{Records: "caf\xe9"}, nil, source.CodeOperationUnsupported, "the path"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := json.NewWriter(io.Discard, test.format, test.schema)

			var problem *source.Error
			require.ErrorAs(t, err, &problem)
			require.Equal(t, test.code, problem.Code)
			require.Contains(t, problem.Message, test.want)
		})
	}
}

// failing is a writer that fails.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestWriteReturnsErrorsOfTheFileUnchanged(t *testing.T) {
	t.Parallel()

	full := errors.New("the disk is full")

	writer, err := json.NewWriter(failing{full}, ndjson, table(source.Text))
	require.NoError(t, err)
	require.Equal(t, full, writer.Append(source.Record{strings.Repeat("x", 1<<20)}))
	require.Equal(t, full, writer.Close())
}

func TestConversionsReportsColumnsOfOtherTypes(t *testing.T) {
	t.Parallel()

	schema := table(source.Types()[:12]...)
	schema = append(schema, sourcetest.Column("m", source.Standard{Type: source.Array, Element: source.Integer}))

	writer, err := json.NewWriter(io.Discard, ndjson, schema)
	require.NoError(t, err)
	require.Equal(t, []source.Conversion{
		{Column: "c", From: "decimal", To: "number"},
		{Column: "d", From: "float", To: "number"},
		{Column: "f", From: "date", To: "string"},
		{Column: "g", From: "time", To: "string"},
		{Column: "h", From: "datetime", To: "string"},
		{Column: "i", From: "timestamp", To: "string"},
		{Column: "j", From: "binary", To: "string"},
		{Column: "l", From: "uuid", To: "string"},
		{Column: "m", From: "integer[]", To: "array"},
	}, writer.Conversions())
}

func TestWriteAndReadKeepValuesOfEveryType(t *testing.T) {
	t.Parallel()

	for _, sample := range sourcetest.Samples() {
		for _, f := range []source.Format{{}, ndjson, {Records: "data.items"}} {
			t.Run(sample.Name()+" "+f.Type+f.Records, func(t *testing.T) {
				t.Parallel()
				requireKept(t, f, sample.Type, sample.Values)
			})
		}
	}
}

// requireKept verifies that values are read as they were written.
func requireKept(t *testing.T, f source.Format, of source.Standard, values []any) {
	t.Helper()

	var records []source.Record
	for _, value := range values {
		records = append(records, source.Record{value})
	}

	var content bytes.Buffer

	schema := source.Schema{sourcetest.Column("v", of)}
	writer := write(t, &content, f, schema, records)

	var rows source.Rows = open(t, content.String(), f)

	if len(writer.Conversions()) > 0 {
		var err error
		rows, err = source.Convert(rows, "test", source.Read{Types: map[string]source.Standard{"v": of}})
		require.NoError(t, err)
	}

	require.Equal(t, of.Type, rows.Schema()[0].Type)

	read := sourcetest.ReadAll(t, rows)
	require.Len(t, read, len(values))

	for i, record := range read {
		require.True(t, sourcetest.Equal(of, sourcetest.NullAsNULL(of, values[i]), record[0]), "%#v became %#v", values[i], record[0])
	}
}

func TestTypesListsTheNativeTypesOfColumns(t *testing.T) {
	t.Parallel()

	require.Len(t, json.Creations(), len(source.Types()))

	for _, mapping := range json.Types() {
		require.True(t, source.Type(mapping.Standard).Valid(), mapping.Standard)
	}

	for i, creation := range json.Creations() {
		require.Equal(t, string(source.Types()[i]), creation.Standard)
	}
}
