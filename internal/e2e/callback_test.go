package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/job"
)

const (
	webhookSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	oldWebhookSecret = "whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xk"
)

// delivered is a call that a receiver got.
type delivered struct {
	id    string
	event string
	data  object
	text  string
}

// receiver is a server that verifies callbacks. It answers what its function returns.
type receiver struct {
	*httptest.Server

	calls chan delivered
}

func newReceiver(t *testing.T, answer func() int) *receiver {
	t.Helper()

	r := &receiver{calls: make(chan delivered, 100)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}

		for _, secret := range []string{webhookSecret, oldWebhookSecret} { // During a rotation, both accept the call.
			verifier, err := standardwebhooks.NewWebhook(secret)
			if err != nil || verifier.Verify(body, request.Header) != nil {
				w.WriteHeader(http.StatusUnauthorized)

				return
			}
		}

		var message struct {
			Type string `json:"type"`
			Data object `json:"data"`
		}
		if json.Unmarshal(body, &message) != nil {
			w.WriteHeader(http.StatusBadRequest)

			return
		}

		r.calls <- delivered{request.Header.Get("Webhook-Id"), message.Type, message.Data, string(body)}

		w.WriteHeader(answer())
	}))
	t.Cleanup(r.Close)

	return r
}

func always(status int) func() int { return func() int { return status } }

// next returns the next call.
func (r *receiver) next(t *testing.T) delivered {
	t.Helper()

	select {
	case got := <-r.calls:
		return got
	case <-time.After(2 * time.Minute):
		require.Fail(t, "the receiver got no call")

		return delivered{}
	}
}

// callbackApp is an app whose jobs may call the receiver.
func (r *receiver) callbackApp() map[string]string {
	return map[string]string{
		"app.yaml": fmt.Sprintf(`
callbacks:
  url: %[1]s/default?token=${env:JOBWRIGHT_APP_7_KEY}
  events: [job.failed]
  allow: [%[1]s/]
  addresses: [127.0.0.1]
  secrets: ["${env:JOBWRIGHT_WEBHOOK_SECRET}", "${env:JOBWRIGHT_OLD_WEBHOOK_SECRET}"]
sources: {stage: {kind: SQLiteSource}}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`, r.URL),
		"scenarios/Main.yaml": `
steps:
  - {opName: Transform, opParams: {source: stage, query: "SELECT 'secret rows' AS a", returnResult: true}}
  - {opName: Return, opParams: {value: 17}}
`,
		"scenarios/Fail.yaml": "steps: [{opName: Fail, opParams: {message: it does not work, code: not_working}}]",
		"scenarios/Wait.yaml": "steps: [{opName: Wait, opParams: {duration: 1h}}]",
	}
}

// callbackOf returns the delivery that a status shows.
func callbackOf(status object) object {
	list, _ := status["callbacks"].([]any)
	if len(list) != 1 {
		return object{}
	}

	return list[0].(object)
}

func inState(state string) func(object) bool {
	return func(status object) bool { return callbackOf(status)["state"] == state }
}

func TestCallbackReportsTheEndOfTheJob(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, always(http.StatusNoContent))
	appID := newApp(t, r.callbackApp())
	url := r.URL + "/hooks/1"

	for scenario, event := range map[string]string{"Main": "job.completed", "Fail": "job.failed", "Wait": "job.stopped"} {
		jobID := uuid.NewString()
		request := with(runScenario(appID, scenario, object{}), object{"jobId": jobID, "isAsync": true, "callback": object{"url": url}})
		require.Equal(t, http.StatusOK, api().execute(t, request).status)

		if scenario == "Wait" {
			running := api().awaitStatus(t, appID, jobID, func(status object) bool { return len(status["steps"].([]any)) > 0 })
			require.Equal(t, object{"url": url, "state": "pending", "attempts": 0.0}, callbackOf(running))

			stopped := api().call(t, http.MethodGet, "/api/v1/stopJob?apiKey="+devKey+"&appId="+appID+"&jobId="+jobID, nil, "")
			require.Equal(t, http.StatusOK, stopped.status, stopped.text)
		}

		got := r.next(t)
		require.Equal(t, event, got.event)
		require.NotContains(t, got.text, "secret rows")

		status := api().awaitStatus(t, appID, jobID, inState("delivered"))
		shown := callbackOf(status)
		require.Equal(t, url, shown["url"])
		require.Equal(t, event, shown["event"])
		require.InDelta(t, 1, shown["attempts"], 0)
		require.NotEmpty(t, shown["deliveredAt"])

		// The data is the final status, without results and callbacks.
		delete(status, "results")
		delete(status, "callbacks")
		require.Equal(t, status, got.data)
	}
}

