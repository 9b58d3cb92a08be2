package job_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

func TestCheckIDAcceptsPrintableTextWithoutSlash(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, id, message string }{
		{"short", "1", ""},
		{"a UUID", "0191e4b0-5f7c-7c3e-9a53-1f0c7f6f2d11", ""},
		{"spaces, dots and colons", "nightly load: 2024.02.29", ""},
		{"unicode", "Nestlé 株式 \U0001F980", ""},
		{"the maximum length", strings.Repeat("é", 200), ""},
		{"empty", "", "can't be empty"},
		{"too long", strings.Repeat("é", 201), "at most 200 characters, this has 201"},
		{"a slash", "a/b", "can't contain a slash"},
		{"a space before", " a", "can't begin or end with a space"},
		{"a space after", "a ", "can't begin or end with a space"},
		{"a line break", "a\nb", "characters that don't print"},
		{"a zero byte", "a\x00b", "characters that don't print"},
		{"a zero-width space", "a\u200bb", "characters that don't print"},
		{"not UTF-8", "a\xff", "must be UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			err := job.CheckID(test.id)
			if test.message == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.message)
			}
		})
	}
}

// fingerprint returns the fingerprint of an operation that is written in JSON.
func fingerprint(t *testing.T, appID, operation string) string {
	t.Helper()

	var params jsonvalue.Object
	require.NoError(t, json.Unmarshal([]byte(operation), &params))

	sum, err := job.Fingerprint(appID, params)
	require.NoError(t, err)

	return sum
}

func TestFingerprintIsStable(t *testing.T) {
	t.Parallel()

	// The memo of running jobs contains it: echo -n '{"appId":"7","operation":{"opName":"RunScenario"}}' | sha256sum
	require.Equal(t, "da468ba54f02057ca01dce1dfd9a5e4fa7af9f7e2b6d8a5ebea98f977bdc88ba",
		fingerprint(t, "7", `{"opName": "RunScenario"}`))
}

func TestFingerprintIgnoresTheOrderOfFields(t *testing.T) {
	t.Parallel()

	require.Equal(t,
		fingerprint(t, "7", `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"a": 1, "b": [true, null]}}}`),
		fingerprint(t, "7", `{"opParams":{"parameters":{"b":[true,null],"a":1},"scenario":"Main"},"opName":"RunScenario"}`))
}

func TestFingerprintDependsOnAppAndEveryValue(t *testing.T) {
	t.Parallel()

	seen := map[string]string{}

	for _, test := range []struct{ appID, operation string }{
		{"7", `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"a": 1}}}`},
		{"8", `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"a": 1}}}`},
		{"7", `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"a": 2}}}`},
		{"7", `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"a": "1"}}}`},
		{"7", `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"b": 1}}}`},
		{"7", `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"a": [1, 2]}}}`},
		{"7", `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"a": [2, 1]}}}`},
		{"7", `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"a": 9007199254740992}}}`},
		{"7", `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"a": 9007199254740993}}}`},
		{"7", `{"opName": "RunScenario", "opParams": {"scenario": "Other", "parameters": {"a": 1}}}`},
		{"7", `{"opName": "Transform", "opParams": {"scenario": "Main", "parameters": {"a": 1}}}`},
	} {
		sum := fingerprint(t, test.appID, test.operation)
		require.Len(t, sum, 64)
		require.Empty(t, seen[sum], test.operation)

		seen[sum] = test.appID + test.operation
	}
}

