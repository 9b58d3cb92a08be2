package web_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
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

// A server may repeat what it has received in any form: the header of basic authentication, a token, an encoded URL.
func TestErrorsOfServersDoNotContainEncodedSecrets(t *testing.T) {
	t.Parallel()

	const password = "pa/ss w+rd!"

	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, received, _ := r.BasicAuth()

		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "%s; %s; %s; %s; %s", r.Header.Get("Authorization"), received, url.QueryEscape(received),
			url.PathEscape(received), base64.URLEncoding.EncodeToString([]byte(received)))
	})
	shop := open(t, address, map[string]any{"user": "loader", "password": password})

	for _, read := range []func() error{
		func() error { _, err := shop.Request(t.Context(), source.Request{}); return err },
		func() error {
			_, err := shop.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "orders"}})

			return err
		},
	} {
		require.ErrorContains(t, read(), "403 Forbidden: Basic …; …; …; …; …")
	}
}

func TestErrorsOfLaterPagesDoNotContainSecrets(t *testing.T) {
	t.Parallel()

	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		name := "data"
		if r.URL.RawQuery != "" {
			name = r.Header.Get("Authorization")
		}

		w.Header().Set("Link", `</orders?page=2>; rel="next"`)
		fmt.Fprintf(w, `{"%s": [{"id": "%s"}]}`, name, strings.Repeat("x", 2<<20)) // The first page is read before the second.
	})
	shop := open(t, address, map[string]any{
		"user": "loader", "password": "s3cr3t-key", "paging": map[string]any{"style": "link"},
	})

	rows, err := shop.ReadTable(t.Context(), source.Read{
		Table: source.Table{Name: "orders"}, Format: source.Format{Records: "data"},
	})
	require.NoError(t, err)

	for err == nil {
		_, err = rows.Next(t.Context())
	}

	require.ErrorContains(t, err, "the path data does not exist: the page has Basic …")
}

func TestErrorsOfServersDoNotContainTokens(t *testing.T) {
	t.Parallel()

	issuer := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token": "t0k3n-of-the-source", "token_type": "bearer", "expires_in": 3600}`)
	})
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, r.Header.Get("Authorization"))
	})
	shop := open(t, address, map[string]any{"oauth2": map[string]any{
		"tokenUrl": issuer, "clientId": "loader", "clientSecret": "s3cr3t-key",
	}})

	_, err := shop.Request(t.Context(), source.Request{})
	require.ErrorContains(t, err, "403 Forbidden: Bearer …")
}