func TestCallbackReportsATerminatedJob(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, always(http.StatusOK))
	appID, jobID := newApp(t, r.callbackApp()), uuid.NewString()

	// The default of the app is called for failures.
	request := with(runScenario(appID, "Wait", object{}), object{"jobId": jobID, "isAsync": true})
	require.Equal(t, http.StatusOK, api().execute(t, request).status)
	require.NoError(t, shared.client.TerminateWorkflow(t.Context(), jobID, "", "by an operator"))

	got := r.next(t)
	require.Equal(t, "job.failed", got.event)
	require.Equal(t, "job_terminated", got.data["code"])

	shown := callbackOf(api().awaitStatus(t, appID, jobID, inState("delivered")))
	require.Equal(t, r.URL+"/default", shown["url"]) // The query may contain secrets.

	for _, history := range shared.historiesOf(t, jobID) {
		require.NotContains(t, history.String(), callerKey)
	}
}

func TestJobWithoutAWantedEventHasNoCallback(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, always(http.StatusOK))
	appID, jobID := newApp(t, r.callbackApp()), uuid.NewString()

	got := api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	status := api().status(t, appID, jobID)
	require.NotContains(t, status.result(t), "callbacks")

	for _, event := range shared.historiesOf(t, jobID)[0].GetEvents() {
		require.Nil(t, event.GetStartChildWorkflowExecutionInitiatedEventAttributes())
	}

	again := api().redeliver(t, appID, jobID)
	require.Equal(t, http.StatusNotFound, again.status, again.text)
	require.Equal(t, "callback_not_found", again.result(t)["code"])
	require.Empty(t, r.calls)
}

func (c caller) redeliver(t *testing.T, appID, jobID string) apiResponse {
	t.Helper()

	return c.call(t, http.MethodPost, "/api/v1/redeliverCallback", asJSON,
		fmt.Sprintf(`{"apiKey": %q, "appId": %q, "jobId": %q}`, devKey, appID, jobID))
}

func TestCallbackIsRepeatedWithTheSameIDUntilTheReceiverAcceptsIt(t *testing.T) {
	t.Parallel()

	answers := make(chan int, 5)
	r := newReceiver(t, func() int { return <-answers })
	appID, jobID := newApp(t, r.callbackApp()), uuid.NewString()

	answers <- http.StatusServiceUnavailable

	require.Equal(t, http.StatusUnprocessableEntity, api().execute(t, with(runScenario(appID, "Fail", object{}), object{"jobId": jobID})).status)

	first := r.next(t)
	waiting := callbackOf(api().awaitStatus(t, appID, jobID, func(status object) bool { return callbackOf(status)["nextTry"] != nil }))
	require.Equal(t, "pending", waiting["state"])
	require.InDelta(t, 1, waiting["attempts"], 0)
	require.Equal(t, "the receiver answered 503 Service Unavailable", waiting["lastError"])

	answers <- http.StatusOK // After the pause.

	require.Equal(t, first.id, r.next(t).id)

	delivered := callbackOf(api().awaitStatus(t, appID, jobID, inState("delivered")))
	require.InDelta(t, 2, delivered["attempts"], 0)

	// A redelivery has the same ID too. The receiver wants no more calls.
	answers <- http.StatusGone

	require.Equal(t, http.StatusOK, api().redeliver(t, appID, jobID).status)
	require.Equal(t, first.id, r.next(t).id)

	disabled := callbackOf(api().awaitStatus(t, appID, jobID, inState("disabled")))
	require.Equal(t, "the receiver answered 410 Gone: it wants no more calls", disabled["lastError"])

	// A caller may repeat the call all the same, and again before the next attempt.
	answers <- http.StatusInternalServerError

	require.Equal(t, http.StatusOK, api().redeliver(t, appID, jobID).status)
	r.next(t)
	api().awaitStatus(t, appID, jobID, func(status object) bool { return callbackOf(status)["nextTry"] != nil })

	answers <- http.StatusOK

	require.Equal(t, http.StatusOK, api().redeliver(t, appID, jobID).status)
	require.Equal(t, first.id, r.next(t).id)
	api().awaitStatus(t, appID, jobID, inState("delivered"))
}

