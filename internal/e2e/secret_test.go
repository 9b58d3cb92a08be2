package e2e_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/jobservice"
)

// secretApp passes a secret to a database and to an HTTP server, which both return it, and fails with an error that contains
// it.
var secretApp = map[string]string{
	"app.yaml": `
sources:
  db: {kind: PgSQLSource, connStr: "${env:JOBWRIGHT_TEST_DB}"}
  web: {kind: HTTPSource, url: "${env:JOBWRIGHT_TEST_WEB}"}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
	"scenarios/Main.yaml": `
parameters:
  password: {type: text, secret: true, description: The password of the shop}
  user: {type: text}
steps:
  - opName: RunSourceScript
    opParams: {source: db, script: "CREATE TABLE received AS SELECT CAST(:p AS text) AS p", bind: {p: "${password}"}}
  - {opName: Transform, opParams: {source: db, query: "SELECT p FROM received", returnResult: true}}
  - {opName: RunScenario, opParams: {scenario: Reader}}
  - name: echo
    opName: HTTPRequest
    opParams:
      source: web
      method: POST
      path: "echo/${password}"
      params: {q: "${password}"}
      headers: {Authorization: "Bearer ${password}"}
      json: {user: "${user}", password: "${password}"}
      returnValue: true
  - {opName: SetVariable, opParams: {name: echoed, value: "${steps.echo.value}"}}
  - name: records
    opName: Transform
    opParams:
      source: db
      query: "SELECT CAST(:p AS text) AS p, json_build_object('p', CAST(:p AS text)) AS j, convert_to(CAST(:p AS text), 'UTF8') AS b"
      bind: {p: "${password}"}
      returnResult: true
  - opName: ForEach
    opParams:
      source: db
      query: "SELECT CAST(:p AS text) AS p"
      bind: {p: "${password}"}
      steps:
        - {opName: HTTPRequest, opParams: {source: web, path: "loop", headers: {X-Password: "${item.p}"}}}
  - {name: child, opName: RunScenario, opParams: {scenario: Child, parameters: {token: "${password}"}}}
  - {opName: RunScenario, opParams: {scenario: Child, inline: true, parameters: {token: "${password}"}}}
  - name: broken
    opName: Transform
    onError: continue
    opParams: {source: db, query: "SELECT CAST(CAST(:p AS text) AS integer)", bind: {p: "${password}"}, returnValue: true}
  - name: refused
    opName: HTTPRequest
    onError: continue
    opParams: {source: web, path: "refuse/${password}", headers: {Authorization: "Basic ${password}"}}
  - {opName: Fail, opParams: {message: "${steps.broken.error.message} ${steps.refused.error.message} ${echoed} ${steps.child.value}"}}
`,
	"scenarios/Reader.yaml": `
steps: [{opName: Transform, opParams: {source: db, query: "SELECT p FROM received", returnValue: true}}]
`,
	"scenarios/Child.yaml": `
parameters:
  token: {type: text, secret: true}
steps:
  - {name: found, opName: Transform, opParams: {source: db, query: "SELECT CAST(:p AS text) AS p", bind: {p: "${token}"}, returnValue: true}}
  - {opName: Return, opParams: {value: "${steps.found.value[0].p}"}}
`,
}

// receivedRequests are the requests that a server has received, with their bodies.
type receivedRequests struct {
	mutex sync.Mutex
	texts []string
}

func (r *receivedRequests) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body) // An incomplete body would fail the test.
	text := fmt.Sprintf("%s %s %v %s", request.URL, request.URL.Query().Get("q"), request.Header, body)

	r.mutex.Lock()
	r.texts = append(r.texts, text)
	r.mutex.Unlock()

	w.Header().Set("X-Echo", request.Header.Get("Authorization"))

	if strings.HasPrefix(request.URL.Path, "/refuse") {
		w.WriteHeader(http.StatusBadRequest)
	}

	fmt.Fprint(w, text)
}

func (r *receivedRequests) all() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	return strings.Join(r.texts, "\n")
}

func TestSecretParameterIsNowhereButInTheSources(t *testing.T) {
	t.Parallel()

	// A part that is the same in all encodings, and one that is not.
	marker := "plAnted" + strings.ReplaceAll(uuid.NewString(), "-", "")
	secret := marker + ` "&<Ä ` + marker

	web := &receivedRequests{}
	server := httptest.NewServer(web)
	t.Cleanup(server.Close)

	database := testserver.PostgreSQL(t)

	p := newProduction(t)
	p.environment = append(p.environment, "JOBWRIGHT_TEST_DB="+database, "JOBWRIGHT_TEST_WEB="+server.URL, "JOBWRIGHT_SECRET_KEY="+seal.New())
	writeApp(t, filepath.Join(p.apps, "9"), secretApp)

	apiProcess, api := p.apiserver(t)
	workerProcess := p.worker(t, "--log-level", "debug")

	jobID := "secret-" + uuid.NewString()
	request := with(runScenario("9", "Main", object{"password": secret, "user": "me"}), object{"apiKey": callerKey, "jobId": jobID})
	ended := api.execute(t, request)
	require.Equal(t, http.StatusUnprocessableEntity, ended.status, ended.text)
	require.Contains(t, ended.text, `(secret)`)

	// The sources have received it.
	connection, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, connection.Close(t.Context())) })

	var received string

	require.NoError(t, connection.QueryRow(t.Context(), "SELECT p FROM received").Scan(&received))
	require.Equal(t, secret, received)
	require.Contains(t, web.all(), "/echo/"+url.PathEscape(secret))
	require.Contains(t, web.all(), "Bearer "+secret)
	require.Contains(t, web.all(), "X-Password:["+secret+"]")

	// The same request finds the job; one with another secret does not.
	require.Equal(t, http.StatusUnprocessableEntity, api.execute(t, request).status)

	other := api.execute(t, with(runScenario("9", "Main", object{"password": "another secret", "user": "me"}),
		object{"apiKey": callerKey, "jobId": jobID}))
	require.Equal(t, http.StatusConflict, other.status, other.text)
	require.Contains(t, other.text, "operation.opParams.parameters.password differs")

	status := api.call(t, http.MethodGet, "/api/v1/getJobStatus?"+jobQuery(callerKey, "9", jobID), nil, "")
	require.Equal(t, http.StatusOK, status.status, status.text)
	require.Equal(t, object{"password": "(secret)", "user": "me"}, status.result(t)["parameters"])

	// Nothing of Jobwright and Temporal has it.
	texts := map[string]string{
		"response": ended.text, "conflict": other.text, "status": status.text,
		"log of the API server": apiProcess.output(), "log of the worker": workerProcess.output(),
		"metrics of the API server": metrics(t, metricsOf(t, apiProcess)),
		"metrics of the worker":     metrics(t, caller{"http://" + workerProcess.await(t, `"worker is up","http":"([0-9.:]+)"`)}),
	}

	temporal := p.temporal(t)

	for _, id := range []string{jobID, jobID + "/3", jobID + "/8"} {
		described, err := temporal.DescribeWorkflowExecution(t.Context(), id, "")
		require.NoError(t, err)

		texts["description of "+id] = decoded(t, described)

		history := temporal.GetWorkflowHistory(t.Context(), id, "", false, 0)
		for history.HasNext() {
			event, err := history.Next()
			require.NoError(t, err)

			texts[fmt.Sprintf("event %d of %s", event.GetEventId(), id)] = decoded(t, event)
		}
	}

	for _, folder := range []string{p.results, p.dataDir, shared.dir} {
		addFiles(t, texts, folder)
	}

	require.Contains(t, texts["event 1 of "+jobID], "⟦sealed:", "the search decodes payloads")
	require.Contains(t, texts[filepath.Join(shared.dir, "temporal.db")]+texts[filepath.Join(shared.dir, "temporal.db-wal")], "⟦sealed:",
		"the search reads Temporal's database")
	require.Greater(t, len(texts), 40)

	for name, text := range texts {
		for form, hidden := range map[string]string{
			"plain": marker, "base64": base64.StdEncoding.EncodeToString([]byte(marker))[:40], "hex": fmt.Sprintf("%x", marker),
		} {
			require.NotContains(t, text, hidden, "%s has the secret, %s", name, form)
		}
	}
}

