package e2e_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source/secret"
	"github.com/jobwright/jobwright/worker"
)

// theSecret is the value of every secret of the examples.
const theSecret = "a-secret-of-the-examples"

var environmentReference = regexp.MustCompile(`\$\{env:(\w+)\}`)

func TestSourceExamplesConnect(t *testing.T) { //nolint:paralleltest,tparallel // It sets secrets in the environment.
	// The SDK of AWS would also look there for what an example leaves out.
	for name, value := range map[string]string{"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": ""} {
		t.Setenv(name, value)
	}

	text := "sources:\n"

	for _, block := range page(t, "docs/sources.md") {
		if block.language == "yaml" {
			text += regexp.MustCompile("(?m)^").ReplaceAllString(block.text, "  ") + "\n"
		}
	}

	for _, reference := range environmentReference.FindAllStringSubmatch(text, -1) {
		t.Setenv(reference[1], theSecret)
	}

	dir := t.TempDir()
	writeApp(t, filepath.Join(dir, "7"), map[string]string{"app.yaml": replaced(t, text, addresses(t)), "files/a.csv": "id\n1\n"})

	apps, err := app.Open(dir, app.Options{})
	require.NoError(t, err)

	found, err := apps.App("7")
	require.NoError(t, err)

	var kinds []string

	for _, name := range slices.Sorted(maps.Keys(found.Sources)) {
		definition := found.Sources[name]
		kinds = append(kinds, definition.Kind)

		t.Run(name, func(t *testing.T) {
			t.Parallel()

			definition, err := secret.Resolve(definition)
			require.NoError(t, err)

			opened, err := worker.Drivers().Open(t.Context(), definition, found.Place(t.TempDir()))
			require.NoError(t, err)

			said, err := opened.Check(t.Context())
			require.NoError(t, err)
			require.NotEmpty(t, said)
			require.NoError(t, opened.Close())
		})
	}

	slices.Sort(kinds)
	require.Equal(t, slices.Sorted(maps.Keys(worker.Drivers())), slices.Compact(kinds), "a kind of source has no example")
}

// addresses returns the addresses of test servers for the examples, by the address that the page shows.
func addresses(t *testing.T) map[string]string {
	t.Helper()

	warehouse, buckets, signing := testserver.PostgreSQL(t), bucketServer(t, "lake", "archive"), signingServer(t)

	// The server accepts every password, but needs the role.
	conn, err := pgx.Connect(t.Context(), warehouse)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "CREATE ROLE loader LOGIN")
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))

	mariaDB := testserver.MariaDB(t)

	db, err := sql.Open("mysql", mariaDB)
	require.NoError(t, err)

	for _, statement := range []string{"CREATE USER loader IDENTIFIED BY '" + theSecret + "'", "GRANT ALL ON *.* TO loader"} {
		_, err = db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}

	require.NoError(t, db.Close())

	return map[string]string{
		"postgres://db.example.com/warehouse?sslmode=verify-full": warehouse,
		"tcp(db.example.com:3306)/shop":                           strings.TrimPrefix(mariaDB, "root@"),
		"https://shop.example.com":                                signing,
		"https://stock.example.com":                               signing,
		"https://prices.example.com":                              signing,
		"https://rates.example.com":                               signing,
		"http://minio.example.com:9000":                           buckets,
		"region: eu-central-1":                                    "region: eu-central-1\n    endpoint: " + buckets,
	}
}

// bucketServer starts an S3 server with buckets.
func bucketServer(t *testing.T, buckets ...string) string {
	t.Helper()

	backend := s3mem.New()
	for _, bucket := range buckets {
		require.NoError(t, backend.CreateBucket(bucket))
	}

	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)

	return server.URL
}

// signingServer issues a token to clients with the secret, and answers clients with the token or the secret.
func signingServer(t *testing.T) string {
	t.Helper()

	const token = "a-token"

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()

		switch {
		case r.URL.Path == "/oauth/token" && password == theSecret:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(object{"access_token": token, "token_type": "Bearer", "expires_in": 3600})
		case slices.Contains([]string{password, r.Header.Get("X-Key"), r.URL.Query().Get("key")}, theSecret),
			r.Header.Get("Authorization") == "Bearer "+token:
			fmt.Fprint(w, "[]")
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(server.Close)

	return server.URL
}
