package callback_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/callback"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

const (
	signingSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	urlSecret     = "the-token-in-the-url"
)

// jobs is a [callback.Jobs] with one job.
type jobs struct {
	state job.State
	err   error
}

func (j jobs) Ended(context.Context, string, string) (jobservice.End, error) {
	return jobservice.End{
		State: j.state, Status: json.RawMessage(`{"jobId":"j","status":"completed"}`),
		At: time.Date(2026, 7, 1, 2, 0, 7, 0, time.UTC),
	}, j.err
}

var completed = jobs{state: job.Completed}

// receiver records requests and answers with a status.
type receiver struct {
	*httptest.Server

	received chan received
}

type received struct {
	*http.Request

	body []byte
}

func newReceiver(t *testing.T, answer func(http.ResponseWriter, *http.Request)) *receiver {
	t.Helper()

	r := &receiver{received: make(chan received, 10)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err == nil {
			r.received <- received{request, body}
		}

		answer(w, request)
	}))
	t.Cleanup(r.Close)

	return r
}

func answers(status int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// apps returns a catalog with app 7, whose callbacks are those of the text. SECRET and TOKEN stand for references.
func apps(t *testing.T, callbacks string) *app.Catalog {
	t.Helper()

	dir, secrets := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{"secret": signingSecret, "token": urlSecret} {
		path := filepath.Join(secrets, "jobwright-app-7-"+name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))

		callbacks = strings.ReplaceAll(callbacks, strings.ToUpper(name), "${file:"+path+"}")
	}

	require.NoError(t, os.Mkdir(filepath.Join(dir, "7"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "7", "app.yaml"), []byte("callbacks: "+callbacks), 0o600))

	catalog, err := app.Open(dir, app.Options{Secrets: app.Secrets{Dir: secrets}})
	require.NoError(t, err)

	return catalog
}

// deliver makes one attempt to call the callback.
func deliver(
	t *testing.T, catalog *app.Catalog, of callback.Jobs, wanted job.Callback,
) (delivery job.Delivery, failed *temporal.ApplicationError) {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(callback.New(catalog, of))

	encoded, err := env.ExecuteActivity(job.DeliverActivity, job.Notification{
		AppID: "7", JobID: "j", RunID: "019a-7c", Event: job.JobCompleted, Listeners: &job.Listeners{Callback: &wanted},
	})
	if err == nil {
		require.NoError(t, encoded.Get(&delivery))

		return delivery, nil
	}

	require.ErrorAs(t, err, &failed)
	require.NoError(t, failed.Details(&delivery))
	require.Equal(t, failed.Message(), delivery.LastError)

	return delivery, failed
}

const allowLoopback = `, addresses: [127.0.0.1], secrets: ["SECRET"]}`

func TestDeliverCallbackSendsTheSignedStatus(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, answers(http.StatusNoContent))
	catalog := apps(t, `{allow: ["`+r.URL+`/hooks/"]`+allowLoopback)
	wanted := job.Callback{URL: r.URL + "/hooks/7"}

	for range 2 { // Two attempts have the same ID.
		got, failed := deliver(t, catalog, completed, wanted)
		require.Nil(t, failed)
		require.WithinDuration(t, time.Now(), *got.DeliveredAt, time.Minute)

		got.DeliveredAt = nil
		require.Equal(t, job.Delivery{
			URL: r.URL + "/hooks/7", Event: job.JobCompleted, State: job.DeliveryDelivered, Attempts: 1,
		}, got)
	}

	verifier, err := standardwebhooks.NewWebhook(signingSecret)
	require.NoError(t, err)
	require.Len(t, r.received, 2)

	for range 2 {
		request := <-r.received
		require.Equal(t, http.MethodPost, request.Method)
		require.Equal(t, "/hooks/7", request.URL.Path)
		require.Equal(t, "application/json", request.Header.Get("Content-Type"))
		require.Equal(t, "msg_019a7c_completed", request.Header.Get("Webhook-Id"))
		require.NoError(t, verifier.Verify(request.body, request.Header))
		require.JSONEq(t,
			`{"type":"job.completed","timestamp":"2026-07-01T02:00:07Z","data":{"jobId":"j","status":"completed"}}`, string(request.body))
	}
}

func TestDeliverCallbackCallsTheDefaultOfTheAppWithItsSecrets(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, answers(http.StatusOK))
	catalog := apps(t, `{url: "`+r.URL+`/TOKEN?key=TOKEN"`+allowLoopback)

	// The app's URL has changed since the job started.
	got, failed := deliver(t, catalog, completed, job.Callback{URL: "https://old.example.com/${file:x}?y", Default: true})
	require.Nil(t, failed)
	require.Equal(t, "https://old.example.com/${file:x}", got.URL)

	request := <-r.received
	require.Equal(t, "/"+urlSecret, request.URL.Path)
	require.Equal(t, urlSecret, request.URL.Query().Get("key"))
}

