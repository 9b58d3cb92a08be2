package xml_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/xml"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// read reads all records. The error is nil if it reached their end.
func read(t *testing.T, from io.Reader, records string, reject func(source.Reject) error) (
	schema source.Schema, all []source.Record, err error,
) {
	t.Helper()

	rows, err := xml.NewReader(from, source.Read{Format: source.Format{Records: records}, Reject: reject})
	if err != nil {
		return nil, nil, err
	}

	for {
		record, err := rows.Next(t.Context())
		if err == io.EOF {
			return rows.Schema(), all, nil
		}

		if err != nil {
			return nil, nil, err
		}

		all = append(all, append(source.Record(nil), record...))
	}
}

// FuzzRead verifies that any content is read, or refused with an error that has a place; that the size of reads does not matter;
// and that columns have unique names, and values of their types.
func FuzzRead(f *testing.F) {
	for _, content := range []string{
		`<all><r id="1"><a>x</a><b c="d"><e/></b><b/></r><r>text</r><r/></all>`, "<?xml version='1.0' encoding='Shift_JIS'?><a><b>\x8a\x94</b></a>",
		"\xff\xfe<\x00a\x00/\x00>\x00", "<!DOCTYPE a [<!ENTITY e 'x'>]><a><b>&e;</b></a>", "<a><b>x<c/></b><b c='1' c='2'/></a>",
		`<x:a xmlns:x="u"><x:b x:c="1" c="2"><c/><x:c/></x:b></x:a>`, "\ufeff<a><![CDATA[ ]]><b>&#228;&amp;\r\n</b></a>",
	} {
		for _, records := range []string{"", "r", "a/b"} {
			f.Add([]byte(content), records)
		}
	}

	f.Fuzz(func(t *testing.T, content []byte, records string) {
		schema, all, err := read(t, bytes.NewReader(content), records, nil)
		_, again, errAgain := read(t, iotest.HalfReader(bytes.NewReader(content)), records, nil)
		require.Equal(t, err, errAgain)
		require.Equal(t, all, again)

		rejected := 0
		_, _, errRejecting := read(t, bytes.NewReader(content), records, func(reject source.Reject) error {
			require.True(t, utf8.ValidString(reject.Text))
			require.NotEmpty(t, reject.Message)

			rejected++

			return nil
		})

		if err != nil {
			require.True(t, rejected > 0 || errRejecting != nil)

			var problem *source.Error
			require.ErrorAs(t, err, &problem)
			require.True(t, utf8.ValidString(problem.Message), problem.Message)

			return
		}

		require.NoError(t, errRejecting)
		require.Zero(t, rejected)
		requireValid(t, schema, all)
	})
}

func requireValid(t *testing.T, schema source.Schema, records []source.Record) {
	t.Helper()

	names := map[string]bool{}

	for i, column := range schema {
		require.False(t, names[column.Name], column.Name)
		names[column.Name] = true

		for _, record := range records {
			switch value := record[i].(type) {
			case nil:
			case string:
				require.Equal(t, source.Text, column.Type)
				require.True(t, utf8.ValidString(value))
			case json.RawMessage:
				require.Equal(t, source.JSON, column.Type)
				require.True(t, utf8.Valid(value))
				require.True(t, json.Valid(value), "%s", value)
			default:
				require.Fail(t, "a value of another type", "%T", value)
			}
		}
	}
}

// FuzzWriteAndRead verifies that any text is read as it was written, or refused.
func FuzzWriteAndRead(f *testing.F) {
	f.Add("a", "x", "feed/entry")
	f.Add("é", "<&>]]>\r\n\t\u0085 ", "")
	f.Add("a:b", "\x00", "a:b")

	f.Fuzz(func(t *testing.T, name, text, path string) {
		schema := source.Schema{
			sourcetest.Column(name, source.Standard{Type: source.Text}), sourcetest.Column("z", source.Standard{Type: source.Text}),
		}

		var content bytes.Buffer

		writer, err := xml.NewWriter(&content, source.Format{Records: path}, schema)
		if err != nil {
			return
		}

		records := []source.Record{{text, "z"}, {nil, text}, {nil, nil}, {text, text}}
		for _, record := range records {
			if err := writer.Append(record); err != nil {
				require.True(t, !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
					return r < ' ' || r == '\ufffe' || r == '\uffff'
				}), "%q was refused: %v", text, err)

				return
			}
		}

		require.NoError(t, writer.Close())

		_, all, err := read(t, &content, path, nil)
		require.NoError(t, err)
		require.Equal(t, records, all)
	})
}
