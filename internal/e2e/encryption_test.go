package e2e_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	querypb "go.temporal.io/api/query/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/jobwright/jobwright/app/seal"
)

// markedApp moves marked data through everything that Temporal stores of a job: parameters, results, heartbeats, variables, loops,
// a child job, signals, failures, callbacks and titles.
func markedApp(receiver string) map[string]string {
	return map[string]string{
		"app.yaml": `
sources:
  web: {kind: HTTPSource, url: "${env:JOBWRIGHT_TEST_WEB}"}
  stage: {kind: SQLiteSource}
callbacks: {allow: ["` + receiver + `/"], addresses: [127.0.0.1], secrets: ["${env:JOBWRIGHT_WEBHOOK_SECRET}", "${env:JOBWRIGHT_OLD_WEBHOOK_SECRET}"]}
variables:
  last: {type: text, default: ""}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}", rights: [execute, status, signal, operate]}
`,
		"scenarios/Main.yaml": `
parameters:
  customer: {type: text}
  row: {type: text}
  password: {type: text, secret: true}
steps:
  - title: Load
    opName: RunSourceScript
    execution: activity
    opParams: {source: stage, script: "CREATE TABLE t AS SELECT :r AS c", bind: {r: "${row}"}}
  - {name: rows, opName: Transform, opParams: {source: stage, query: "SELECT c FROM t", returnValue: true}}
  - {opName: Transform, opParams: {source: stage, query: "SELECT c FROM t", returnResult: true}}
  - {opName: SetVariable, opParams: {name: last, scope: app, value: "${customer}"}}
  - name: echo
    opName: HTTPRequest
    opParams:
      source: web
      method: POST
      path: "echo/${customer}"
      headers: {X-Customer: "${customer}", Authorization: "Bearer ${password}"}
      json: {customer: "${customer}", rows: "${steps.rows.value}"}
      returnValue: true
  - opName: ForEach
    opParams:
      source: stage
      query: "SELECT c FROM t"
      steps:
        - {opName: HTTPRequest, execution: activity, opParams: {source: web, path: "loop", headers: {X-Row: "${item.c}"}}}
  - {name: child, opName: RunScenario, opParams: {scenario: Child, parameters: {customer: "${customer}", token: "${password}"}}}
  - name: refused
    opName: HTTPRequest
    execution: activity
    onError: continue
    opParams: {source: web, path: "refuse/${customer}", headers: {Authorization: "Basic ${password}"}}
  - {name: approval, opName: WaitForSignal, opParams: {name: go}}
  - {opName: Fail, opParams: {code: on_purpose, message: "${customer} ${steps.approval.value} ${steps.refused.error.message} ${steps.child.value}"}}
`,
		"scenarios/Child.yaml": `
parameters:
  customer: {type: text}
  token: {type: text, secret: true}
steps:
  - {opName: HTTPRequest, opParams: {source: web, path: "child", headers: {X-Customer: "${customer}", X-Token: "${token}"}}}
  - {opName: Return, opParams: {value: "${customer}"}}
`,
	}
}

// newMark returns a text that occurs nowhere else: letters and digits, which URLs, JSON and HTML do not escape.
func newMark() string { return "mark" + strings.ReplaceAll(uuid.NewString(), "-", "") }

// encodingsOf returns the forms in which data can contain a mark, by their names.
func encodingsOf(mark string) map[string]string {
	forms := map[string]string{
		"plain": mark, "hex": hex.EncodeToString([]byte(mark)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(mark))),
	}

	// In base64, the form depends on the place of the mark. The first and the last characters depend on what is around it.
	for before := range 3 {
		text := append(make([]byte, before), mark...)
		encoded := base64.RawStdEncoding.EncodeToString(text)
		forms[fmt.Sprintf("base64, %d", before)] = encoded[2+before : len(encoded)-2]
		forms[fmt.Sprintf("base64 of URLs, %d", before)] = strings.NewReplacer("+", "-", "/", "_").Replace(encoded[2+before : len(encoded)-2])
	}

	return forms
}

// requireNoMark verifies that none of the texts contains one of the marks.
func requireNoMark(t *testing.T, texts, marks map[string]string) {
	t.Helper()

	for kind, mark := range marks {
		for form, hidden := range encodingsOf(mark) {
			for name, text := range texts {
				require.NotContains(t, text, hidden, "%s has the %s, %s", name, kind, form)
			}
		}
	}
}

func TestFormsOfAMarkAreFound(t *testing.T) {
	t.Parallel()

	marked := newMark()
	for _, before := range []string{"", "a", "ab", "abc"} {
		text := []byte(before + marked + "after")

		for _, encoded := range []string{
			string(text), base64.StdEncoding.EncodeToString(text), base64.RawURLEncoding.EncodeToString(text),
			hex.EncodeToString(text), fmt.Sprintf("%X", text),
		} {
			found := slices.ContainsFunc(slices.Collect(maps.Values(encodingsOf(marked))), func(form string) bool {
				return strings.Contains(encoded, form)
			})
			require.True(t, found, encoded)
		}
	}
}

