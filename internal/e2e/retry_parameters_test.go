package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// editApp logs which values of the parameters its steps have seen. A step fails unless the country is CH.
var editApp = map[string]string{
	"app.yaml": retryApp["app.yaml"],
	"scenarios/Prepare.yaml": `
steps: [{opName: RunSourceScript, opParams: {source: stage, script: "CREATE TABLE log (step TEXT, job TEXT)"}}]
`,
	"scenarios/Log.yaml": retryApp["scenarios/Log.yaml"],
	"scenarios/Main.yaml": `
parameters:
  country: {type: text}
  amount: {type: decimal, default: "1.50"}
steps:
  - {opName: SetVariable, opParams: {name: before, value: "${country}"}}
  - {opName: RunSourceScript, opParams: {source: stage, script: "INSERT INTO log VALUES ('1 ' || :c, '')", bind: {c: "${country}"}}}
  - opName: ForEach
    opParams:
      in: ["a ${country}", "b ${country}"]
      steps:
        - opName: RunScenario
          opParams: {scenario: Part, inline: true, parameters: {item: "${item}", country: "${country}"}}
        - opName: RunScenario
          opParams: {scenario: Part, parameters: {item: "child ${item}", country: "${country}"}}
  - {opName: Return, opParams: {value: "${ {'before': before, 'country': country, 'amount': amount} }"}}
`,
	"scenarios/Part.yaml": `
parameters:
  item: {type: text}
  country: {type: text}
steps:
  - {opName: RunSourceScript, opParams: {source: stage, script: "INSERT INTO log VALUES (:i || ' before ' || :c, '')", bind: {i: "${item}", c: "${country}"}}}
  - opName: Fail
    condition: "${country != 'CH' && item != 'a DE'}"
    opParams: {message: "unknown country ${country}"}
  - {opName: RunSourceScript, opParams: {source: stage, script: "INSERT INTO log VALUES (:i || ' after ' || :c, '')", bind: {i: "${item}", c: "${country}"}}}
`,
	"scenarios/Lost.yaml": `
parameters:
  country: {type: text}
steps:
  - opName: RunSourceScript
    execution: activity
    opParams: {source: stage, script: "INSERT INTO log VALUES (:c, '')", bind: {c: "${country}"}}
  - {opName: RunSourceScript, opParams: {source: stage, script: "INSERT INTO log VALUES ('last ' || :c, '')", bind: {c: "${country}"}}}
`,
	"scenarios/LostElsewhere.yaml": `
parameters:
  country: {type: text}
steps:
  - {opName: RunSourceScript, execution: activity, opParams: {source: stage, script: "INSERT INTO log VALUES ('same', '')"}}
  - {opName: RunSourceScript, opParams: {source: stage, script: "INSERT INTO log VALUES ('last ' || :c, '')", bind: {c: "${country}"}}}
`,
}

