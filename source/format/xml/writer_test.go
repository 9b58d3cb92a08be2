package xml_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/xml"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// write writes a table.
func write(tb testing.TB, to io.Writer, records string, schema source.Schema, all []source.Record) *xml.Writer {
	tb.Helper()

	writer, err := xml.NewWriter(to, source.Format{Records: records}, schema)
	require.NoError(tb, err)

	for _, record := range all {
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

const header = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

func TestWritePutsRecordsAtThePath(t *testing.T) {
	t.Parallel()

	const null = `<b xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>` // In the first record alone.

	two := []source.Record{{int64(1), nil}, {nil, ""}}

	for name, test := range map[string]struct {
		records string
		all     []source.Record
		want    string
	}{
		"no path":    {"", two, "<records>\n<record><a>1</a>" + null + "</record>\n<record><b></b></record>\n</records>\n"},
		"a name":     {"order", two[:1], "<records>\n<order><a>1</a>" + null + "</order>\n</records>\n"},
		"a path":     {"x/y/z", two[:1], "<x><y>\n<z><a>1</a>" + null + "</z>\n</y></x>\n"},
		"no records": {"x/y/z", nil, "<x><y>\n</y></x>\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var content bytes.Buffer
			write(t, &content, test.records, table(source.Integer, source.Text), test.all)
			require.Equal(t, header+test.want, content.String())
			require.Len(t, sourcetest.ReadAll(t, open(t, content.String(), test.records)), len(test.all))
		})
	}
}

func TestWriteEscapesText(t *testing.T) {
	t.Parallel()

	var content bytes.Buffer
	write(t, &content, "", table(source.Text, source.JSON), []source.Record{{"<a>&]]>\"'\r\n\t\u0085\u2028😀\ufffd", raw(`{"x": "<&"}`)}})
	require.Equal(t, header+"<records>\n<record><a>&lt;a&gt;&amp;]]&gt;\"'&#xD;\n\t\u0085\u2028😀\ufffd</a><b>{\"x\": \"&lt;&amp;\"}</b></record>\n</records>\n",
		content.String())
}

func TestAppendReportsValuesThatXMLCannotRepresent(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		of    source.Type
		value any
		want  string
	}{
		"a control character":    {source.Text, "a\x00b", `the text "a\x00b" has the character U+0000, which XML cannot represent`},
		"half a pair's neighbor": {source.Text, "a\ufffe", `has the character U+FFFE, which XML cannot represent`},
		"the last of a plane":    {source.Text, "\uffff", `has the character U+FFFF, which XML cannot represent`},
		"text that is none":      {source.Text, "caf\xe9", `the text "caf\xe9" is not UTF-8`},
		"text within a list":     {source.Array, []any{"caf\xe9"}, `not UTF-8`},
		"a year of five digits":  {source.Date, time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), "the year 10000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			schema := table(source.Integer, test.of)
			schema[1].Element = source.Text

			var content bytes.Buffer

			writer, err := xml.NewWriter(&content, source.Format{}, schema)
			require.NoError(t, err)
			require.NoError(t, writer.Append(source.Record{int64(1), nil}))

			err = writer.Append(source.Record{int64(2), test.value})

			var problem *source.Error
			require.ErrorAs(t, err, &problem)
			require.Equal(t, source.CodeRecordInvalid, problem.Code)
			require.Contains(t, problem.Message, `record 2, column "b": `)
			require.Contains(t, problem.Message, test.want)

			// Nothing of the record was written: the file is valid if the caller continues without it.
			require.NoError(t, writer.Append(source.Record{int64(3), nil}))
			require.NoError(t, writer.Close())
			require.Equal(t, []source.Record{{"1", nil}, {"3", nil}}, sourcetest.ReadAll(t, open(t, content.String(), "")))
		})
	}
}