// Histories of running jobs and Temporal's namespaces contain these names.
func TestNamesInTemporalAreStable(t *testing.T) {
	t.Parallel()

	require.Equal(t, []string{"jobwright", "RunScenario", "status", "appId", "fingerprint"},
		[]string{job.TaskQueue, job.Workflow, job.StatusQuery, job.MemoAppID, job.MemoFingerprint})
	require.Equal(t, []string{"scenario", "caller", "labels"}, []string{job.MemoScenario, job.MemoCaller, job.MemoLabels})
	require.Equal(t, map[string]enumspb.IndexedValueType{
		"JobwrightApp":      enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"JobwrightScenario": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"JobwrightCaller":   enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"JobwrightLabels":   enumspb.INDEXED_VALUE_TYPE_KEYWORD_LIST,
		"JobwrightStarted":  enumspb.INDEXED_VALUE_TYPE_DATETIME,
		"JobwrightCode":     enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"JobwrightListened": enumspb.INDEXED_VALUE_TYPE_BOOL,
	}, job.SearchAttributes())
	require.Equal(t, []string{
		"parameter_invalid", "step_timed_out", "app_invalid", "secret_unreadable", "result_store", "result_invalid", "failed", "iterations_exceeded", "rejected_exceeded",
		"signal_timed_out", "branches_failed", "call_too_deep", "limit_exceeded", "child_stopped", "variable_store",
		"worker_stopped", "worker_cut_off", "internal",
	}, job.Codes())
	require.Equal(t, []string{"signal", "LookUp", "ReadRecords", "DropRecords", "SetVariable", "AppVariables", "variables", "set", "DropTable"},
		[]string{
			job.SignalUpdate, job.LookUpActivity, job.ReadRecordsActivity, job.DropRecordsActivity, job.SetVariableActivity,
			job.VariablesWorkflow, job.VariablesQuery, job.SetVariableUpdate, job.DropTableActivity,
		})
	require.Equal(t, "app/7/variables", job.VariablesID("7"))
	require.Equal(t, []string{"Notify", "DeliverCallback", "redeliver", "listeners"},
		[]string{job.NotifyWorkflow, job.DeliverActivity, job.RedeliverSignal, job.MemoListeners})

	ended := job.Notification{JobID: "j", RunID: "019a-7c", Event: job.JobCompleted}
	require.Equal(t, "j/job.completed/019a-7c", ended.WorkflowID())
	require.Equal(t, "msg_019a7c_completed", ended.MessageID())
}

func TestStepPathOfActivityID(t *testing.T) {
	t.Parallel()

	for id, path := range map[string]string{
		"2":                               "2",
		"4.steps[17].2":                   "4.steps.2",
		"4.steps[17].2.then.1#LookUp":     "4.steps.2.then.1",
		"1.steps[0].1.steps[12].3.left.1": "1.steps.1.steps.3.left.1",
	} {
		require.Equal(t, path, job.StepPath(id))
	}
}

// requireWire requires that a value has exactly this JSON, and is equal after it is read again.
func requireWire[T any](t *testing.T, want string, value T) {
	t.Helper()

	written, err := json.Marshal(value)
	require.NoError(t, err)
	require.Equal(t, want, string(written))

	var read T
	require.NoError(t, json.Unmarshal(written, &read))
	require.Equal(t, value, read)
}

// The histories of running jobs contain this JSON. If a test below fails, the changed code can't read existing histories, or
// the existing code can't read new ones: see CONTRIBUTING.md, golden histories.