func TestRetryWithParametersChangesTheStepsThatRun(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, editApp), "load of "+uuid.NewString()
	api().run(t, appID, "Prepare")

	failed := api().execute(t, with(runScenario(appID, "Main", object{"country": "DE"}), object{"jobId": jobID})).result(t)
	require.Equal(t, "completedWithError", failed["status"], failed)
	require.Equal(t, object{"1 DE": 1.0, "a DE before DE": 1.0, "a DE after DE": 1.0, "child a DE before DE": 1.0},
		api().logged(t, appID))

	for _, dryRun := range []bool{true, false} {
		wrong := api().retry(t, appID, jobID, object{
			"fromStep": "failed", "dryRun": dryRun, "parameters": object{"county": "CH", "country": 7},
		})
		requireError(t, http.StatusBadRequest, "request_invalid", "the parameter country must be text", wrong)
		require.Contains(t, wrong.text, `"path":"parameters.county"`)
	}

	edit := object{"fromStep": "failed", "parameters": object{"country": "CH"}}

	dry := api().retry(t, appID, jobID, with(edit, object{"dryRun": true}))
	require.Equal(t, http.StatusOK, dry.status, dry.text)
	require.Equal(t, "takeOver", actions(dry.result(t))["2"])

	for range 2 { // A repeated call finds the job.
		got := api().retry(t, appID, jobID, edit)
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.Equal(t, object{"jobId": jobID + "~2", "retryOf": jobID}, got.result(t))
	}

	for field, other := range map[string]object{
		"parameters.country differs": {"fromStep": "failed", "parameters": object{"country": "AT"}},
		"parameters.amount differs":  {"fromStep": "failed", "parameters": object{"country": "CH", "amount": 2}},
		"parameters":                 {"fromStep": "failed"},
	} {
		requireError(t, http.StatusConflict, "job_id_taken", field, api().retry(t, appID, jobID, other))
	}

	result := api().awaitStatus(t, appID, jobID+"~2", ended)
	require.Equal(t, "completed", result["status"], result)
	require.Equal(t, jobID, result["retryOf"])
	require.Equal(t, object{"country": "CH", "amount": 1.5}, result["parameters"])
	require.Equal(t, object{"before": "DE", "country": "CH", "amount": 1.5}, result["value"])

	// The loop goes on with its list. Scenarios that continue, within the job and as child jobs, read the other values.
	require.Equal(t, object{
		"1 DE": 1.0, "a DE before DE": 1.0, "a DE after DE": 1.0, "child a DE before DE": 1.0, "child a DE after CH": 1.0,
		"b DE before CH": 1.0, "b DE after CH": 1.0, "child b DE before CH": 1.0, "child b DE after CH": 1.0,
	}, api().logged(t, appID))
}

func TestRetryWithParametersContinuesAScenarioWithinTheJob(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, editApp), uuid.NewString()
	api().run(t, appID, "Prepare")

	failed := api().execute(t, with(runScenario(appID, "Main", object{"country": "FR"}), object{"jobId": jobID})).result(t)
	require.Equal(t, "completedWithError", failed["status"], failed)
	require.Equal(t, object{"1 FR": 1.0, "a FR before FR": 1.0}, api().logged(t, appID))

	// The retry of a retry has the parameters of the retry, unless others are given.
	first := api().retry(t, appID, jobID, object{"fromStep": "failed", "parameters": object{"country": "IT", "amount": "3.0"}})
	require.Equal(t, http.StatusOK, first.status, first.text)
	require.Equal(t, "completedWithError", api().awaitStatus(t, appID, jobID+"~2", ended)["status"])

	second := api().retry(t, appID, jobID+"~2", object{"fromStep": "failed", "parameters": object{"country": "CH"}})
	require.Equal(t, http.StatusOK, second.status, second.text)

	result := api().awaitStatus(t, appID, jobID+"~3", ended)
	require.Equal(t, "completed", result["status"], result)
	require.Equal(t, object{"before": "FR", "country": "CH", "amount": 3.0}, result["value"])
	require.InDelta(t, 1, api().logged(t, appID)["a FR after CH"], 0)
	require.InDelta(t, 1, api().logged(t, appID)["a FR before FR"], 0)
}

func TestRetryWholeWithParametersChangesEveryStep(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, editApp), uuid.NewString()
	api().run(t, appID, "Prepare")
	api().execute(t, with(runScenario(appID, "Main", object{"country": "DE", "amount": 2}), object{"jobId": jobID}))

	got := api().retry(t, appID, jobID, object{"parameters": object{"country": "CH"}})
	require.Equal(t, http.StatusOK, got.status, got.text)

	result := api().awaitStatus(t, appID, jobID+"~2", ended)
	require.Equal(t, object{"before": "CH", "country": "CH", "amount": 2.0}, result["value"], result)
	require.InDelta(t, 1, api().logged(t, appID)["child b CH after CH"], 0)
}

