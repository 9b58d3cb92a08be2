package e2e_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/scenario"
)

// documented describes the example of an operation in docs/scenarios.md: its input and its expected effect.
type documented struct {
	warehouse string            // Statements that prepare the sources.
	stage     string            //
	files     map[string]string //

	check func(t *testing.T, s *operationExample)
}

// documentedExamples are the examples by operation. Before each, the first scenario of the page loads the companies into the
// stage.
var documentedExamples = map[string]documented{
	"LoadTableFromSource": {
		warehouse: `CREATE SCHEMA sales;
			CREATE TABLE sales.orders (id bigint PRIMARY KEY, customer text, amount numeric(12,2), ordered_at timestamptz);
			INSERT INTO sales.orders VALUES (1, 'Muller', 12, '2026-01-31T09:30:00Z'), (4, 'Ibsen', 1.5, '2025-12-01T00:00:00Z')`,
		files: map[string]string{
			"files/orders/1.csv.gz": gzipped("id;Kunde;amount;ordered_at\r\n1;M\xfcller;12.50;2026-01-31T10:30:00+01:00\r\nx\r\n"),
			"files/orders/2.csv.gz": gzipped("id;Kunde;amount;ordered_at\r\n2;\"A;\xc5\";0.05;2026-02-01 00:00:00Z\r\n3;;1.005;2026-02-01T00:00:00Z\r\n"),
		},
		check: func(t *testing.T, s *operationExample) {
			t.Helper()

			require.Equal(t, []string{"1|Müller|12.50|2026-01-31 09:30:00+00", "2|A;Å|0.05|2026-02-01 00:00:00+00", "4|Ibsen|1.50|2025-12-01 00:00:00+00"},
				s.inWarehouse(t, "SELECT id || '|' || customer || '|' || amount || '|' || ordered_at FROM sales.orders ORDER BY id"))
			require.Equal(t, []string{"orders/1.csv.gz, line 3: x", "orders/2.csv.gz, line 3: 3;;1.005;2026-02-01T00:00:00Z"},
				s.inWarehouse(t, "SELECT place || ': ' || record FROM sales.orders_rejected ORDER BY place"))
			require.Equal(t, []string{"1 IBM 270300", "7 Kongsberg Gruppen, ASA 14629"},
				s.inStage(t, "SELECT id || ' ' || company_name || ' ' || employees FROM companies WHERE id IN (1, 7) ORDER BY id"))
		},
	},
	"Transform": {
		check: func(t *testing.T, s *operationExample) {
			t.Helper()

			require.Equal(t, []string{"companies", "companies_CH", "companies_DE", "companies_JP", "companies_NO", "companies_US"},
				s.inStage(t, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'companies%' ORDER BY name"))
			require.Equal(t, []string{"SAP", "Bosch"}, s.inStage(t, "SELECT company_name FROM companies_DE ORDER BY id"))
		},
	},
	"RunSourceScript": {
		warehouse: `CREATE SCHEMA sales; CREATE TABLE sales.orders (id bigint, ordered_at timestamptz);
			INSERT INTO sales.orders VALUES (1, now() - interval '367 days'), (2, now() - interval '363 days'), (3, now())`,
		check: func(t *testing.T, s *operationExample) {
			t.Helper()

			require.Equal(t, []string{"2", "3"}, s.inWarehouse(t, "SELECT id::text FROM sales.orders ORDER BY id"))
			require.Equal(t, []string{"2"}, s.inWarehouse(t, "SELECT reltuples::text FROM pg_class WHERE relname = 'orders'"))
		},
	},
	"Insert": {
		warehouse: `CREATE TABLE loads (id bigint GENERATED ALWAYS AS IDENTITY, name text, at timestamptz, rows bigint)`,
		check: func(t *testing.T, s *operationExample) {
			t.Helper()

			require.Equal(t, []string{"1 orders 17 true"},
				s.inWarehouse(t, "SELECT concat_ws(' ', id, name, rows, (now() - at < interval '5 minutes')::text) FROM loads"))
		},
	},
	"Update": {
		warehouse: `CREATE TABLE customers (id bigint PRIMARY KEY, name text, country text, since date DEFAULT '2020-01-01');
			INSERT INTO customers VALUES (1, 'ibm', NULL), (3, 'sap', NULL), (9, 'another', 'US')`,
		check: func(t *testing.T, s *operationExample) {
			t.Helper()

			require.Equal(t, []string{"1 IBM US 2020-01-01", "3 sap 2020-01-01", "9 another US 2020-01-01"},
				s.inWarehouse(t, "SELECT concat_ws(' ', id, name, country, since) FROM customers ORDER BY id"))
		},
	},
	"Delete": {
		warehouse: `CREATE TABLE customers (id bigint PRIMARY KEY, name text); INSERT INTO customers VALUES (1, 'IBM'), (3, 'SAP'), (4, 'Bosch')`,
		stage:     `CREATE TABLE closed_companies (id INTEGER, closed DATE); INSERT INTO closed_companies VALUES (3, '2026-01-01'), (9, NULL)`,
		check: func(t *testing.T, s *operationExample) {
			t.Helper()

			require.Equal(t, []string{"IBM", "Bosch"}, s.inWarehouse(t, "SELECT name FROM customers ORDER BY id"))
		},
	},
	"HTTPRequest": {
		check: func(t *testing.T, s *operationExample) {
			t.Helper()

			require.Equal(t, []string{
				`POST /api/orders application/json {"customer":7,"items":[{"quantity":2,"sku":"A1"}]}`,
				`GET /api/products?country=US `,
				"POST /api/lists multipart/form-data; boundary=… --…\r\nContent-Disposition: form-data; name=\"country\"\r\n\r\nUS\r\n" +
					"--…\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\ncompanies\r\n" +
					"--…\r\nContent-Disposition: form-data; name=\"list\"; filename=\"companies.csv\"\r\n" +
					"Content-Type: application/octet-stream\r\n\r\n" + s.companies + "\r\n--…--\r\n",
			}, s.shop.received())
			require.Equal(t, []string{"A1 2.50", "B2 "},
				s.inStage(t, "SELECT sku || ' ' || coalesce(price, '') FROM products ORDER BY sku"))
		},
	},
}

// Not parallel with other tests, because it sets the environment variable of a secret.
func TestDataOperationExamples(t *testing.T) { //nolint:tparallel // It sets a secret in the environment.
	t.Setenv("JOBWRIGHT_APP_7_WAREHOUSE_PASSWORD", "a secret that the tests' server does not ask for")

	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "scenarios.md"))
	require.NoError(t, err)

	blocks := page(t, "docs/scenarios.md")
	at := slices.IndexFunc(blocks, func(b block) bool { return b.language == "yaml" })
	manifest, first := blocks[at], blocks[at+1]

	for _, operation := range scenario.DataOperations() {
		t.Run(operation.Name, func(t *testing.T) {
			t.Parallel()

			_, section, found := strings.Cut(string(text), "<!-- generated: "+operation.Name+" -->")
			require.True(t, found)

			section, _, _ = strings.Cut(section, "<!-- generated: ")
			_, section, _ = strings.Cut(section, "<!-- /generated -->")

			examples := fence.FindAllStringSubmatch(section, -1)
			require.Len(t, examples, 1, "the effect of a second example is not tested")
			require.Equal(t, "yaml", examples[0][1])

			example, isKnown := documentedExamples[operation.Name]
			require.True(t, isKnown, "the effect of the example of %s is not tested", operation.Name)

			s := example.newApp(t, manifest.text, map[string]string{
				"scenarios/Main.yaml":    first.text,
				"scenarios/Example.yaml": "parameters: {country: {type: text}}\nsteps:\n" + examples[0][2],
			})

			got := api().execute(t, runScenario(s.appID, "Main", object{}))
			require.Equal(t, http.StatusOK, got.status, got.text)

			got = api().execute(t, runScenario(s.appID, "Example", object{"country": "US"}))
			require.Equal(t, http.StatusOK, got.status, got.text)
			example.check(t, s)
		})
	}
}

