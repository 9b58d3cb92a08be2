package e2e_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// signal posts a request to signalJob.
func (c caller) signal(t *testing.T, request object) apiResponse {
	t.Helper()

	body, err := json.Marshal(request)
	require.NoError(t, err)

	return c.call(t, http.MethodPost, "/api/v1/signalJob.jsp", asJSON, string(body))
}

// newWaitingJob starts a job and returns as soon as it waits for a signal.
func newWaitingJob(t *testing.T) (appID, jobID string, wait func() apiResponse) {
	t.Helper()

	appID, jobID = newApp(t, languageApp), uuid.NewString()
	wait = api().startExecute(t, with(runScenario(appID, "WaitForSignal", object{}), object{"jobId": jobID}))

	await(t, func() bool { return api().status(t, appID, jobID).status == http.StatusOK })

	status := api().awaitStatus(t, appID, jobID, func(result object) bool { return result["signals"] != nil })
	require.Equal(t, []any{object{"name": "go-WaitForSignal", "from": []any{"boss"}, "step": "1.try.1"}}, status["signals"])

	return appID, jobID, wait
}

func TestSignalReachesTheWaitingStep(t *testing.T) {
	t.Parallel()

	appID, jobID, wait := newWaitingJob(t)
	request := object{
		"apiKey": callerKey, "appId": appID, "jobId": jobID, "signal": "go-WaitForSignal", "signalId": "one",
		"data": object{"yes": true, "size": json.Number("9007199254740993"), "share": 1.5},
	}

	got := api().signal(t, request)
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.JSONEq(t, `{"status":"success","result":{"jobId":"`+jobID+`","signal":"go-WaitForSignal","awaited":true}}`, got.text)

	ended := wait()
	require.Equal(t, http.StatusOK, ended.status, ended.text)
	require.Contains(t, ended.text, `"size":9007199254740993`, "an integer stays exact")
	require.Equal(t, true, ended.result(t)["value"].(object)["yes"])

	after := api().signal(t, with(request, object{"signalId": "two"}))
	require.Equal(t, http.StatusConflict, after.status, after.text)
	require.Equal(t, "job_ended", after.result(t)["code"])
	require.Equal(t, jobID, after.result(t)["jobId"])
}

func TestEarlySignalIsStoredAndRepeatedSignalCountsOnce(t *testing.T) {
	t.Parallel()

	appID, jobID, _ := newWaitingJob(t)
	early := object{"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": "other", "signalId": "same", "data": 1}

	for range 20 {
		got := api().signal(t, early)
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.Equal(t, false, got.result(t)["awaited"])
	}

	var rejected apiResponse
	for i := range 20 {
		if rejected = api().signal(t, with(early, object{"signalId": strings.Repeat("x", i+1)})); rejected.status != http.StatusOK {
			break
		}
	}

	require.Equal(t, http.StatusTooManyRequests, rejected.status, rejected.text)
	require.NoError(t, shared.client.CancelWorkflow(t.Context(), jobID, ""))
}