// loseFirst terminates a job of a scenario of the editApp between the change of its first step and the outcome.
func loseFirst(t *testing.T, appID, scenario, jobID string) {
	t.Helper()

	api().run(t, appID, "Prepare")

	changed := lostOutcomes.of(jobID)

	got := api().execute(t, with(runScenario(appID, scenario, object{"country": "DE"}), object{"jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	<-changed
	require.NoError(t, shared.client.TerminateWorkflow(t.Context(), jobID, "", "lost"))
}

// TestRetryWithParametersRefusesALostChangeWithOthers verifies that a change is neither lost nor made twice, if its step has made
// it with the former parameters, and the job has not learned of it.
func TestRetryWithParametersRefusesALostChangeWithOthers(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, editApp), uuid.NewString()
	loseFirst(t, appID, "Lost", jobID)

	edit := object{"fromStep": "failed", "parameters": object{"country": "CH"}}
	require.Equal(t, http.StatusOK, api().retry(t, appID, jobID, edit).status)

	result := api().awaitStatus(t, appID, jobID+"~2", ended)
	require.Equal(t, "completedWithError", result["status"], result)
	require.Equal(t, "source_already_changed", result["code"], result)
	require.Contains(t, result["message"], jobID)

	// The retry of the retry has its parameters.
	require.Equal(t, http.StatusOK, api().retry(t, appID, jobID+"~2", object{"fromStep": "failed"}).status)
	require.Equal(t, "completedWithError", api().awaitStatus(t, appID, jobID+"~3", ended)["status"])
	require.Equal(t, object{"DE": 1.0}, api().logged(t, appID))

	// The remedy of the error.
	require.Equal(t, http.StatusOK, api().retry(t, appID, jobID, object{"fromStep": "failed", "newJobId": jobID + " kept"}).status)
	require.Equal(t, "completed", api().awaitStatus(t, appID, jobID+" kept", ended)["status"])
	require.Equal(t, object{"DE": 1.0, "last DE": 1.0}, api().logged(t, appID))
}

func TestRetryWithParametersTakesOverALostChangeThatDoesNotDependOnThem(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, editApp), uuid.NewString()
	loseFirst(t, appID, "LostElsewhere", jobID)

	edit := object{"fromStep": "failed", "parameters": object{"country": "CH"}}
	require.Equal(t, http.StatusOK, api().retry(t, appID, jobID, edit).status)
	require.Equal(t, "completed", api().awaitStatus(t, appID, jobID+"~2", ended)["status"])
	require.Equal(t, object{"same": 1.0, "last CH": 1.0}, api().logged(t, appID))
}

// TestRetryWithParametersSendsAnotherRequest verifies that a request has another key only if its content has changed: services
// refuse a known key with another content.
func TestRetryWithParametersSendsAnotherRequest(t *testing.T) {
	t.Parallel()

	var (
		mutex    sync.Mutex
		received []object
	)

	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}

		mutex.Lock()
		received = append(received, object{"key": r.Header.Get("Idempotency-Key"), "body": string(body)})
		mutex.Unlock()

		w.WriteHeader(http.StatusUnprocessableEntity)
	}))
	t.Cleanup(service.Close)

	appID, jobID := newApp(t, map[string]string{
		"app.yaml": "sources:\n  web: {kind: HTTPSource, url: \"" + service.URL + "\"}\n" +
			"access: [{name: boss, key: \"${env:JOBWRIGHT_APP_7_KEY}\"}]\n",
		"scenarios/Main.yaml": `
parameters: {country: {type: text}, other: {type: integer, default: 1}}
steps: [{opName: HTTPRequest, opParams: {source: web, path: a, method: POST, json: "${country}"}}]
`,
	}), uuid.NewString()

	api().execute(t, with(runScenario(appID, "Main", object{"country": "DE"}), object{"jobId": jobID}))

	for i, parameters := range []object{{}, {"other": 2}, {"country": "CH"}, {}, {"country": "DE"}} {
		newJobID := jobID + string(rune('a'+i))

		got := api().retry(t, appID, jobID, object{"fromStep": "failed", "newJobId": newJobID, "parameters": parameters})
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.Equal(t, "completedWithError", api().awaitStatus(t, appID, newJobID, ended)["status"])

		jobID = newJobID
	}

	require.Len(t, received, 6)

	key := received[0]["key"]
	for i, same := range []bool{true, true, true, false, false, false} {
		require.Equal(t, same, received[i]["key"] == key, "%d: %v", i, received)
	}

	require.Equal(t, received[3], received[4], "the repeated request of the third retry is the same")
	require.NotEqual(t, received[4]["key"], received[5]["key"])
}