// operationExample is the app of an example, with connections to its sources.
type operationExample struct {
	appID     string
	warehouse *pgx.Conn
	stage     *sql.DB
	shop      *shop
	companies string // The content of files/companies.csv.
}

// newApp adds an app with the sources of the page at addresses of this machine.
func (d documented) newApp(t *testing.T, manifest string, files map[string]string) *operationExample {
	t.Helper()

	address := testserver.PostgreSQL(t)
	s := &operationExample{shop: newShop(t)}

	var err error
	s.warehouse, err = pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.warehouse.Close(context.WithoutCancel(t.Context()))) })

	_, err = s.warehouse.Exec(t.Context(), d.warehouse)
	require.NoError(t, err)

	companies, err := os.ReadFile(filepath.Join("..", "..", "examples", "apps", "7", "files", "companies.csv"))
	require.NoError(t, err)

	s.companies = string(companies)
	files["files/companies.csv"] = s.companies
	files["app.yaml"] = replaced(t, manifest, map[string]string{
		"postgres://loader@db.example.com/warehouse": address,
		"https://shop.example.com/api":               s.shop.URL + "/api",
	})

	maps.Copy(files, d.files)

	s.appID = newApp(t, files)

	folder := filepath.Join(shared.dir, "apps", s.appID)
	s.stage, err = sql.Open("sqlite", "file:"+filepath.Join(folder, "stage.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.stage.Close()) })

	_, err = s.stage.ExecContext(t.Context(), d.stage)
	require.NoError(t, err)

	return s
}

// replaced returns a text with addresses of this machine in place of others, each of which has to be there.
func replaced(t *testing.T, text string, addresses map[string]string) string {
	t.Helper()

	for documented, local := range addresses {
		require.Contains(t, text, documented)

		text = strings.ReplaceAll(text, documented, local)
	}

	require.NotContains(t, text, "example.com", "an address of the page is not replaced")

	return text
}

// inWarehouse returns the records of a query with one column.
func (s *operationExample) inWarehouse(t *testing.T, query string) []string {
	t.Helper()

	rows, err := s.warehouse.Query(t.Context(), "SET timezone = 'UTC'")
	require.NoError(t, err)
	rows.Close()

	rows, err = s.warehouse.Query(t.Context(), query)
	require.NoError(t, err)

	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)

	return found
}

