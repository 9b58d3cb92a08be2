package web_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/web"
)

// The server's explanation of a refused request becomes part of a job's history, even if it repeats the key.
func TestErrorsOfServersDoNotContainSecrets(t *testing.T) {
	t.Parallel()

	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "the key %s is not valid here", r.Header.Get("X-Key"))
	})

	opened, err := web.Open(t.Context(), source.Definition{
		Name: "shop", Kind: web.Kind, Secrets: []string{"s3cr3t-key"},
		Options: map[string]any{"url": address, "apiKey": map[string]any{"header": "X-Key", "value": "s3cr3t-key"}},
	}, source.Place{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	shop := opened.(*web.Source)

	_, err = shop.Request(t.Context(), source.Request{Path: "orders"})
	require.ErrorContains(t, err, "403 Forbidden: the key … is not valid here")
}
