package web_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestReadTableReadsTheCharsetOfTheResponse(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		contentType, content, encoding string
	}{
		"none":                         {"text/csv", "v\né\n", ""},
		"that of the answer":           {"text/csv; charset=ISO-8859-1", "v\n\xe9\n", ""},
		"in quotes":                    {`text/csv; header=present; charset="utf-16le"`, "v\x00\n\x00\xe9\x00\n\x00", ""},
		"the format's own":             {"text/csv; charset=utf-8", "v\n\xe9\n", "windows-1252"},
		"the format's own, not known":  {"text/csv; charset=none-such", "v\n\xe9\n", "windows-1252"},
		"JSON has none":                {"application/json; charset=ISO-8859-1", `[{"v":"é"}]`, ""},
		"JSON, the format's own":       {"application/json", "[{\"v\":\"\xe9\"}]", "windows-1252"},
		"encoding in the XML":          {"text/xml; charset=ISO-8859-1", "<a><r><v>é</v></r></a>", ""},
		"a header that can't be read":  {"text/csv; charset", "v\né\n", ""},
		"lines of JSON have none":      {"application/x-ndjson; charset=latin1", `{"v":"é"}`, ""},
		"lines, the format's encoding": {"application/x-ndjson", "{\"v\":\"\xe9\"}", "latin1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			from := open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.contentType)
				fmt.Fprint(w, test.content)
			}), nil)

			rows, err := from.ReadTable(t.Context(), source.Read{
				Table: source.Table{Name: "x"}, Format: source.Format{Encoding: test.encoding},
			})
			require.NoError(t, err)
			require.Equal(t, []source.Record{{"é"}}, sourcetest.ReadAll(t, rows))
		})
	}
}

func TestReadTableRefusesUnknownCharsets(t *testing.T) {
	t.Parallel()

	from := open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv; charset=none-such")
		fmt.Fprint(w, "v\n1\n")
	}), nil)

	_, err := from.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "x"}})
	require.ErrorContains(t, err, `"none-such" is not a supported encoding`)
	requireProblem(t, err, source.CodeOperationUnsupported, false)
}

func TestPagesAreDecoded(t *testing.T) {
	t.Parallel()

	read := func(content, encoding string) (source.Rows, error) {
		return open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, content) }),
			map[string]any{"paging": map[string]any{"style": "page", "size": 2}}).
			ReadTable(t.Context(), source.Read{Table: source.Table{Name: "x"}, Format: source.Format{Encoding: encoding}})
	}

	for content, encoding := range map[string]string{
		"[{\"v\":\"é\"}]":             "",
		"\xef\xbb\xbf[{\"v\":\"é\"}]": "",
		"[{\"v\":\"\xe9\"}]":          "windows-1252",
	} {
		rows, err := read(content, encoding)
		require.NoError(t, err)
		require.Equal(t, []source.Record{{"é"}}, sourcetest.ReadAll(t, rows))
	}

	for content, encoding := range map[string]string{
		"[{\"v\":\"\xe9\"}]": "",
		"[{\"v\":\"\xd2\"}]": "windows-1253", // It has no such character.
	} {
		_, err := read(content, encoding)
		require.Contains(t, problemOf(t, err, source.CodeRecordInvalid, false).Message, "page 1: it is not valid ")
	}

	_, err := read("[]", "none-such")
	requireProblem(t, err, source.CodeOperationUnsupported, false)
}
