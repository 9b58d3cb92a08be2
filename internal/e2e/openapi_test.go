package e2e_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/internal/openapi/openapitest"
)

// document is the OpenAPI document that a server returns.
var document = sync.OnceValues(func() (*openapitest.Document, error) {
	recorder := httptest.NewRecorder()
	server := apiserver.New(apiserver.Options{Log: slog.New(slog.DiscardHandler)})
	server.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://localhost/openapi.json", http.NoBody))

	return openapitest.Parse(recorder.Body.Bytes())
})

// checkExchange returns what the OpenAPI document does not describe of an exchange.
func checkExchange(exchange openapitest.Exchange) error {
	if exchange.Response.Header.Get("Content-Security-Policy") == "" {
		return nil // A worker responded, whose health checks are no part of the API.
	}

	described, err := document()
	if err != nil {
		return err
	}

	return described.Check(exchange)
}

// The page has its style and its links work, although the policy permits neither scripts nor other files.
func TestDocumentationPage(t *testing.T) {
	t.Parallel()

	page := openBrowser(t)
	page.open(t, shared.server.URL+"/docs#executeJob")

	require.Equal(t, "Jobwright", page.await(t, `document.querySelector("h1").textContent`))
	require.Equal(t, "flex", page.await(t, `document.readyState === "complete" && getComputedStyle(document.body).display`))
	require.Equal(t, "none", page.await(t,
		`[...document.querySelectorAll("a[href^='#']")].find((a) => !document.getElementById(a.hash.slice(1)))?.hash ?? "none"`))
}