func TestEncryptedJobsLeaveNothingReadableInTemporal(t *testing.T) {
	t.Parallel()

	// All data has the same mark, so that large files are searched once.
	mark, secretMark := newMark(), newMark()
	data := map[string]string{
		"parameter": "parameter" + mark, "row": "row" + mark, "signal": "signal" + mark, "URL of the callback": "callback" + mark,
		"response": "response" + mark,
	}
	secret := "secret " + secretMark

	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))

		if strings.HasPrefix(r.URL.Path, "/refuse") {
			w.WriteHeader(http.StatusBadRequest)
		}

		body, _ := io.ReadAll(r.Body) // An incomplete body would fail the test.
		fmt.Fprintf(w, "%s %s %v %s", data["response"], r.URL, r.Header, body)
	}))
	t.Cleanup(web.Close)

	receiver := newReceiver(t, always(http.StatusNoContent))
	key := seal.New()

	p := newProduction(t)
	p.environment = append(p.environment, "JOBWRIGHT_TEST_WEB="+web.URL)
	withoutKey := slices.Clone(p.environment)
	p.environment = append(p.environment, "JOBWRIGHT_SECRET_KEY="+key)
	writeApp(t, filepath.Join(p.apps, "9"), markedApp(receiver.URL))

	auditLog := filepath.Join(t.TempDir(), "audit.log")
	apiProcess, api := p.apiserver(t, "--encrypt-payloads", "--audit-log", auditLog, "--log-level", "debug")
	workerProcess := p.worker(t, "--encrypt-payloads", "--log-level", "debug")

	jobID := "marked-" + uuid.NewString()
	parameters := object{"customer": data["parameter"], "row": data["row"], "password": secret}
	callback := object{"url": receiver.URL + "/hooks/" + data["URL of the callback"]}

	started := api.execute(t, with(runScenario("9", "Main", parameters),
		object{"apiKey": callerKey, "jobId": jobID, "isAsync": true, "callback": callback}))
	require.Equal(t, http.StatusOK, started.status, started.text)

	status := func() apiResponse {
		return api.call(t, http.MethodGet, "/api/v1/getJobStatus?"+jobQuery(callerKey, "9", jobID), nil, "")
	}
	await(t, func() bool { return status().result(t)["signals"] != nil })

	temporal := p.temporal(t)
	texts := map[string]string{}

	// What Temporal passes on and does not store.
	described, err := temporal.WorkflowService().QueryWorkflow(t.Context(), &workflowservice.QueryWorkflowRequest{
		Namespace: p.namespace(), Execution: &commonpb.WorkflowExecution{WorkflowId: jobID},
		Query: &querypb.WorkflowQuery{QueryType: "__temporal_workflow_metadata"},
	})
	require.NoError(t, err)

	texts["details of the running job"] = decoded(t, described)

	signalled := api.signal(t, object{"apiKey": callerKey, "appId": "9", "jobId": jobID, "signal": "go", "data": data["signal"]})
	require.Equal(t, http.StatusOK, signalled.status, signalled.text)
	require.Equal(t, jobID, receiver.next(t).data["jobId"])

	// A caller of the app reads everything.
	await(t, func() bool { return inState("delivered")(status().result(t)) })

	ended := status()
	for _, kind := range []string{"parameter", "row", "signal", "URL of the callback"} {
		require.Contains(t, ended.text, data[kind])
	}

	maps.Copy(texts, histories(t, temporal, p.namespace(), 4))

	addFiles(t, texts, shared.dir) // Also the databases of Temporal, and its log.

	var audited []byte

	audited, err = os.ReadFile(auditLog)
	require.NoError(t, err)

	texts["audit log"] = string(audited)
	texts["log of the API server"] = apiProcess.output()
	texts["metrics of the API server"] = metrics(t, metricsOf(t, apiProcess))
	texts["metrics of the worker"] = metrics(t, caller{"http://" + workerProcess.await(t, `"worker is up","http":"([0-9.:]+)"`)})

	databases := texts[filepath.Join(shared.dir, "temporal.db")] + texts[filepath.Join(shared.dir, "temporal.db-wal")]
	require.Contains(t, databases, jobID, "the search reads Temporal's database")
	requireNoMark(t, texts, map[string]string{"data": mark})

	// The log of the worker has the error of the attempt that failed, and so the response of its source.
	texts["log of the worker"] = workerProcess.output()
	requireNoMark(t, map[string]string{"log of the worker": texts["log of the worker"]}, map[string]string{
		"row": data["row"], "signal": data["signal"], "URL of the callback": data["URL of the callback"],
	})

	for _, folder := range []string{p.results, p.dataDir} { // They have data as it is, but no secret.
		addFiles(t, texts, folder)
	}

	requireNoMark(t, texts, map[string]string{"secret": secretMark})

	source := map[string]string{}
	addFiles(t, source, p.dataDir)
	require.Contains(t, strings.Join(slices.Collect(maps.Values(source)), ""), data["row"], "the search reads files")

	// An operator reads a history by the codec endpoint.
	require.Contains(t, decodedByServer(t, api, firstInput(t, temporal, jobID)), data["parameter"])

	// Histories can still be replayed: to continue a job, and to check a new version.
	planned := api.post(t, "retryJob", object{"apiKey": callerKey, "appId": "9", "jobId": jobID, "fromStep": "9", "dryRun": true})
	require.Equal(t, http.StatusOK, planned.status, planned.text)

	replayed := launch(t, p.environment, "jobwright", "replay")
	require.Equal(t, 0, replayed.end(t), replayed.output())

	replayed = launch(t, withoutKey, "jobwright", "replay")
	require.Equal(t, 1, replayed.end(t), replayed.output())
	require.Contains(t, replayed.output(), "the key of a payload is missing")
}