func TestJSONOfInput(t *testing.T) {
	t.Parallel()

	requireWire(t, `{"scenario":"Main","parameters":{"country":"DE"},"caller":"nightly","labels":{"order":"17"},"appId":"7",`+
		`"program":{"entry":"Main","scenarios":{`+
		`"Main":{"file":"scenarios/Main.yaml","description":"All of it","parameters":[`+
		`{"name":"country","type":"text","default":"US","required":true,"description":"ISO 3166"},{"name":"limit","type":"integer","default":9007199254740993}],`+
		`"steps":[{"title":"Load","name":"load","opName":"Transform","opParams":{"bind":{"a":9007199254740993,"b":null},"query":"SELECT 1"},`+
		`"retry":{"initialInterval":"1s","backoffCoefficient":1.5,"maximumInterval":"1m0s","maximumAttempts":20},`+
		`"timeout":"1h0m0s","line":7}]},`+
		`"Other":{"steps":[{"opName":"Transform"}]}}}}`,
		job.Input{
			Scenario: "Main", Caller: "nightly", Labels: map[string]string{"order": "17"}, AppID: "7",
			Program: scenario.Program{Entry: "Main", Scenarios: map[string]scenario.Scenario{
				"Main": {
					File: "scenarios/Main.yaml", Description: "All of it",
					Parameters: []scenario.Parameter{
						{Name: "country", Type: source.Text, Default: "US", Required: true, Description: "ISO 3166"},
						{Name: "limit", Type: source.Integer, Default: int64(1)<<53 + 1},
					},
					Steps: []scenario.Step{{
						Title: "Load", Name: "load", OpName: "Transform",
						OpParams: jsonvalue.Object{"query": "SELECT 1", "bind": map[string]any{"b": nil, "a": int64(1)<<53 + 1}},
						Retry: &scenario.Retry{
							InitialInterval: scenario.Duration(time.Second), BackoffCoefficient: 1.5,
							MaximumInterval: scenario.Duration(time.Minute), MaximumAttempts: 20,
						},
						Timeout: scenario.Duration(time.Hour), Line: 7,
					}},
				},
				"Other": {Steps: []scenario.Step{{OpName: "Transform"}}},
			}},
			Parameters: jsonvalue.Object{"country": "DE"},
		})
}

func TestJSONOfChildInput(t *testing.T) {
	t.Parallel()

	requireWire(t, `{"parameters":{"n":2},"appId":"7","depth":3,"program":{"entry":"Sub","scenarios":{"Sub":{"steps":[`+
		`{"condition":"${n \u003e 1}","opName":"If","opParams":{"condition":"${true}"},"blocks":[`+
		`{"name":"then","steps":[{"opName":"Return"}]},{"name":"else","steps":null}],"onError":"continue"}]}},`+
		`"variables":[{"name":"since","type":"date","default":"2024-02-29"}]}}`,
		job.Input{
			AppID: "7",
			Program: scenario.Program{
				Entry: "Sub",
				Scenarios: map[string]scenario.Scenario{"Sub": {Steps: []scenario.Step{{
					Condition: "${n > 1}", OpName: "If", OpParams: jsonvalue.Object{"condition": "${true}"},
					Blocks: []scenario.Block{
						{Name: "then", Steps: []scenario.Step{{OpName: "Return"}}}, {Name: "else"},
					},
					OnError: scenario.OnErrorContinue,
				}}}},
				Variables: []scenario.Parameter{{Name: "since", Type: source.Date, Default: "2024-02-29"}},
			},
			Parameters: jsonvalue.Object{"n": int64(2)}, Depth: 3,
		})
}

func TestJSONOfLookUpsRecordsVariablesAndSignals(t *testing.T) {
	t.Parallel()

	query := expression.Query{Source: "stage", Query: "SELECT :value1", Bind: jsonvalue.Object{"value1": 2.0}}

	requireWire(t, `{"queries":[{"source":"stage","query":"SELECT :value1","bind":{"value1":2.0}}],"variables":["since"]}`,
		job.LookUp{Queries: []expression.Query{query}, Variables: []string{"since"}})
	requireWire(t, `{"cells":[null,9007199254740993],"variables":{"since":2.0}}`,
		job.Found{Cells: []jsonvalue.Value{{}, {Any: int64(1)<<53 + 1}}, Variables: jsonvalue.Object{"since": 2.0}})
	requireWire(t, `{"query":{"source":"stage","query":"SELECT :value1","bind":{"value1":2.0}}}`, job.RecordsQuery{Query: query})
	requireWire(t, `{"query":{"source":"","query":""},"key":"7/run/1-1.ndjson","offset":70}`,
		job.RecordsQuery{Key: "7/run/1-1.ndjson", Offset: 70})
	requireWire(t, `{"records":[{"n":1}],"key":"7/run/1-1.ndjson","next":80}`,
		job.RecordsPage{Records: []jsonvalue.Object{{"n": int64(1)}}, Key: "7/run/1-1.ndjson", Next: 80})
	requireWire(t, `{"records":[],"total":7}`, job.RecordsPage{Records: []jsonvalue.Object{}, Total: 7})
	requireWire(t, `{"name":"since","value":1.0,"id":"nightly/3"}`,
		job.Variable{Name: "since", Value: jsonvalue.Value{Any: 1.0}, ID: "nightly/3"})
	requireWire(t, `{"name":"go","data":{"yes":true},"from":"boss"}`,
		job.Signal{Name: "go", Data: jsonvalue.Value{Any: map[string]any{"yes": true}}, From: "boss"})
	requireWire(t, `{"awaited":true}`, job.SignalAccepted{Awaited: true})
}

