package e2e_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// dataApp moves data between files, a database and the HTTP server at the address.
func dataApp(address string) map[string]string {
	return map[string]string{
		"app.yaml": fmt.Sprintf(`
sources:
  files: {kind: FileSource, path: files}
  stage: {kind: SQLiteSource}
  shop: {kind: HTTPSource, url: %q, headers: {X-Token: "${env:JOBWRIGHT_APP_7_KEY}"}}
`, address),
		"files/orders-1.csv": "Id;Größe (cm);Ordered\r\n1;1,5;2026-01-31\r\n2;;2026-02-01\r\n",
		"files/orders-2.csv": "Id;Größe (cm);Ordered\r\n3;2,5;yesterday\r\nx\r\n",
		"scripts/mark.sql":   "UPDATE orders SET marked = :mark WHERE id <= :last;\nDELETE FROM orders WHERE id = 2;",
		"scenarios/Load.yaml": `
steps:
  - name: load
    opName: LoadTableFromSource
    opParams:
      source: files
      table: orders-*.csv
      format: {separator: ";"}
      columnTypes: {Id: integer, Ordered: date}
      columnNames: standardize
      rename: {Ordered: ordered_on}
      recordOrderColumn: position
      targetSource: stage
      targetTable: orders
      rejectTable: rejected
  - {opName: RunSourceScript, opParams: {source: stage, script: "ALTER TABLE orders ADD COLUMN marked TEXT"}}
  - {opName: RunSourceScript, opParams: {source: stage, scriptFile: scripts/mark.sql, bind: {mark: "ünïcödé", last: 1}}}
  - {opName: Insert, opParams: {source: stage, table: orders, records: [{id: 7, marked: new}, {id: 8, ordered_on: "2026-03-01"}]}}
  - {opName: Update, opParams: {source: stage, table: orders, key: [id], query: "SELECT 8 AS id, 'changed' AS marked"}}
  - {opName: Delete, opParams: {source: stage, table: orders, key: [id], records: [{id: 7}]}}
  - {opName: Transform, opParams: {source: stage, query: SELECT * FROM orders ORDER BY id, returnResult: true, resultName: orders}}
  - {opName: Transform, opParams: {source: stage, query: SELECT * FROM rejected ORDER BY 1, limit: 1, returnResult: true, resultName: rejected}}
  - {opName: Return, opParams: {value: ["${steps.load.rows}", "${steps.load.rejected}"]}}
`,
		"scenarios/Ask.yaml": `
steps:
  - name: created
    opName: HTTPRequest
    opParams: {source: shop, method: POST, path: orders, json: {n: 1}, statuses: [201], returnValue: true}
    retry: {initialInterval: 1s}
  - opName: HTTPRequest
    opParams: {source: shop, path: items, format: {records: data}, targetSource: stage, targetTable: items}
  - {opName: HTTPRequest, opParams: {source: shop, path: items, fileSource: files, targetFile: items.json}}
  - {opName: LoadTableFromSource, opParams: {source: files, table: items.json, format: {records: data}, targetSource: files, targetTable: "items.csv.gz", dropSource: true}}
  - {opName: LoadTableFromSource, opParams: {source: files, table: items.csv.gz, targetSource: stage, targetTable: items, append: true}}
  - {opName: Transform, opParams: {source: stage, query: "SELECT count(*) AS n, sum(id) AS s FROM items", returnResult: true, resultName: sum}}
  - {opName: Return, opParams: {value: "${steps.created.value.body.id}"}}
`,
		"scenarios/Many.yaml": `
steps:
  - opName: Transform
    opParams:
      source: stage
      query: WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 5000) SELECT i, 'row ' || i AS name FROM s
      returnResult: true
      resultName: many
  - {opName: Transform, opParams: {source: stage, query: "SELECT 1 AS a, NULL AS b, '' AS c, 'x,y' AS d", returnResult: true, resultName: few}}
`,
	}
}