// inStage returns the records of a query with one column.
func (s *operationExample) inStage(t *testing.T, query string) (found []string) {
	t.Helper()

	rows, err := s.stage.QueryContext(t.Context(), query)
	require.NoError(t, err)

	defer func() { require.NoError(t, rows.Close()) }()

	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))

		found = append(found, text)
	}

	require.NoError(t, rows.Err())

	return found
}

// shop is an HTTP server that records its requests.
type shop struct {
	*httptest.Server

	mu       sync.Mutex
	requests []string
}

func newShop(t *testing.T) *shop {
	t.Helper()

	s := &shop{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}

		s.mu.Lock()
		s.requests = append(s.requests, withoutBoundary(r, fmt.Sprintf("%s %s %s%s", r.Method, r.URL, contentType(r), body)))
		s.mu.Unlock()

		w.Header().Set("Content-Type", "application/json")

		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"id":"o-1"}`)

			return
		}

		fmt.Fprint(w, `{"data":{"items":[{"sku":"A1","price":2.50},{"sku":"B2","price":null}]}}`)
	}))
	t.Cleanup(s.Close)

	return s
}

func contentType(r *http.Request) string {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		return kind + " "
	}

	return ""
}

// withoutBoundary replaces the boundary of a multipart form, which differs in each request.
func withoutBoundary(r *http.Request, text string) string {
	if _, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && params["boundary"] != "" {
		return strings.ReplaceAll(text, params["boundary"], "…")
	}

	return text
}

func (s *shop) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()

	return slices.Clone(s.requests)
}

// gzipped compresses a text with gzip.
func gzipped(text string) string {
	var out bytes.Buffer

	compressor := gzip.NewWriter(&out)
	_, _ = compressor.Write([]byte(text)) // Writing to a buffer cannot fail.
	_ = compressor.Close()

	return out.String()
}
