package web_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// What a server says of a refused request becomes part of a job's history, also where it repeats the key that it was shown.
func TestASecretThatAServerRepeatsIsNotTold(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte("s3cr3t-key\n"), 0o600))

	shop := open(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "the key %s is not valid here", r.Header.Get("X-Key"))
	}), map[string]any{"apiKey": map[string]any{"header": "X-Key", "value": "${file:" + file + "}"}})

	_, err := shop.Request(t.Context(), source.Request{Path: "orders"})
	require.ErrorContains(t, err, "403 Forbidden: the key … is not valid here")
}