func TestCallbackThatIsNotAllowed(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, always(http.StatusOK))
	appID := newApp(t, r.callbackApp())

	for _, test := range []struct {
		callback any
		status   int
		message  string
	}{
		{object{"url": "https://elsewhere.example.com/"}, http.StatusForbidden, "callback.url: app.yaml does not allow to call this URL"},
		{object{"url": "http://169.254.169.254/latest"}, http.StatusBadRequest, "callback.url: the URL must begin with https://"},
		{object{"url": r.URL + "/?token=a"}, http.StatusBadRequest, "callback.url: the URL has a query"},
		{object{"events": []any{"job.done"}}, http.StatusBadRequest, `callback.events: there is no event "job.done"`},
		{object{"uri": r.URL}, http.StatusBadRequest, "uri"},
		{"x", http.StatusBadRequest, "callback"},
	} {
		got := api().execute(t, with(runScenario(appID, "Main", object{}), object{"callback": test.callback}))
		require.Equal(t, test.status, got.status, got.text)
		require.Contains(t, got.result(t)["message"], test.message)
	}
}

func TestRepeatedRequestWithAnotherCallbackIsRefused(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, always(http.StatusOK))
	request := with(runScenario(newApp(t, r.callbackApp()), "Main", object{}),
		object{"jobId": uuid.NewString(), "callback": object{"url": r.URL + "/a"}})

	for range 2 {
		require.Equal(t, http.StatusOK, api().execute(t, request).status)
	}

	got := api().execute(t, with(request, object{"callback": object{"url": r.URL + "/b"}}))
	require.Equal(t, http.StatusConflict, got.status, got.text)
	require.Contains(t, got.result(t)["message"], "callback differs")
}

func TestCallbackOfAJobThatContinuesAsNewIsCalledOnce(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, always(http.StatusOK))
	files := r.callbackApp()
	files["scenarios/Long.yaml"] = `
steps:
  - opName: ForEach
    opParams: {in: "${1..6}", as: i, steps: [{opName: Wait, opParams: {duration: 10ms}}]}
`
	system, err := continuingSystem()
	require.NoError(t, err)

	jobID := uuid.NewString()
	writeApp(t, filepath.Join(system.dir, "apps", jobID), withActivities(files))

	got := caller{system.server.URL}.execute(t, with(runScenario(jobID, "Long", object{}), object{
		"jobId": jobID, "callback": object{"url": r.URL + "/hook"},
	}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	runs, _ := system.runs(t, jobID)
	require.Greater(t, runs, 1)
	require.Equal(t, "job.completed", r.next(t).event)
	require.Empty(t, r.calls)
}

func TestCallbackSurvivesTheDeathOfItsWorker(t *testing.T) {
	t.Parallel()

	held := make(chan struct{}) // The receiver does not answer the first call.
	r := newReceiver(t, func() int {
		<-held

		return http.StatusOK
	})
	p := newProduction(t)
	writeApp(t, filepath.Join(p.apps, "8"), r.callbackApp())

	_, api := p.apiserver(t)
	first := p.worker(t)

	request := with(runScenario("8", "Main", object{}), object{
		"apiKey": callerKey, "jobId": "j", "isAsync": true, "callback": object{"url": r.URL + "/hook"},
	})
	require.Equal(t, http.StatusOK, api.execute(t, request).status)

	before := r.next(t)

	first.kill()
	close(held)
	p.worker(t)

	after := r.next(t)
	require.Equal(t, before.id, after.id)
	require.Equal(t, before.text, after.text)
}

// A sweep starts no workflow again that a job has started itself.
func TestSweepDoesNotRepeatCallbacks(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, always(http.StatusOK))
	appID, jobID := newApp(t, r.callbackApp()), uuid.NewString()

	require.Equal(t, http.StatusUnprocessableEntity,
		api().execute(t, with(runScenario(appID, "Fail", object{}), object{"jobId": jobID})).status)
	r.next(t)
	api().awaitStatus(t, appID, jobID, inState("delivered"))

	query := fmt.Sprintf("WorkflowId = '%s' AND ExecutionStatus = 'Failed' AND %s = true", jobID, job.ListenedAttribute.GetName())
	require.Eventually(t, func() bool {
		counted, err := shared.client.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})

		return err == nil && counted.GetCount() == 1
	}, time.Minute, 100*time.Millisecond)

	_, err := newJobs(shared.client).Notifier().Sweep(t.Context())
	require.NoError(t, err)
	api().awaitStatus(t, appID, jobID, inState("delivered"))
	require.Empty(t, r.calls)
}