func TestJSONOfTask(t *testing.T) {
	t.Parallel()

	requireWire(t, `{"appId":"7","jobId":"nightly","step":"2"}`, job.Task{AppID: "7", JobID: "nightly", Step: "2"})
	requireWire(t, `{"appId":"7","jobId":"nightly","step":"2","secrets":["s"]}`,
		job.Task{AppID: "7", JobID: "nightly", Step: "2", Secrets: []string{"s"}})
}

func TestJSONOfStepOutcome(t *testing.T) {
	t.Parallel()

	requireWire(t, `{"rows":7}`, job.StepOutcome{Rows: 7})
	requireWire(t, `{"rows":7,"value":[{"n":1.0}]}`,
		job.StepOutcome{Rows: 7, Value: jsonvalue.Value{Any: []any{map[string]any{"n": 1.0}}}})
	requireWire(t, `{"name":null,"key":"","records":0,"schemaBytes":0}`, job.Result{})
	requireWire(t, `{"rows":7,"result":{"name":null,"key":"7/run/2-1.json","records":7,"schemaBytes":12}}`,
		job.StepOutcome{Rows: 7, Result: &job.Result{Key: "7/run/2-1.json", Records: 7, SchemaBytes: 12}})
	parts := []source.Part{{Table: source.Table{Name: "1.csv"}, Version: "v"}}
	requireWire(t, `{"rows":7,"read":[{"table":{"name":"1.csv"},"version":"v"}]}`, job.StepOutcome{Rows: 7, Read: parts})
	requireWire(t, `{"source":"files","table":"*.csv","parts":[{"table":{"name":"1.csv"},"version":"v"}]}`,
		job.SourceTable{Source: "files", Table: "*.csv", Parts: parts})
	requireWire(t, `{"kept":[{"table":"2.csv","reason":"it was replaced"}]}`,
		job.Dropped{Kept: []job.Kept{{Table: "2.csv", Reason: "it was replaced"}}})
	requireWire(t, `{"name":null,"key":"k","records":7,"schemaBytes":12,"bytes":99}`,
		job.Result{Key: "k", Records: 7, SchemaBytes: 12, Bytes: 99})
}

func TestJSONOfOutcome(t *testing.T) {
	t.Parallel()

	name, at := "companies", time.Date(2024, 2, 29, 12, 30, 0, 1000, time.UTC)
	next := at.Add(time.Minute)

	requireWire(t, `{"results":[{"name":"companies","key":"7/run/2-1.json","records":7,"schemaBytes":12}],"steps":[`+
		`{"path":"1","title":"Load","name":"load","opName":"LoadTableFromSource","state":"failed",`+
		`"startedAt":"2024-02-29T12:30:00.000001Z","endedAt":"2024-02-29T12:31:00.000001Z","rows":7,"attempt":2,`+
		`"lastError":"it is gone","nextTry":"2024-02-29T12:31:00.000001Z"},`+
		`{"path":"2","title":"Ask","opName":"Transform","state":"pending","rows":0}]}`,
		job.Outcome{
			Results: []job.Result{{Name: &name, Key: "7/run/2-1.json", Records: 7, SchemaBytes: 12}},
			Steps: []job.StepStatus{
				{
					Path: "1", Title: "Load", Name: "load", OpName: "LoadTableFromSource", State: job.StepFailed,
					StartedAt: &at, EndedAt: &next, Rows: 7, Attempt: 2, LastError: "it is gone", NextTry: &next,
				},
				{Path: "2", Title: "Ask", OpName: "Transform", State: job.StepPending},
			},
		})
}