func TestSignalJobRejectsInvalidCalls(t *testing.T) {
	t.Parallel()

	appID, jobID, _ := newWaitingJob(t)
	valid := object{"apiKey": callerKey, "appId": appID, "jobId": jobID, "signal": "go-WaitForSignal"}

	for name, test := range map[string]struct {
		change object
		status int
		code   string
	}{
		"an access that the step does not accept": {object{"apiKey": statusKey}, http.StatusForbidden, "signal_forbidden"},
		"no key":                                   {object{"apiKey": ""}, http.StatusUnauthorized, "unauthorized"},
		"an unknown key":                           {object{"apiKey": unknownKey}, http.StatusUnauthorized, "unauthorized"},
		"the job of another app":                   {object{"apiKey": devKey, "appId": "7"}, http.StatusNotFound, "job_not_found"},
		"no such job":                              {object{"jobId": "none"}, http.StatusNotFound, "job_not_found"},
		"an empty jobId":                           {object{"jobId": ""}, http.StatusBadRequest, "request_invalid"},
		"no signal":                                {object{"signal": ""}, http.StatusBadRequest, "request_invalid"},
		"a signal name that is too long":           {object{"signal": strings.Repeat("x", 201)}, http.StatusBadRequest, "request_invalid"},
		"a signalId that is too long":              {object{"signalId": strings.Repeat("x", 201)}, http.StatusBadRequest, "request_invalid"},
		"a jobId that is too long":                 {object{"jobId": strings.Repeat("x", 1001)}, http.StatusBadRequest, "request_invalid"},
		"an unknown field":                         {object{"name": "go"}, http.StatusBadRequest, "request_invalid"},
		"data that is too large for a job's state": {object{"data": strings.Repeat("x", 20_000)}, http.StatusRequestEntityTooLarge, "request_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got := api().signal(t, with(valid, test.change))
			require.Equal(t, test.status, got.status, got.text)
			require.Equal(t, test.code, got.result(t)["code"])
		})
	}

	t.Run("the job still waits", func(t *testing.T) {
		t.Parallel()

		got := api().status(t, appID, jobID)
		require.Equal(t, "running", got.result(t)["status"])
	})
}

// Temporal deduplicates updates by their ID only within a run.
func TestRepeatedSignalCountsOnceAfterContinueAsNew(t *testing.T) {
	t.Parallel()

	system, err := continuingSystem()
	require.NoError(t, err)

	appID, jobID, api := "signals-"+uuid.NewString(), uuid.NewString(), caller{system.server.URL}
	writeApp(t, filepath.Join(system.dir, "apps", appID), map[string]string{
		"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
		"scenarios/Main.yaml": `
steps:
  - {opName: WaitForSignal, opParams: {name: go, timeout: 1h}}
  - {opName: ForEach, opParams: {in: "${1..5}", steps: [` + oneStep + `]}}
  - {opName: WaitForSignal, title: Long, name: second, opParams: {name: go, timeout: 1h}}
  - {opName: Return, opParams: {value: "${steps.second.value}"}}
`,
	})

	wait := api.startExecute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID}))
	await(t, func() bool { return api.status(t, appID, jobID).status == http.StatusOK })
	api.awaitStatus(t, appID, jobID, func(result object) bool { return result["signals"] != nil })

	first := object{"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": "go", "signalId": "first", "data": 1}
	require.Equal(t, true, api.signal(t, first).result(t)["awaited"])

	api.awaitStatus(t, appID, jobID, isWaitingLong)

	again := api.signal(t, first)
	require.Equal(t, http.StatusOK, again.status, again.text)
	require.Equal(t, true, again.result(t)["awaited"], "a repeated signal gets the same response")

	require.Equal(t, http.StatusOK, api.signal(t, with(first, object{"signalId": "second", "data": 2})).status)

	ended := wait()
	require.Equal(t, http.StatusOK, ended.status, ended.text)
	require.InEpsilon(t, 2.0, ended.result(t)["value"], 0)
}