func TestDataOperations(t *testing.T) {
	t.Parallel()

	appID := newApp(t, dataApp("http://127.0.0.1:1"))
	got := api().execute(t, runScenario(appID, "Load", object{}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	result := got.result(t)
	require.Equal(t, []any{2.0, 2.0}, result["value"])
	require.Equal(t, []any{
		object{"id": 1.0, "größe_cm": "1,5", "ordered_on": "2026-01-31", "position": 1.0, "marked": "ünïcödé"},
		object{"id": 8.0, "größe_cm": nil, "ordered_on": "2026-03-01", "position": nil, "marked": "changed"},
	}, recordsOf(t, result, 0))

	rejected := recordsOf(t, result, 1)[0].(object)
	require.Contains(t, rejected["place"], "orders-2.csv")
	require.Contains(t, rejected["mistake"], "")
	require.Len(t, recordsOf(t, result, 1), 1, "the limit was 1")

	status := api().status(t, appID, result["jobId"].(string)).result(t)
	require.EqualValues(t, 2, status["steps"].([]any)[0].(object)["rejected"])
}

// recordsOf returns the records of the result with the index.
func recordsOf(t *testing.T, result object, number int) []any {
	t.Helper()

	return result["results"].([]any)[number].(object)["result"].(object)["records"].([]any)
}

func TestHTTPRequestRetriesWithTheSameIdempotencyKey(t *testing.T) {
	t.Parallel()

	var (
		mutex sync.Mutex
		keys  []string
	)

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Token") != callerKey {
			w.WriteHeader(http.StatusUnauthorized)

			return
		}

		w.Header().Set("Content-Type", "application/json")

		if r.URL.Path == "/items" {
			fmt.Fprint(w, `{"data":[{"id":1,"name":"one"},{"id":2,"name":null}]}`)

			return
		}

		mutex.Lock()
		defer mutex.Unlock()

		if keys = append(keys, r.Header.Get("Idempotency-Key")); len(keys) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)

			return
		}

		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"o-1"}`)
	}))
	t.Cleanup(server.Close)

	jobID := uuid.NewString()
	got := api().execute(t, with(runScenario(newApp(t, dataApp(server.URL)), "Ask", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, "o-1", got.result(t)["value"])
	require.Equal(t, []any{object{"n": 4.0, "s": 6.0}}, recordsOf(t, got.result(t), 0))
	require.Equal(t, []string{jobID + "/1", jobID + "/1"}, keys)

	history, err := json.Marshal(historyOf(t, jobID))
	require.NoError(t, err)
	require.NotContains(t, string(history), callerKey, "a secret is in the history")
}

// formatted is a response with results in some format.
type formatted struct {
	status int
	header http.Header
	text   string
}

// results gets the results of a job in some format.
func results(t *testing.T, appID, jobID string, header http.Header, more url.Values) formatted {
	t.Helper()

	query := url.Values{"apiKey": {devKey}, "appId": {appID}, "jobId": {jobID}}
	maps.Copy(query, more)

	address := api().address + "/api/v1/getJobStatus?" + query.Encode()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)

	maps.Copy(request.Header, header)

	response, err := (&http.Transport{DisableCompression: true}).RoundTrip(request)
	require.NoError(t, err)

	var body io.Reader = response.Body

	switch response.Header.Get("Content-Encoding") {
	case "gzip":
		body, err = gzip.NewReader(body)
	case "zstd":
		body, err = zstd.NewReader(body)
	}

	require.NoError(t, err)

	text, err := io.ReadAll(body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	return formatted{response.StatusCode, response.Header, string(text)}
}

func TestResultsInEachFormat(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, dataApp("http://127.0.0.1:1")), uuid.NewString()
	got := api().execute(t, with(runScenario(appID, "Many", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Len(t, recordsOf(t, got.result(t), 0), 5000)

	form := func(mediaType string) http.Header { return http.Header{"Accept": {mediaType}} }

	for name, test := range map[string]struct {
		header http.Header
		query  url.Values
		status int
		want   string
	}{
		"CSV":            {form("text/csv"), url.Values{"resultName": {"few"}}, 200, "a,b,c,d\r\n1,,\"\",\"x,y\"\r\n"},
		"NDJSON":         {form("application/x-ndjson"), url.Values{"resultName": {"few"}}, 200, `{"a":1,"b":null,"c":"","d":"x,y"}` + "\n"},
		"several in CSV": {form("text/csv"), nil, 406, ""},
		"another form":   {form("image/png"), nil, 406, ""},
		"another name":   {nil, url.Values{"resultName": {"none"}}, 404, ""},
		"no number":      {nil, url.Values{"offset": {"-1"}}, 400, ""},
		"no limit":       {nil, url.Values{"limit": {"0"}}, 400, ""},
		"a range in CSV": {form("text/csv"), url.Values{"resultName": {"few"}, "limit": {"1"}}, 400, ""},
	} {
		got := results(t, appID, jobID, test.header, test.query)
		require.Equal(t, test.status, got.status, "%s: %s", name, got.text)

		if test.want != "" {
			require.Equal(t, test.want, got.text, name)
		}
	}

	for _, encoding := range []string{"gzip", "zstd"} {
		got := results(t, appID, jobID, http.Header{"Accept-Encoding": {encoding}}, url.Values{"resultName": {"many"}})
		require.Equal(t, encoding, got.header.Get("Content-Encoding"))
		require.Contains(t, got.text, `"name":"row 5000"`)
	}

	seen := 0

	for offset := "0"; offset != ""; {
		got := results(t, appID, jobID, nil, url.Values{"resultName": {"many"}, "offset": {offset}, "limit": {"1999"}})

		var body object
		require.NoError(t, json.Unmarshal([]byte(got.text), &body), got.text)

		result := body["result"].(object)
		entry := result["results"].([]any)[0].(object)
		require.EqualValues(t, 5000, entry["records"])

		for _, record := range recordsOf(t, result, 0) {
			seen++
			require.EqualValues(t, seen, record.(object)["i"])
		}

		offset = ""
		if next, more := entry["nextOffset"]; more {
			offset = fmt.Sprint(next)
		}
	}

	require.Equal(t, 5000, seen)
}

func TestDropSourceDeletesAllFilesOfAPattern(t *testing.T) {
	t.Parallel()

	appID := newApp(t, map[string]string{
		"app.yaml":       "sources:\n  files: {kind: FileSource, path: files}\n  stage: {kind: SQLiteSource}\n",
		"files/in/1.csv": "id\n1\n",
		"files/in/2.csv": "id\n2\n3\n",
		"files/in/x.txt": "no table\n",
		"scenarios/Main.yaml": `
