package e2e_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The app of the contract's tests.
var contractApp = map[string]string{
	"app.yaml": `
sources:
  files: {kind: FileSource, path: data}
  stage: {kind: SQLiteSource}
access:
  - {name: looker, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [status]}
`,
	"data/people.csv": "name,age\nAda,36\n",
	"scenarios/Typed.yaml": `
parameters:
  word:  {type: text, description: A word}
  count: {type: integer, default: 3}
  share: {type: float, default: 0.5}
  flag:  {type: boolean, default: true}
  day:   {type: date, default: 2024-02-29}
  moment: {type: timestamp, default: "2024-02-29T12:00:00Z"}
steps:
  - opName: Transform
    opParams:
      source: stage
      query: SELECT :word AS word, :count AS count, :share AS share, :flag AS flag, :day AS day, :moment AS moment
      bind: {word: "${word}", count: "${count}", share: "${share}", flag: "${flag}", day: "${day}", moment: "${moment}"}
      returnResult: true
`,
	"scenarios/Broken.yaml": `
steps:
  - opName: Transfrom
    opParams: {source: stage}
  - title: Ask
    opName: Transform
    opParams: {source: stag, query: SELECT 1, returnResult: yes}
`,
	"scenarios/Failing.yaml": `
steps:
  - title: Return a result
    opName: Transform
    opParams: {source: stage, query: SELECT 42 AS answer, returnResult: true, resultName: first}
  - title: Ask for a table that is not there
    name: ask
    opName: Transform
    opParams: {source: stage, query: SELECT * FROM nowhere, returnResult: true}
  - title: Never reached
    opName: Transform
    opParams: {source: stage, query: SELECT 1, returnResult: true}
`,
	"scenarios/Outcomes.yaml": `
steps:
  - name: load
    opName: LoadTableFromSource
    opParams: {source: files, table: people.csv, targetSource: stage, targetTable: people, columnTypes: {age: integer}}
  - name: copy
    opName: Transform
    opParams: {source: stage, query: "SELECT name, age + :more AS older FROM people", bind: {more: "${steps.load.rows * 10}"}, targetTable: older}
  - opName: Transform
    opParams:
      source: stage
      query: SELECT older, :text AS described FROM older
      bind: {text: "${steps.copy.rows} of app ${job.appId}, $${literally}"}
      returnResult: true
`,
}

// exchange is a call with the expected response.
type exchange struct {
	name   string
	method string // POST by default.
	path   string // executeJob by default.
	header http.Header
	body   string

	status   int
	code     string   // The error's code; empty for success.
	contains []string // Texts in the response.
	headers  http.Header
}