func TestDeliverCallbackReportsWhatTheReceiverAnswered(t *testing.T) {
	t.Parallel()

	for status, want := range map[int]struct{ code, message string }{
		http.StatusInternalServerError: {job.CallbackFailed, "the receiver answered 500 Internal Server Error"},
		http.StatusTooManyRequests:     {job.CallbackFailed, "the receiver answered 429 Too Many Requests"},
		http.StatusNotFound:            {job.CallbackFailed, "the receiver answered 404 Not Found"},
		299 + 300:                      {job.CallbackFailed, "the receiver answered 599 (an unknown status)"},
		http.StatusGone:                {job.CallbackGone, "the receiver answered 410 Gone: it wants no more calls"},
	} {
		r := newReceiver(t, answers(status))

		got, failed := deliver(t, apps(t, `{allow: ["`+r.URL+`"]`+allowLoopback), completed, job.Callback{URL: r.URL})
		require.Equal(t, want.code, failed.Type())
		require.Equal(t, status == http.StatusGone, failed.NonRetryable())
		require.Equal(t, job.Delivery{
			URL: r.URL, Event: job.JobCompleted, State: job.DeliveryPending, Attempts: 1, LastError: want.message,
		}, got)
	}
}

func TestDeliverCallbackFollowsNoRedirect(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, func(w http.ResponseWriter, request *http.Request) {
		http.Redirect(w, request, "/elsewhere", http.StatusTemporaryRedirect)
	})

	_, failed := deliver(t, apps(t, `{allow: ["`+r.URL+`"]`+allowLoopback), completed, job.Callback{URL: r.URL})
	require.Equal(t, "the receiver answered 307 Temporary Redirect; redirects are not followed, so correct the URL",
		failed.Message())
	require.Len(t, r.received, 1)
}

func TestDeliverCallbackRetriesWithoutAnswer(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, answers(http.StatusOK))
	r.Close()

	_, failed := deliver(t, apps(t, `{url: "`+r.URL+`/?key=TOKEN"`+allowLoopback), completed, job.Callback{Default: true})
	require.False(t, failed.NonRetryable())
	require.ErrorContains(t, failed, "the receiver did not answer")
	require.ErrorContains(t, failed, "connection refused")
	require.NotContains(t, failed.Error(), urlSecret)
}

func TestDeliverCallbackHidesSecretsOfTheURL(t *testing.T) {
	t.Parallel()

	_, failed := deliver(t, apps(t, `{url: "https://TOKEN.invalid/"`+allowLoopback), completed, job.Callback{Default: true})
	require.ErrorContains(t, failed, "the name ….invalid can't be resolved")
}

func TestDeliverCallbackRefusesTargets(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, answers(http.StatusOK))

	for name, test := range map[string]struct{ callbacks, want string }{
		"not allowed any more":  {`{allow: ["https://hooks.example.com/"]` + allowLoopback, "does not allow to call this URL"},
		"an internal address":   {`{allow: ["` + r.URL + `"], secrets: ["SECRET"]}`, "the address 127.0.0.1, which is not public"},
		"another address of it": {`{allow: ["` + r.URL + `"], addresses: [127.0.0.2], secrets: ["SECRET"]}`, "is not public"},
	} {
		_, failed := deliver(t, apps(t, test.callbacks), completed, job.Callback{URL: r.URL})
		require.ErrorContains(t, failed, test.want, name)
		require.Equal(t, job.CallbackForbidden, failed.Type(), name)
		require.True(t, failed.NonRetryable(), name)
	}

	require.Empty(t, r.received)
}

func TestDeliverCallbackWithoutTheJobsStatus(t *testing.T) {
	t.Parallel()

	r := newReceiver(t, answers(http.StatusOK))
	catalog := apps(t, `{allow: ["`+r.URL+`"]`+allowLoopback)

	_, failed := deliver(t, catalog, jobs{err: errors.New("it still runs")}, job.Callback{URL: r.URL})
	require.False(t, failed.NonRetryable())
	require.ErrorContains(t, failed, "the status of the job can't be read: it still runs")

	deleted := jobservice.NewError(jobservice.CodeJobNotFound, "there is no job j")
	_, failed = deliver(t, catalog, jobs{err: deleted}, job.Callback{URL: r.URL})
	require.True(t, failed.NonRetryable())

	_, failed = deliver(t, catalog, jobs{state: job.Stopped}, job.Callback{URL: r.URL})
	require.True(t, failed.NonRetryable())
	require.ErrorContains(t, failed, "an operator has reset the job, and it has ended with job.stopped")
	require.Empty(t, r.received)
}

func TestDeliverCallbackNeedsTheSigningSecret(t *testing.T) {
	t.Parallel()

	catalog := apps(t, `{url: "https://hooks.example.com/", secrets: ["TOKEN"]}`)
	_, failed := deliver(t, catalog, completed, job.Callback{Default: true})
	require.ErrorContains(t, failed, "the call can't be signed: the secret ${file:")
	require.NotContains(t, failed.Error(), urlSecret)
	require.False(t, failed.NonRetryable()) // Another worker may have it, and an operator can correct it.
}