func TestNewWriterRefusesInvalidColumnNames(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"", " ", "a b", "1a", "a:b", ":a", "a:", "-a", "<a>", "a/", "a/><b", "a&b", "caf\xe9", "€", "a\n", "a x='1'"} {
		_, err := xml.NewWriter(io.Discard, source.Format{}, source.Schema{table(source.Text)[0], sourcetest.Column(name, source.Standard{Type: source.Text})})

		var problem *source.Error
		require.ErrorAs(t, err, &problem, "%q", name)
		require.Equal(t, source.CodeRecordInvalid, problem.Code)
		require.Contains(t, problem.Message, fmt.Sprintf("the name %q of column 2", name))
		require.Contains(t, problem.Hint, "standardize")
	}

	_, err := xml.NewWriter(io.Discard, source.Format{}, append(table(source.Text), table(source.Text)...))
	require.ErrorContains(t, err, `two columns are named "a"`)

	for _, name := range []string{"a", "_", "é", "株", "a-b.c1", "xml"} {
		schema := source.Schema{sourcetest.Column(name, source.Standard{Type: source.Text})}

		var content bytes.Buffer
		write(t, &content, "", schema, []source.Record{{"x"}})
		require.Equal(t, name+" text", types(open(t, content.String(), "").Schema()))
	}
}

func TestNewWriterRefusesInvalidPaths(t *testing.T) {
	t.Parallel()

	for _, path := range []string{"/feed", "a b", "atom:entry", "records"} {
		_, err := xml.NewWriter(io.Discard, source.Format{Records: path}, nil)

		var problem *source.Error
		require.ErrorAs(t, err, &problem)
		require.Equal(t, source.CodeOperationUnsupported, problem.Code)
	}
}

// failing is a writer that fails.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestWriteReturnsErrorsOfTheFileUnchanged(t *testing.T) {
	t.Parallel()

	full := errors.New("the disk is full")

	writer, err := xml.NewWriter(failing{full}, source.Format{}, table(source.Text))
	require.NoError(t, err)
	require.Equal(t, full, writer.Append(source.Record{strings.Repeat("x", 1<<20)}))
	require.Equal(t, full, writer.Close())
}

func TestConversionsReportsColumnsOfOtherTypes(t *testing.T) {
	t.Parallel()

	schema := table(source.Text, source.Integer)
	schema = append(schema, sourcetest.Column("m", source.Standard{Type: source.Array, Element: source.Integer}))

	writer, err := xml.NewWriter(io.Discard, source.Format{}, schema)
	require.NoError(t, err)
	require.Equal(t, []source.Conversion{
		{Column: "b", From: "integer", To: "text"}, {Column: "m", From: "integer[]", To: "text"},
	}, writer.Conversions())
}

func TestWriteAndReadKeepValuesOfEveryType(t *testing.T) {
	t.Parallel()

	for _, sample := range sourcetest.Samples() {
		for _, path := range []string{"", "row", "feed/entry"} {
			t.Run(sample.Name()+" "+path, func(t *testing.T) {
				t.Parallel()

				var records []source.Record

				for _, value := range sample.Values {
					if text, _ := value.(string); !strings.ContainsAny(text, "\x00\x01\x1f\ufffe\uffff") { // Those are refused.
						records = append(records, source.Record{value})
					}
				}

				var content bytes.Buffer
				write(t, &content, path, source.Schema{sourcetest.Column("v", sample.Type)}, records)

				rows, err := source.Convert(open(t, content.String(), path), "test", source.Read{Types: map[string]source.Standard{"v": sample.Type}})
				require.NoError(t, err)

				read := sourcetest.ReadAll(t, rows)
				require.Len(t, read, len(records))

				for i, record := range read {
					require.True(t, sourcetest.Equal(sample.Type, records[i][0], record[0]), "%#v became %#v", records[i][0], record[0])
				}
			})
		}
	}
}

func TestTypesListsTheNativeTypesOfColumns(t *testing.T) {
	t.Parallel()

	rows := open(t, "<all><r><a/><b x=''/></r></all>", "")
	for i, mapping := range xml.Types() {
		require.Equal(t, mapping.Native, rows.Schema()[i].Native.TypeStr)
		require.Equal(t, mapping.Standard, rows.Schema()[i].String())
	}

	require.Len(t, xml.Creations(), len(source.Types()))

	for i, creation := range xml.Creations() {
		require.Equal(t, string(source.Types()[i]), creation.Standard)
		require.Equal(t, "text", creation.Native)
	}
}
