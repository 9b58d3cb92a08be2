package apiserver_test

import (
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
)

// With update, the test writes docs/openapi.json instead of comparing it.
var update = flag.Bool("update", false, "write docs/openapi.json")

// get returns the response of a server without a job service, which serves its description all the same.
func get(path string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	server := apiserver.New(apiserver.Options{Log: slog.New(slog.DiscardHandler)})
	server.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://localhost"+path, http.NoBody))

	return recorder
}

func TestPublishedOpenAPIDocumentIsCurrent(t *testing.T) {
	t.Parallel()

	published := filepath.Join("..", "docs", "openapi.json")
	got := get("/openapi.json")
	require.Equal(t, http.StatusOK, got.Code, got.Body)

	if *update {
		require.NoError(t, os.WriteFile(published, got.Body.Bytes(), 0o600))

		return
	}

	text, err := os.ReadFile(published)
	require.NoError(t, err)
	require.Equal(t, string(text), got.Body.String(), "run the test with -update")
}

// Each field of a request or a result says what it means.
func TestOpenAPIDocumentDescribesEveryField(t *testing.T) {
	t.Parallel()

	var document struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Description string `json:"description"`
					Ref         string `json:"$ref"`
					Const       any    `json:"const"`
				} `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}

	require.NoError(t, json.Unmarshal(get("/openapi.json").Body.Bytes(), &document))

	for name, schema := range document.Components.Schemas {
		for field, of := range schema.Properties {
			if of.Const == nil && of.Ref == "" {
				require.NotEmpty(t, of.Description, "%s.%s has no description: add the tag to the field of the struct", name, field)
			}
		}
	}
}