func TestContract(t *testing.T) {
	t.Parallel()

	appID := newApp(t, contractApp)

	// request returns the body of a call in the test's app, with changes: a field's value, or nil to leave it out.
	request := func(changes object) string {
		body := with(object{"apiKey": devKey, "appId": appID, "isAsync": false, "operation": object{
			"opName": "RunScenario", "opParams": object{"scenario": "Typed", "parameters": object{"word": "x"}},
		}}, changes)
		for name, value := range body {
			if value == nil {
				delete(body, name)
			}
		}

		encoded, err := json.Marshal(body)
		require.NoError(t, err)

		return string(encoded)
	}
	scenario := func(name string, parameters any) object {
		return object{"operation": object{"opName": "RunScenario", "opParams": object{"scenario": name, "parameters": parameters}}}
	}
	operation := func(operation any) object { return object{"operation": operation} }
	runs := func(fields, opParams object) object { // A RunScenario with the fields of a step.
		return operation(with(object{"opName": "RunScenario", "opParams": with(object{
			"scenario": "Typed", "parameters": object{"word": "x"},
		}, opParams)}, fields))
	}
	transform := func(opParams object) object { return operation(object{"opName": "Transform", "opParams": opParams}) }

	const status = "/api/v1/getJobStatus.jsp"

	exchanges := []exchange{
		// Optional fields.
		{name: "every default", body: request(nil), status: 200, contains: []string{`"word":"x","count":3,"share":0.5,"flag":1,"day":"2024-02-29","moment":"2024-02-29T12:00:00Z"`}},
		{name: "without .jsp", path: "/api/v1/executeJob", body: request(nil), status: 200, contains: []string{`"results":[{"name":null`}},
		{name: "async by default", body: request(object{"isAsync": nil}), status: 200, contains: []string{`{"result":{"jobId":"`}},
		{name: "async with noResultSchema", body: request(object{"isAsync": true, "noResultSchema": true}), status: 200, contains: []string{`"jobId"`}},
		{name: "no schema", body: request(object{"noResultSchema": true}), status: 200, contains: []string{`"result":{"records":[`}},
		{name: "a jobId of the caller's", body: request(object{"jobId": "night " + appID}), status: 200, contains: []string{"night " + appID}},
		{name: "the key in a header", header: http.Header{"Authorization": {"Bearer " + devKey}}, body: request(object{"apiKey": nil}), status: 200},
		{name: "charset", header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}}, body: request(nil), status: 200},
		{name: "exact integers", body: request(scenario("Typed", object{"word": "", "count": 9223372036854775807})), status: 200, contains: []string{`"count":9223372036854775807`}},
		{name: "expressions see parameters, outcomes and the job", body: request(scenario("Outcomes", object{})), status: 200, contains: []string{`"older":46`, "1 of app " + appID + ", ${literally}"}},
		{name: "a data operation as a job", body: request(transform(object{"source": "stage", "query": "SELECT 1 AS one", "returnResult": true})), status: 200, contains: []string{`"records":[{"one":1}]`}},
		{name: "a step as a job", body: request(operation(object{"title": "Try", "name": "try", "timeout": "1m", "retry": object{"maximumAttempts": 1}, "opName": "Transform", "opParams": object{"source": "stage", "query": "SELECT ${job.scenario} AS one", "returnResult": true}})), status: 200, contains: []string{`{"one":"Transform"}`}},
		{name: "a caller's parameter is data", body: request(scenario("Typed", object{"word": "${job.id}"})), status: 200, contains: []string{`"word":"${job.id}"`}},
		{name: "condition of a scenario", body: request(runs(object{"condition": "${true}"}, nil)), status: 400, code: "request_invalid", contains: []string{`"path":"operation.condition"`, "a step of a scenario"}},
		{name: "timeout of a scenario", body: request(runs(object{"timeout": "1m"}, nil)), status: 400, code: "request_invalid", contains: []string{`"path":"operation.timeout"`, "a step of a scenario"}},
		{name: "onError of a scenario", body: request(runs(object{"onError": "continue"}, nil)), status: 400, code: "request_invalid", contains: []string{`"path":"operation.onError"`, "a step of a scenario"}},
		{name: "inline of a scenario", body: request(runs(nil, object{"inline": true})), status: 400, code: "request_invalid", contains: []string{`"path":"operation.opParams.inline"`, "a step of a scenario"}},
		{name: "addResults of a scenario", body: request(runs(nil, object{"addResults": false})), status: 400, code: "request_invalid", contains: []string{`"path":"operation.opParams.addResults"`, "a step of a scenario"}},
		{name: "retry of a scenario", body: request(runs(object{"retry": object{"maximumAttempts": 2}}, nil)), status: 400, code: "request_invalid", contains: []string{`"path":"operation.retry"`}},
		{name: "title and name of a scenario", body: request(runs(object{"title": "Try", "name": "try"}, nil)), status: 200},

		// The body.
		{name: "no body", body: "", status: 400, code: "request_invalid", contains: []string{"not valid JSON"}},
		{name: "invalid JSON", body: "{appId: 7}", status: 400, code: "request_invalid", contains: []string{"not valid JSON"}},
		{name: "text after the JSON", body: request(nil) + "x", status: 400, code: "request_invalid", contains: []string{"not valid JSON"}},
		{name: "a list", body: "[]", status: 400, code: "request_invalid", contains: []string{"must be a JSON object"}},
		{name: "a number too large", body: strings.Replace(request(scenario("Typed", object{"word": "", "count": 1})), `"count":1`, `"count":9223372036854775808`, 1), status: 400, code: "request_invalid", contains: []string{"9223372036854775808 does not fit into 64 bits"}},
		{name: "a form", header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, body: request(nil), status: 415, code: "media_type_unsupported", contains: []string{"application/json"}},
		{name: "another charset", header: http.Header{"Content-Type": {"application/json; charset=latin1"}}, body: request(nil), status: 415, code: "media_type_unsupported"},
		{name: "too large", body: request(object{"jobId": strings.Repeat("x", 1<<20)}), status: 413, code: "request_too_large", contains: []string{"1048576 bytes"}},
		{name: "an unknown field", body: request(object{"isasync": true}), status: 400, code: "request_invalid", contains: []string{"unknown field isasync; did you mean isAsync?"}},
		{name: "every mistake at once", body: request(object{"isAsync": "no", "noResultSchema": 1, "waitSeconds": "1"}), status: 400, code: "request_invalid", contains: []string{"isAsync must be true or false, but is the text", "noResultSchema must be", "waitSeconds must be an integer"}},
		{name: "appId a number", body: request(object{"appId": 7}), status: 400, code: "request_invalid", contains: []string{"appId must be a text"}},
		{name: "appId missing", body: request(object{"appId": nil}), status: 400, code: "request_invalid", contains: []string{"appId parameter is required."}},
		{name: "waitSeconds below", body: request(object{"waitSeconds": -1}), status: 400, code: "request_invalid", contains: []string{"between 0 and 3600"}},
		{name: "waitSeconds above", body: request(object{"waitSeconds": 3601}), status: 400, code: "request_invalid", contains: []string{"between 0 and 3600"}},
		{name: "jobId empty", body: request(object{"jobId": ""}), status: 400, code: "request_invalid", contains: []string{"can't be empty"}},
		{name: "jobId with a slash", body: request(object{"jobId": "a/b"}), status: 400, code: "request_invalid", contains: []string{"slash"}},
		{name: "jobId too long", body: request(object{"jobId": strings.Repeat("x", 201)}), status: 400, code: "request_invalid", contains: []string{"200 characters"}},
		{name: "jobId with a control character", body: request(object{"jobId": "a\nb"}), status: 400, code: "request_invalid", contains: []string{"print"}},
		{name: "jobId a number", body: request(object{"jobId": 1}), status: 400, code: "request_invalid", contains: []string{"jobId must be text"}},

		// Authorization.
		{name: "no key", body: request(object{"apiKey": nil}), status: 401, code: "unauthorized", contains: []string{"apiKey parameter is required."}, headers: http.Header{"Www-Authenticate": {"Bearer"}}},
		{name: "a wrong key", body: request(object{"apiKey": unknownKey}), status: 401, code: "unauthorized", contains: []string{"the apiKey is wrong"}},
		{name: "a wrong key and an unknown field", body: request(object{"apiKey": unknownKey, "foo": 1}), status: 401, code: "unauthorized"},
		{name: "a wrong key and an unknown app", body: request(object{"apiKey": unknownKey, "appId": "nowhere"}), status: 401, code: "unauthorized"},
		{name: "another app's key", body: request(object{"apiKey": callerKey}), status: 403, code: "forbidden", contains: []string{"not for app " + appID}},
		{name: "another app's key for no app", body: request(object{"apiKey": callerKey, "appId": "nowhere"}), status: 403, code: "forbidden"},
		{name: "a key without the right", body: request(object{"apiKey": statusKey}), status: 403, code: "forbidden", contains: []string{`does not have the right \"execute\"`}},
		{name: "the app's own key", body: request(object{"apiKey": callerKey, "appId": "7", "operation": object{"opName": "RunScenario", "opParams": object{"scenario": "Main"}}}), status: 200, contains: []string{"Microsoft"}},
		{name: "no such app", body: request(object{"appId": "nowhere"}), status: 404, code: "app_not_found", contains: []string{"there is no app nowhere"}},
		{name: "an app outside of the folder", body: request(object{"appId": "../apps/7"}), status: 404, code: "app_not_found"},

		// The operation.
		{name: "no operation", body: request(object{"operation": nil}), status: 400, code: "request_invalid", contains: []string{"operation is missing"}},
		{name: "operation a text", body: request(operation("RunScenario")), status: 400, code: "request_invalid", contains: []string{"operation must be an object, but is the text"}},
		{name: "no opName", body: request(operation(object{"opParams": object{}})), status: 400, code: "request_invalid", contains: []string{"opName is missing"}},
		{name: "an unknown operation", body: request(operation(object{"opName": "RunScenari"})), status: 400, code: "request_invalid", contains: []string{"unknown operation RunScenari; did you mean RunScenario?", `"path":"operation.opName"`, `"code":"operation_unknown"`}},
		{name: "an unknown field of the operation", body: request(operation(object{"opName": "RunScenario", "opParam": object{}})), status: 400, code: "request_invalid", contains: []string{"unknown field opParam; did you mean opParams?"}},
		{name: "an unknown parameter of the operation", body: request(operation(object{"opName": "RunScenario", "opParams": object{"scenario": "Typed", "params": object{}}})), status: 400, code: "request_invalid", contains: []string{"unknown field params"}},
		{name: "no scenario named", body: request(operation(object{"opName": "RunScenario"})), status: 400, code: "request_invalid", contains: []string{"scenario is missing"}},
		{name: "no such scenario", body: request(scenario("Typd", object{})), status: 404, code: "scenario_not_found", contains: []string{"no scenario Typd; did you mean Typed?"}},
		{name: "a scenario outside of the app", body: request(scenario("../../7/scenarios/Main", object{})), status: 404, code: "scenario_not_found"},
		{name: "a scenario with mistakes", body: request(scenario("Broken", object{})), status: 422, code: "scenario_invalid", contains: []string{"scenarios/Broken.yaml:3:5: unknown operation Transfrom; did you mean Transform?", "scenarios/Broken.yaml:7:16: unknown source stag", `"line":7`}},
		{name: "a parameter missing", body: request(scenario("Typed", object{})), status: 400, code: "request_invalid", contains: []string{"the parameter word is missing (type text: A word", `"path":"operation.opParams.parameters.word"`}},
		{name: "a parameter unknown", body: request(scenario("Typed", object{"word": "", "cuont": 1})), status: 400, code: "request_invalid", contains: []string{"no parameter cuont; did you mean count?"}},
		{name: "a text for an integer", body: request(scenario("Typed", object{"word": "", "count": "3"})), status: 400, code: "request_invalid", contains: []string{`the parameter count must be an integer, but is the text`}},
		{name: "a fraction for an integer", body: request(scenario("Typed", object{"word": "", "count": 1.5})), status: 400, code: "request_invalid", contains: []string{"must be an integer, but is the number 1.5"}},
		{name: "an integer for a text", body: request(scenario("Typed", object{"word": 1})), status: 400, code: "request_invalid", contains: []string{"must be text, but is the integer 1"}},
		{name: "null for a text", body: request(scenario("Typed", object{"word": nil})), status: 400, code: "request_invalid", contains: []string{"must be text, but is nothing"}},
		{name: "an invalid date", body: request(scenario("Typed", object{"word": "", "day": "2023-02-29"})), status: 400, code: "request_invalid", contains: []string{"must be a date"}},
		{name: "parameters a list", body: request(scenario("Typed", []any{})), status: 400, code: "request_invalid", contains: []string{"must be an object, but is a list"}},
		{name: "an unknown source", body: request(transform(object{"source": "stagee", "query": "SELECT 1", "returnResult": true})), status: 400, code: "request_invalid", contains: []string{"unknown source stagee; did you mean stage?"}},
		{name: "a source that can't do it", body: request(transform(object{"source": "files", "query": "SELECT 1", "returnResult": true})), status: 400, code: "request_invalid", contains: []string{"files is a FileSource, which can't be queried; sources that can are stage"}},
		{name: "a query without target", body: request(transform(object{"source": "stage", "query": "SELECT 1"})), status: 400, code: "request_invalid", contains: []string{"the records go nowhere"}},
		{name: "a wrong expression", body: request(transform(object{"source": "stage", "query": "SELECT ${cuntry}", "returnResult": true})), status: 400, code: "request_invalid", contains: []string{"unknown name cuntry"}},

		// A job that fails.
		{name: "a job that fails", body: request(scenario("Failing", object{})), status: 422, code: "source_table_not_found", contains: []string{
			`"status":"completedWithError"`, `"path":"2"`, `"file":"scenarios/Failing.yaml"`, `"attempts":1`,
			`step 2 \"Ask for a table that is not there\" (scenarios/Failing.yaml:6): source \"stage\": no such table: nowhere`,
			`"name":"first"`, `"answer":42`, `"state":"failed"`, `"state":"pending"`,
		}},
		{name: "wrong SQL", body: request(transform(object{"source": "stage", "query": "SELEC 1", "returnResult": true})), status: 422, code: "source_query_invalid", contains: []string{`near \"SELEC\"`}},
		{name: "a query that writes", body: request(transform(object{"source": "stage", "query": "CREATE TABLE x (y)", "returnResult": true})), status: 422, code: "source_query_invalid"},
		{name: "a column twice", body: request(transform(object{"source": "stage", "query": "SELECT 1 AS a, 2 AS a", "returnResult": true})), status: 422, code: "result_invalid", contains: []string{`two columns are named \"a\"`}},

		// Unknown calls and methods.
		{name: "another path", path: "/api/v1/executeJobs", body: request(nil), status: 404, code: "call_not_found", contains: []string{"executeJob.jsp"}},
		{name: "GET executeJob", method: http.MethodGet, status: 405, code: "method_not_allowed", contains: []string{"use POST"}, headers: http.Header{"Allow": {"POST"}}},
		{name: "PUT getJobStatus", method: http.MethodPut, path: status, status: 405, code: "method_not_allowed", contains: []string{"use GET, POST"}},

		// getJobStatus.
		{name: "status: no key", method: http.MethodGet, path: status + "?appId=7&jobId=x", status: 401, code: "unauthorized", contains: []string{"apiKey parameter is required."}},
		{name: "status: no app", method: http.MethodGet, path: status + "?apiKey=dev&jobId=x", status: 400, code: "request_invalid", contains: []string{"appId parameter is required."}},
		{name: "status: no job", method: http.MethodGet, path: status + "?apiKey=dev&appId=7", status: 400, code: "request_invalid", contains: []string{"jobId parameter is required."}},
		{name: "status: an unknown parameter", method: http.MethodGet, path: status + "?apiKey=dev&appId=7&jobId=x&jobid=y", status: 400, code: "request_invalid", contains: []string{"unknown parameter jobid"}},
		{name: "status: a parameter twice", method: http.MethodGet, path: status + "?apiKey=dev&appId=7&jobId=x&jobId=y", status: 400, code: "request_invalid", contains: []string{"jobId is given 2 times"}},
		{name: "status: no such job", method: http.MethodGet, path: status + "?apiKey=dev&appId=7&jobId=nowhere", status: 404, code: "job_not_found", contains: []string{`"jobId":"nowhere"`}},
		{name: "status: a jobId of the longest that a job of a scenario can have", method: http.MethodGet, path: status + "?apiKey=dev&appId=7&jobId=" + strings.Repeat("x", 1000), status: 404, code: "job_not_found"},
		{name: "status: a jobId longer than any", method: http.MethodGet, path: status + "?apiKey=dev&appId=7&jobId=" + strings.Repeat("x", 1001), status: 400, code: "request_invalid", contains: []string{"at most 1000 bytes, this one has 1001"}},
		{name: "status: a jobId that is not UTF-8", method: http.MethodGet, path: status + "?apiKey=dev&appId=7&jobId=%ff", status: 400, code: "request_invalid", contains: []string{"must be UTF-8"}},
		{name: "status: a jobId that does not print", method: http.MethodGet, path: status + "?apiKey=dev&appId=7&jobId=%00", status: 400, code: "request_invalid", contains: []string{"unprintable characters"}},
		{name: "status: a wait that is too long", method: http.MethodGet, path: status + "?apiKey=dev&appId=7&jobId=x&waitSeconds=3601", status: 400, code: "request_invalid", contains: []string{"waitSeconds must be between 0 and 3600, not 3601"}},
		{name: "status: a wait that is no number", method: http.MethodGet, path: status + "?apiKey=dev&appId=7&jobId=x&waitSeconds=long", status: 400, code: "request_invalid", contains: []string{`waitSeconds must be an integer, but is the text \"long\"`}},
		{name: "status: a version that is no number", method: http.MethodGet, path: status + "?apiKey=dev&appId=7&jobId=x&after=-1", status: 400, code: "request_invalid", contains: []string{"after must be the version of a status"}},
		{name: "status: POST", path: status, body: request(object{"jobId": "nowhere", "operation": nil}), status: 400, code: "request_invalid", contains: []string{"isAsync"}},
		{name: "status: without .jsp", method: http.MethodGet, path: "/api/v1/getJobStatus?apiKey=dev&appId=7&jobId=nowhere", status: 404, code: "job_not_found"},
		{name: "status: the right is enough", method: http.MethodGet, path: status + "?appId=" + appID + "&jobId=nowhere", header: http.Header{"Authorization": {"Bearer " + statusKey}}, status: 404, code: "job_not_found"},

		// Health.
		{name: "healthz", method: http.MethodGet, path: "/healthz", status: 200},
		{name: "readyz", method: http.MethodGet, path: "/readyz", status: 200, contains: []string{`"temporal":true,"worker":true`}},
	}

	for _, exchange := range exchanges {
		t.Run(exchange.name, func(t *testing.T) {
			t.Parallel()

			exchange.run(t, api())
		})
	}
}

