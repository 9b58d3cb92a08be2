package console_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/console"
)

var asset = regexp.MustCompile(`(?:src|href)="(/(?:static|sign-in)/[^"]+)"`)

// The page that a visitor sees first, with all that it loads.
func TestFirstPageIsSmall(t *testing.T) {
	t.Parallel()

	keys, err := seal.Parse(seal.New())
	require.NoError(t, err)

	server := httptest.NewServer(console.New(console.Options{
		API: http.NotFoundHandler(), Keys: keys, Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(server.Close)

	get := func(path string) (http.Header, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
		require.NoError(t, err)
		request.Header.Set("Accept", "text/html")

		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)

		defer response.Body.Close()

		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode, path)

		return response.Header, string(text)
	}

	header, page := get("/jobs")
	require.Contains(t, page, "<h1>Sign in</h1>")
	require.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	require.NotContains(t, header.Get("Content-Security-Policy"), "unsafe")

	size := len(page)
	assets := asset.FindAllStringSubmatch(page, -1)
	require.Len(t, assets, 5)

	for _, found := range assets {
		header, text := get(found[1])
		size += len(text)

		if strings.HasPrefix(found[1], "/static/") {
			require.Contains(t, header.Get("Cache-Control"), "immutable", found[1])
			require.NotEqual(t, "application/octet-stream", header.Get("Content-Type"))
		}
	}

	require.Less(t, size, 100_000)
}
