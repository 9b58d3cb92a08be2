package web_test

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// A page that does not match the paging must not pass for the last one.
func TestPagesRefuseADocumentWithoutRecords(t *testing.T) {
	t.Parallel()

	cursor := map[string]any{"style": "cursor", "cursor": "meta.next"}
	first := `{"items":[{"id":1}],"meta":{"next":"2"}}`

	for name, test := range map[string]struct {
		paging map[string]any
		pages  []string // The last is answered to every later request.
		want   string   // The error, or "" where there is one record.
	}{
		"an error with status 200": {
			cursor,
			[]string{first, `{"error":"slow down","code":7}`},
			`page 2: the path items does not exist: the page has code, error`,
		},
		"an error by number": {
			map[string]any{"style": "page"},
			[]string{first, `{"error":"slow down"}`},
			`page 2: the path items does not exist: the page has error`,
		},
		"the records' path is wrong": {
			cursor, []string{`{"item":[{"id":1}],"meta":{}}`}, `page 1: the path items does not exist: the page has item, meta`,
		},
		"an empty object":  {cursor, []string{`{}`}, `page 1: the path items does not exist: the page has no fields`},
		"the page is null": {cursor, []string{`null`}, `page 1: the path items does not exist: the page is null`},
		"the cursor's path is wrong": {
			cursor,
			[]string{`{"items":[{"id":1}],"meta":{"after":"2"}}`},
			`page 1: the path meta.next does not exist: meta has after`,
		},
		"the cursor's path is wrong at its beginning": {
			cursor,
			[]string{`{"items":[{"id":1}],"Meta":{"next":"2"}}`},
			`page 1: the path meta.next does not exist: the page has Meta, items`,
		},
		"the cursor is missing in a full page": {
			map[string]any{"style": "cursor", "cursor": "next", "size": 1},
			[]string{`{"items":[{"id":1}]}`},
			`page 1: the path next does not exist: the page has items`,
		},
		"the cursor is missing in the last of several": {cursor, []string{first, `{"items":[]}`}, ""},
		"the cursor is null in the only page":          {cursor, []string{`{"items":[{"id":1}],"meta":{"next":null}}`}, ""},
		"what is around the cursor is null":            {cursor, []string{`{"items":[{"id":1}],"meta":null}`}, ""},
		"the cursor is missing in a page that is not full": {
			map[string]any{"style": "cursor", "cursor": "next", "size": 2}, []string{`{"items":[{"id":1}]}`}, "",
		},
		"the records are null": {cursor, []string{first, `{"items":null,"meta":{}}`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var asked atomic.Int64

			from := open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, test.pages[min(int(asked.Add(1)), len(test.pages))-1])
			}), map[string]any{"paging": test.paging})

			rows, err := from.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "x"}, Format: source.Format{Records: "items"}})
			count := 0

			for ; err == nil; count++ {
				_, err = rows.Next(t.Context())
			}

			if test.want == "" {
				require.ErrorIs(t, err, io.EOF)
				require.Equal(t, 2, count, "a record, and the end")

				return
			}

			require.NotEqual(t, io.EOF, err)
			require.Contains(t, problemOf(t, err, source.CodeRecordInvalid, false).Message, test.want)
		})
	}
}

func TestPagesOfAnEmptyTable(t *testing.T) {
	t.Parallel()

	for answer, paging := range map[string]map[string]any{
		`{"items":[]}`:   {"style": "cursor", "cursor": "next"},
		`{"items":null}`: {"style": "page"},
	} {
		from := open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }),
			map[string]any{"paging": paging})

		rows, err := from.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "x"}, Format: source.Format{Records: "items"}})
		require.NoError(t, err)
		require.Empty(t, sourcetest.ReadAll(t, rows))
	}
}