// run makes the call and checks the response, also against the rules for all responses.
func (e exchange) run(t *testing.T, caller caller) {
	t.Helper()

	method, path, header := e.method, e.path, asJSON.Clone()
	if method == "" {
		method = http.MethodPost
	}

	if path == "" {
		path = "/api/v1/executeJob.jsp"
	}

	maps.Copy(header, e.header)

	got := caller.call(t, method, path, header, e.body)
	require.Equal(t, e.status, got.status, got.text)

	for _, says := range e.contains {
		require.Contains(t, got.text, says)
	}

	for name, values := range e.headers {
		require.Equal(t, values, got.header.Values(name))
	}

	require.NotContains(t, got.text, "goroutine ")
	require.Contains(t, got.header.Get("Content-Type"), "application/json")

	if strings.HasSuffix(path, "z") {
		return
	}

	require.Len(t, got.body, 2, "the envelope has two fields: %s", got.text)

	if e.code == "" {
		require.Equal(t, "success", got.body["status"])

		return
	}

	require.Equal(t, "error", got.body["status"])
	require.Equal(t, e.code, got.result(t)["code"])
	require.NotEmpty(t, got.result(t)["message"])
}

func TestStatusOfAnotherAppsJobIsNotFound(t *testing.T) {
	t.Parallel()

	jobID := uuid.NewString()
	require.Equal(t, http.StatusOK, api().execute(t, with(runScenario("7", "Main", object{}), object{"jobId": jobID})).status)
	require.Equal(t, http.StatusOK, api().status(t, "7", jobID).status)

	got := api().status(t, newApp(t, contractApp), jobID)
	require.Equal(t, http.StatusNotFound, got.status, got.text)
	require.Equal(t, "job_not_found", got.result(t)["code"])
}

func TestStatusOfAFailedJobHasTheErrorAndEarlierResults(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, contractApp), uuid.NewString()
	failed := api().execute(t, with(runScenario(appID, "Failing", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusUnprocessableEntity, failed.status, failed.text)

	got := api().status(t, appID, jobID)
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, "success", got.body["status"], "the call succeeded, even if the job failed")

	result := got.result(t)
	require.Equal(t, "completedWithError", result["status"])
	require.Equal(t, "source_table_not_found", result["code"])
	require.Equal(t, "ask", result["step"].(object)["name"])
	require.Len(t, result["results"], 1)
}