// temporal returns a client of the namespace.
func (p production) temporal(t *testing.T) client.Client {
	t.Helper()

	connection, err := client.Dial(client.Options{
		HostPort: shared.temporal.Frontend, Namespace: strings.TrimPrefix(p.environment[1], "TEMPORAL_NAMESPACE="), Logger: silent{},
	})
	require.NoError(t, err)
	t.Cleanup(connection.Close)

	return connection
}

var base64Field = regexp.MustCompile(`"([A-Za-z0-9+/]{8,}={0,2})"`)

// decoded returns a message of Temporal as JSON, with the content of its payloads.
func decoded(t *testing.T, message proto.Message) string {
	t.Helper()

	text, err := protojson.Marshal(message)
	require.NoError(t, err)

	all := string(text)

	for _, found := range base64Field.FindAllStringSubmatch(string(text), -1) {
		if content, err := base64.StdEncoding.DecodeString(found[1]); err == nil {
			all += "\n" + string(content)
		}
	}

	return all
}

// addFiles adds the content of all files in a folder.
func addFiles(t *testing.T, texts map[string]string, folder string) {
	t.Helper()

	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		const (
			most       = 500 << 20 // This bounds the databases.
			executable = 0o111     // The binaries of the tests.
		)

		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // Other tests remove files.
		}

		if info, err := entry.Info(); err != nil || !info.Mode().IsRegular() || info.Mode()&executable != 0 || info.Size() > most {
			return nil //nolint:nilerr // As above.
		}

		content, err := os.ReadFile(path)
		if err == nil {
			texts[path] = string(content)
		}

		return nil
	}))
}