// The name and the accesses are expressions in one step, so that only its evaluation shows who may send the signal.
func TestStrangersCannotBlockTheSignalOfTheRightfulKey(t *testing.T) {
	t.Parallel()

	for name, step := range map[string]struct {
		params string
		status int // Of the first signals of strangers.
	}{
		"literal":     {`{name: go, from: [boss]}`, http.StatusForbidden},
		"expressions": {`{name: "${job.scenario == 'Main' ? 'go' : 'stop'}", from: ["${'boss'}"]}`, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			appID, jobID := newApp(t, map[string]string{
				"app.yaml": `
access:
  - {name: boss, key: "${env:JOBWRIGHT_APP_7_KEY}"}
  - {name: stranger, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [signal]}
`,
				"scenarios/Main.yaml": `
steps:
  - {opName: WaitForSignal, opParams: {name: begin}}
  - {opName: WaitForSignal, name: wait, opParams: ` + step.params + `}
  - {opName: Return, opParams: {value: "${steps.wait.value}"}}
`,
			}), uuid.NewString()
			wait := api().startExecute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID}))

			await(t, func() bool { return api().status(t, appID, jobID).status == http.StatusOK })
			api().awaitStatus(t, appID, jobID, func(result object) bool { return result["signals"] != nil })

			signal := object{"apiKey": callerKey, "appId": appID, "jobId": jobID, "signal": "go", "data": "rightful"}

			for i := range 20 {
				got := api().signal(t, with(signal, object{"apiKey": statusKey, "data": "foreign"}))
				if i < 16 {
					require.Equal(t, step.status, got.status, got.text)
				}
			}

			got := api().signal(t, signal)
			require.Equal(t, http.StatusOK, got.status, got.text)
			require.Equal(t, false, got.result(t)["awaited"])

			got = api().signal(t, with(signal, object{"signal": "begin"}))
			require.Equal(t, http.StatusOK, got.status, got.text)

			ended := wait()
			require.Equal(t, http.StatusOK, ended.status, ended.text)
			require.Equal(t, "rightful", ended.result(t)["value"])
		})
	}
}

func TestSignalThatNoStepWaitsForIsNotFound(t *testing.T) {
	t.Parallel()

	jobID := uuid.NewString()
	wait := api().startExecute(t, with(runScenario("7", "Publish", object{}), object{"jobId": jobID}))

	await(t, func() bool { return api().status(t, "7", jobID).status == http.StatusOK })

	signal := object{"apiKey": devKey, "appId": "7", "jobId": jobID, "signal": "aprovals"}

	got := api().signal(t, signal)
	require.Equal(t, http.StatusNotFound, got.status, got.text)
	require.Equal(t, "signal_not_found", got.result(t)["code"])

	got = api().signal(t, with(signal, object{"signal": "approval", "data": object{"approved": false}}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	wait()
}

func TestLoopbackKeyPlaysANamedAccess(t *testing.T) {
	t.Parallel()

	appID, jobID, wait := newWaitingJob(t)
	signal := object{"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": "go-WaitForSignal"}
	as := func(name string, request object) apiResponse {
		body, err := json.Marshal(request)
		require.NoError(t, err)

		return api().call(t, http.MethodPost, "/api/v1/signalJob.jsp",
			http.Header{"Content-Type": {"application/json"}, "Jobwright-Act-As": {name}}, string(body))
	}

	for name, test := range map[string]struct {
		as      string
		request object
		status  int
		code    string
	}{
		"an access that from does not list": {"looker", signal, http.StatusForbidden, "signal_forbidden"},
		"an access that does not exist":     {"bos", signal, http.StatusBadRequest, "request_invalid"},
		"the key of a caller":               {"boss", with(signal, object{"apiKey": callerKey}), http.StatusForbidden, "forbidden"},
		"a wrong key":                       {"boss", with(signal, object{"apiKey": unknownKey}), http.StatusUnauthorized, "unauthorized"},
	} {
		got := as(test.as, test.request)
		require.Equal(t, test.status, got.status, "%s: %s", name, got.text)
		require.Equal(t, test.code, got.result(t)["code"], name)
	}

	require.Contains(t, as("bos", signal).text, "boss", "the message lists the names")

	got := as("boss", signal)
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, true, got.result(t)["awaited"])
	require.Equal(t, http.StatusOK, wait().status)

	// The rights of the access apply too.
	appID = newApp(t, contractApp)
	got = api().call(t, http.MethodGet, "/api/v1/stopJob?"+jobQuery(devKey, appID, "nowhere"),
		http.Header{"Jobwright-Act-As": {"looker"}}, "")
	require.Equal(t, http.StatusForbidden, got.status, got.text)
	require.Equal(t, "forbidden", got.result(t)["code"])
}