steps:
  - {name: load, opName: LoadTableFromSource, opParams: {source: files, table: "in/*.csv", targetSource: stage, targetTable: t, dropSource: true}}
  - {opName: Return, opParams: {value: "${steps.load.rows}"}}
`,
	})

	got := api().execute(t, runScenario(appID, "Main", object{}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.InEpsilon(t, 3.0, got.result(t)["value"], 0)

	left, err := filepath.Glob(filepath.Join(shared.dir, "apps", appID, "files", "in", "*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(shared.dir, "apps", appID, "files", "in", "x.txt")}, left)
}

// A file that replaces a loaded file during the load remains for the next load.
func TestDropSourceKeepsAFileReplacedDuringTheLoad(t *testing.T) {
	t.Parallel()

	files := ""
	producer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)

		// The file has been read completely by now.
		if err := os.WriteFile(filepath.Join(files, "in", "1.csv"), []byte("id\n1\n4\n"), 0o600); err != nil {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	t.Cleanup(producer.Close)

	appID := newApp(t, map[string]string{
		"app.yaml": "sources:\n  files: {kind: FileSource, path: files}\n  bucket: {kind: AWSS3Source, bucket: b, endpoint: \"" +
			producer.URL + "\", accessKeyId: k, secretAccessKey: \"${env:JOBWRIGHT_S3_SECRET}\"}\n",
		"files/in/1.csv": "id\n1\n",
		"files/in/2.csv": "id\n2\n3\n",
		"scenarios/Main.yaml": `
steps:
  - {opName: LoadTableFromSource, opParams: {source: files, table: "in/*.csv", targetSource: bucket, targetTable: all.csv, dropSource: true}}
`,
	})
	files = filepath.Join(shared.dir, "apps", appID, "files")

	got := api().execute(t, runScenario(appID, "Main", object{}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	jobID, _ := got.result(t)["jobId"].(string)
	step := api().status(t, appID, jobID).result(t)["steps"].([]any)[0].(object)
	require.EqualValues(t, 3, step["rows"])

	kept := step["kept"].([]any)
	require.Len(t, kept, 1)
	require.Equal(t, "in/1.csv", kept[0].(object)["table"])
	require.Contains(t, kept[0].(object)["reason"], "was replaced or changed after it was read")

	left, err := filepath.Glob(filepath.Join(files, "in", "*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(files, "in", "1.csv")}, left)
}