// histories returns all events of all workflows of a namespace, and their descriptions, as soon as Temporal lists that many
// workflows.
func histories(t *testing.T, temporal client.Client, namespace string, count int) map[string]string {
	t.Helper()

	var listed *workflowservice.ListWorkflowExecutionsResponse

	await(t, func() bool {
		var err error

		listed, err = temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace})
		require.NoError(t, err)

		return len(listed.GetExecutions()) >= count
	})

	texts := map[string]string{"list": decoded(t, listed)}

	for _, found := range listed.GetExecutions() {
		run := found.GetExecution()

		described, err := temporal.DescribeWorkflowExecution(t.Context(), run.GetWorkflowId(), run.GetRunId())
		require.NoError(t, err)

		texts["description of "+run.GetWorkflowId()] = decoded(t, described)

		events := temporal.GetWorkflowHistory(t.Context(), run.GetWorkflowId(), run.GetRunId(), false,
			enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(t, err)

			raw, err := proto.Marshal(event)
			require.NoError(t, err)

			texts[fmt.Sprintf("event %d of %s", event.GetEventId(), run.GetWorkflowId())] = decoded(t, event) + string(raw)
		}
	}

	return texts
}

// firstInput returns the first argument of a job's workflow.
func firstInput(t *testing.T, temporal client.Client, jobID string) *commonpb.Payload {
	t.Helper()

	events := temporal.GetWorkflowHistory(t.Context(), jobID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	event, err := events.Next()
	require.NoError(t, err)

	return event.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()[0]
}

// decodedByServer returns the data of a payload that the codec endpoint has decoded.
func decodedByServer(t *testing.T, api caller, encoded *commonpb.Payload) string {
	t.Helper()

	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{encoded}})
	require.NoError(t, err)

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api.address+"/codec/any/decode", strings.NewReader(string(body)))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+callerKey)

	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)

	defer response.Body.Close()

	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(text))

	var payloads commonpb.Payloads

	require.NoError(t, protojson.Unmarshal(text, &payloads))

	return string(payloads.GetPayloads()[0].GetData())
}

// A worker without the key neither runs nor fails the job.
func TestEncryptionIsSwitchedOnWhileJobsRun(t *testing.T) {
	t.Parallel()

	p := newProduction(t)
	writeApp(t, filepath.Join(p.apps, "9"), map[string]string{
		"app.yaml": `
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
		"scenarios/Main.yaml": `
parameters: {customer: {type: text}}
steps:
  - {name: approval, opName: WaitForSignal, opParams: {name: go}}
  - {opName: Return, opParams: {value: "${customer} ${steps.approval.value}"}}
`,
	})

	withKey := p
	withKey.environment = append(slices.Clone(p.environment), "JOBWRIGHT_SECRET_KEY="+seal.New())

	_, plain := p.apiserver(t)
	_, encrypting := withKey.apiserver(t, "--encrypt-payloads")
	older := p.worker(t)

	start := func(api caller) string {
		jobID := uuid.NewString()
		got := api.execute(t, with(runScenario("9", "Main", object{"customer": "Ada"}),
			object{"apiKey": callerKey, "jobId": jobID, "isAsync": true}))
		require.Equal(t, http.StatusOK, got.status, got.text)

		return jobID
	}
	status := func(api caller, jobID string) object {
		return api.call(t, http.MethodGet, "/api/v1/getJobStatus?"+jobQuery(callerKey, "9", jobID), nil, "").result(t)
	}

	before := start(plain)
	await(t, func() bool { return status(plain, before)["signals"] != nil })

	after := start(encrypting)
	temporal := p.temporal(t)
	require.Equal(t, "binary/encrypted", string(firstInput(t, temporal, after).GetMetadata()["encoding"]))
	await(t, func() bool { return strings.Contains(older.output(), "the key of a payload is missing") })
	require.Equal(t, "running", status(encrypting, after)["status"])

	older.kill()
	withKey.worker(t, "--encrypt-payloads")

	for _, jobID := range []string{before, after} {
		await(t, func() bool { // Temporal repeats failed workflow tasks after a pause.
			return encrypting.signal(t, object{
				"apiKey": callerKey, "appId": "9", "jobId": jobID, "signal": "go", "signalId": "one", "data": "Lovelace",
			}).status == http.StatusOK
		})

		got := encrypting.execute(t, with(runScenario("9", "Main", object{"customer": "Ada"}),
			object{"apiKey": callerKey, "jobId": jobID, "waitSeconds": 60}))
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.Equal(t, "Ada Lovelace", got.result(t)["value"])
	}
}