func TestJSONOfFailure(t *testing.T) {
	t.Parallel()

	requireWire(t, `{"code":"internal","message":"it broke","outcome":{"results":[],"steps":[]}}`,
		job.Failure{
			Code: "internal", Message: "it broke",
			Outcome: job.Outcome{Results: []job.Result{}, Steps: []job.StepStatus{}},
		})
	requireWire(t, `{"code":"source_query_invalid","message":"it is wrong","step":{"appId":"7","scenario":"Main",`+
		`"file":"scenarios/Main.yaml","line":7,"path":"2","title":"Ask","name":"ask","opName":"Transform"},"attempts":3,`+
		`"outcome":{"results":null,"steps":null}}`,
		job.Failure{
			Code: "source_query_invalid", Message: "it is wrong", Attempts: 3,
			Step: &job.StepPlace{
				AppID: "7", Scenario: "Main", File: "scenarios/Main.yaml", Line: 7, Path: "2", Title: "Ask", Name: "ask",
				OpName: "Transform",
			},
		})
	requireWire(t, `{"attempt":2}`, job.ErrorDetail{Attempt: 2})
}

func TestJSONOfStatus(t *testing.T) {
	t.Parallel()

	requireWire(t, `{"state":"running","steps":[{"path":"1","title":"Ask","opName":"Transform","state":"running","rows":0}]}`,
		job.Status{State: job.Running, Steps: []job.StepStatus{
			{Path: "1", Title: "Ask", OpName: "Transform", State: job.StepRunning},
		}})
	requireWire(t, `{"rows":7}`, job.Progress{Rows: 7})
	requireWire(t, `["running","stopping","completed","completedWithError","stopped"]`,
		[]job.State{job.Running, job.Stopping, job.Completed, job.CompletedWithError, job.Stopped})
	requireWire(t, `["pending","running","completed","failed","stopped"]`,
		[]job.StepState{job.StepPending, job.StepRunning, job.StepCompleted, job.StepFailed, job.StepStopped})
}

func TestStepPlaceString(t *testing.T) {
	t.Parallel()

	place := job.StepPlace{AppID: "7", Scenario: "Main", Path: "2", Title: "Ask them"}
	require.Equal(t, `app 7, scenario Main, step 2 "Ask them"`, place.String())

	place.File, place.Line = "scenarios/Main.yaml", 17
	require.Equal(t, `app 7, scenario Main, step 2 "Ask them" (scenarios/Main.yaml:17)`, place.String())
}

func TestInputEncodeWritesTheJSONOfTheInputWithItsProgram(t *testing.T) {
	t.Parallel()

	program := scenario.Program{Entry: "Main <&>", Scenarios: map[string]scenario.Scenario{"Main <&>": {Steps: []scenario.Step{{
		OpName: "Return", OpParams: jsonvalue.Object{"value": 1.0},
	}}}}}
	input := job.Input{
		Scenario: "Main <&>", Parameters: jsonvalue.Object{"amount": 2.0}, Caller: "nightly", AppID: "7", Depth: 1,
		Labels: map[string]string{"a": "b"}, Secrets: []string{"s"},
	}

	encoded, err := json.Marshal(program)
	require.NoError(t, err)

	for _, header := range []job.Input{input, {}} {
		given, err := header.Encode(encoded)
		require.NoError(t, err)

		header.Program = program

		whole, err := json.Marshal(header)
		require.NoError(t, err)
		require.Equal(t, string(whole), string(given))
	}

	input.Program = program

	_, err = input.Encode(encoded)
	require.ErrorContains(t, err, "has a program of its own")
}
