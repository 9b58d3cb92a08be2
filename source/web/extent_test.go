package web_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestExtentOfAResponseIsItsContentLength(t *testing.T) {
	t.Parallel()

	text := "id\n" + strings.Repeat("1\n", 1_000)

	s := open(t, serve(t, func(answer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/unknown.csv" {
			_ = http.NewResponseController(answer).Flush()
		}

		_, _ = io.WriteString(answer, text)
	}), nil)

	for name, want := range map[string]source.Extent{
		"known.csv": {Bytes: int64(len(text)), TotalBytes: int64(len(text))}, "unknown.csv": {},
	} {
		rows, err := s.ReadTable(t.Context(), source.Read{Table: source.Table{Name: name}})
		require.NoError(t, err)

		for err == nil {
			_, err = rows.Next(t.Context())
		}

		require.Equal(t, io.EOF, err)
		require.Equal(t, want, source.ExtentOf(rows), name)
		require.NoError(t, rows.Close())
	}
}
