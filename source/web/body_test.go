package web_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestResponseThatPausesIsRetryable(t *testing.T) {
	t.Parallel()

	gone := make(chan struct{}, 3)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "[")
		w.(http.Flusher).Flush()

		<-r.Context().Done()

		gone <- struct{}{}
	})

	from := open(t, address, nil)
	from.SetPause(10 * time.Millisecond)

	response, err := from.Request(t.Context(), source.Request{Path: "x"})
	require.NoError(t, err)

	_, err = io.ReadAll(response.Body)
	require.Equal(t, "the response to GET /x paused for 10ms", problemOf(t, err, source.CodeUnavailable, true).Message)
	<-gone // The server notices the end before the body is closed.
	require.NoError(t, response.Body.Close())

	_, err = from.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "x"}, Format: source.Format{Type: "json"}})
	requireProblem(t, err, source.CodeUnavailable, true)

	paged := open(t, address, map[string]any{"paging": map[string]any{"style": "page"}})
	paged.SetPause(10 * time.Millisecond)

	_, err = paged.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "x"}})
	requireProblem(t, err, source.CodeUnavailable, true)
}