func TestSecretParameterNeedsAKeyAndAMinimumLength(t *testing.T) {
	t.Parallel()

	appID := newApp(t, secretApp)
	request := runScenario(appID, "Main", object{"password": "correct horse", "user": "me"})

	got := serve(t, apiserver.Options{}).execute(t, request)
	require.Equal(t, http.StatusNotImplemented, got.status, got.text)
	require.Equal(t, "secret_key_missing", got.result(t)["code"])
	require.Contains(t, got.result(t)["message"], "JOBWRIGHT_SECRET_KEY or by --secret-key-file")

	got = serve(t, apiserver.Options{Jobs: newJobs(shared.client, func(options *jobservice.Options) { options.Keys = secretKeys(t) })}).
		execute(t, runScenario(appID, "Main", object{"password": "1234567", "user": "me"}))
	require.Equal(t, http.StatusBadRequest, got.status, got.text)
	require.Contains(t, got.result(t)["message"], "a secret has at least 8 bytes")
	require.NotContains(t, got.text, "1234567")
}

// secretKeys returns keys with the texts, or a new one.
func secretKeys(t *testing.T, texts ...string) seal.Keys {
	t.Helper()

	if len(texts) == 0 {
		texts = []string{seal.New()}
	}

	keys, err := seal.Parse(strings.Join(texts, "\n"))
	require.NoError(t, err)

	return keys
}

func TestRepeatedRequestWithASecretFindsItsJobAfterARotation(t *testing.T) {
	t.Parallel()

	older, newer := seal.New(), seal.New()
	appID := newApp(t, map[string]string{
		"app.yaml": "sources: {stage: {kind: SQLiteSource}}",
		"scenarios/Main.yaml": `
parameters: {password: {type: text, secret: true}}
steps: [{opName: WaitForSignal, opParams: {name: go}}]
`,
	})
	request := with(runScenario(appID, "Main", object{"password": "correct horse"}), object{"jobId": uuid.NewString(), "isAsync": true})

	for _, keys := range []seal.Keys{secretKeys(t, older), secretKeys(t, newer, older)} {
		got := serve(t, apiserver.Options{Jobs: newJobs(shared.client, func(options *jobservice.Options) { options.Keys = keys })}).execute(t, request)
		require.Equal(t, http.StatusOK, got.status, got.text)
	}

	got := serve(t, apiserver.Options{Jobs: newJobs(shared.client, func(options *jobservice.Options) { options.Keys = secretKeys(t, newer) })}).
		execute(t, request)
	require.Equal(t, http.StatusNotImplemented, got.status, got.text)
}
