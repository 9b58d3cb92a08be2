package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/schedule"
)

// newClient returns a client of the server.
func newClient(t *testing.T) *client.Client {
	t.Helper()

	return clientOf(t, client.Options{URL: address, Key: testKey})
}

func clientOf(t *testing.T, options client.Options) *client.Client {
	t.Helper()

	made, err := client.New(options)
	require.NoError(t, err)

	return made
}

// start starts a job of a scenario, and returns its jobId.
func start(t *testing.T, c *client.Client, scenario string, parameters jsonvalue.Object) string {
	t.Helper()

	jobID, err := c.Execute(t.Context(), client.Execution{App: appID, Operation: client.RunScenario(scenario, parameters)})
	require.NoError(t, err)

	return jobID
}

// requireError requires that an error is one of the API with that code.
func requireError(t *testing.T, err error, code jobservice.Code) *client.Error {
	t.Helper()

	var failed *client.Error
	require.ErrorAs(t, err, &failed)
	require.Equal(t, code, failed.Code, failed.Message)

	return failed
}

func TestNewRefusesOtherURLs(t *testing.T) {
	t.Parallel()

	for _, url := range []string{"", "127.0.0.1:8080", "ftp://host", "http://", "http://host/?apiKey=x", "http://a:b@host"} {
		_, err := client.New(client.Options{URL: url})
		require.Error(t, err, url)
		require.NotContains(t, err.Error(), "a:b@", url)
	}
}

func TestExecuteAwaitAndResults(t *testing.T) {
	t.Parallel()

	c := newClient(t)
	jobID, name := start(t, c, "Rows", jsonvalue.Object{"count": int64(2500)}), "numbers"

	status, err := c.Await(t.Context(), appID, jobID)
	require.NoError(t, err)
	require.Equal(t, job.Completed, status.Status, status.Message)
	require.Equal(t, jsonvalue.Object{"count": int64(2500)}, status.Parameters)
	require.JSONEq(t, `{"price": 1.50}`, string(status.Value))
	require.Contains(t, string(status.Value), "1.50", "all digits of a decimal are there")
	require.Empty(t, status.Results)
	require.Equal(t, int64(2500), status.Steps[0].Rows)

	page, err := c.Page(t.Context(), appID, jobID, &name, 10, 2)
	require.NoError(t, err)
	require.Len(t, page, 1)
	require.Equal(t, int64(2500), page[0].Records)
	require.Equal(t, int64(12), page[0].NextOffset)
	require.Equal(t, "i", page[0].Result.Schema[0].Name)
	require.JSONEq(t, `[{"i":11},{"i":12}]`, encoded(t, page[0].Result.Records))

	rows := 0

	for record, err := range c.Rows(t.Context(), appID, jobID, nil, 0) {
		require.NoError(t, err)

		rows++

		if rows == 2500 {
			require.JSONEq(t, `{"i":2500}`, string(record))
		}
	}

	require.Equal(t, 2500, rows)

	stream, format, err := c.Results(t.Context(), appID, jobID, nil, client.CSV)
	require.NoError(t, err)
	require.Equal(t, client.CSV, format)

	text, err := io.ReadAll(stream)
	require.NoError(t, err)
	require.NoError(t, stream.Close())
	require.Equal(t, "i\r\n1\r\n", string(text[:6]))

	_, err = c.Page(t.Context(), appID, jobID, new("other"), 0, 1)
	failed := requireError(t, err, "result_not_found")
	require.Equal(t, http.StatusNotFound, failed.HTTPStatus)
}

func encoded(t *testing.T, value any) string {
	t.Helper()

	text, err := json.Marshal(value)
	require.NoError(t, err)

	return string(text)
}

func TestErrorsHaveProblems(t *testing.T) {
	t.Parallel()

	c := newClient(t)
	_, err := c.Execute(t.Context(), client.Execution{
		App: appID, Operation: client.RunScenario("Rows", jsonvalue.Object{"count": "many"}),
	})

	failed := requireError(t, err, jobservice.CodeRequestInvalid)
	require.Len(t, failed.Problems, 1)
	require.False(t, failed.IsRefused())

	stranger := clientOf(t, client.Options{URL: address, Key: "a-wrong-key"})
	_, err = stranger.Scenarios(t.Context(), appID, false)
	require.True(t, requireError(t, err, "unauthorized").IsRefused())
	require.NotContains(t, err.Error(), "a-wrong-key")
}

func TestWatchFollowsAJobThroughSignals(t *testing.T) {
	t.Parallel()

	c := newClient(t)
	jobID := start(t, c, "Wait", nil)

	var last *client.Status

	for status, err := range c.Watch(t.Context(), appID, jobID, 0) {
		require.NoError(t, err)

		if last != nil {
			require.Greater(t, status.Version, last.Version)
		}

		if len(status.Signals) > 0 && (last == nil || len(last.Signals) == 0) {
			accepted, err := c.Signal(t.Context(), client.Signal{App: appID, JobID: jobID, Name: "go"})
			require.NoError(t, err)
			require.Equal(t, jobservice.SignalAccepted{JobID: jobID, Signal: "go", Awaited: true}, *accepted)
		}

		last = status
	}

	require.Equal(t, job.Completed, last.Status)
	require.JSONEq(t, `"done"`, string(last.Value))

	// A caller that knows the end gets nothing more.
	for status, err := range c.Watch(t.Context(), appID, jobID, last.Version) {
		require.Fail(t, "there is no later status", "%v %v", status, err)
	}

	_, err := c.Current(t.Context(), appID, "unknown")
	requireError(t, err, jobservice.CodeJobNotFound)
}

func TestStatusWaitsForAChange(t *testing.T) {
	t.Parallel()

	c := newClient(t)
	jobID := start(t, c, "Wait", nil)

	status, err := c.Current(t.Context(), appID, jobID)
	require.NoError(t, err)

	stopped, err := c.Stop(t.Context(), appID, jobID)
	require.NoError(t, err)
	require.Equal(t, jobservice.StopStarted, stopped.Status)

	status, err = c.Status(t.Context(), client.StatusRequest{App: appID, JobID: jobID, After: &status.Version, WaitSeconds: 60})
	require.NoError(t, err)
	require.NotEqual(t, job.Running, status.Status)

	status, err = c.Status(t.Context(), client.StatusRequest{App: appID, JobID: jobID, WaitSeconds: 60})
	require.NoError(t, err)
	require.Equal(t, job.Stopped, status.Status)
	require.True(t, status.Ended())
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()

	c := newClient(t)
	jobID := start(t, c, "Wait", nil)

	paused, err := c.Pause(t.Context(), appID, jobID)
	require.NoError(t, err)
	require.Equal(t, jobservice.JobPaused, paused.Status)

	resumed, err := c.Resume(t.Context(), appID, jobID)
	require.NoError(t, err)
	require.Equal(t, jobservice.JobResumed, resumed.Status)

	_, err = c.Stop(t.Context(), appID, jobID)
	require.NoError(t, err)
}

func TestRetryFindsTheSameJob(t *testing.T) {
	t.Parallel()

	c := newClient(t)
	jobID := start(t, c, "Fail", nil)

	failed, err := c.Await(t.Context(), appID, jobID)
	require.NoError(t, err)
	require.Equal(t, "no_luck", failed.Code)
	require.Equal(t, "1", failed.Step.Path)

	plan, err := c.Retry(t.Context(), client.Retry{App: appID, JobID: jobID, FromStep: "failed", DryRun: true})
	require.NoError(t, err)
	require.Len(t, plan.Steps, 1)

	for range 2 {
		retried, err := c.Retry(t.Context(), client.Retry{App: appID, JobID: jobID, FromStep: "failed"})
		require.NoError(t, err)
		require.Equal(t, jobservice.JobRetried{JobID: jobID + "~2", RetryOf: jobID}, *retried)
	}

	_, err = c.Redeliver(t.Context(), appID, jobID)
	requireError(t, err, jobservice.CodeCallbackNotFound)
}

func TestJobsListsPages(t *testing.T) {
	t.Parallel()

	c := newClient(t)
	label := map[string]string{"test": uuid.NewString()}

	for range 3 {
		_, err := c.Execute(t.Context(), client.Execution{
			App: appID, Operation: client.RunScenario("Fail", nil), Labels: label, Priority: 5,
		})
		require.NoError(t, err)
	}

	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		found := 0

		for entry, err := range c.AllJobs(t.Context(), client.JobsRequest{
			App: appID, Labels: label, Limit: 2, Scenario: "Fail", Statuses: []job.State{job.CompletedWithError, job.Stopped},
			StartedFrom: time.Now().Add(-time.Hour),
		}) {
			require.NoError(collect, err)
			require.Equal(collect, "no_luck", entry.Code)
			require.Equal(collect, 5, entry.Priority)

			found++
		}

		require.Equal(collect, 3, found)
	}, time.Minute, 50*time.Millisecond)
}

func TestScenariosAndLineage(t *testing.T) {
	t.Parallel()

	c := newClient(t)

	found, err := c.Scenarios(t.Context(), appID, true)
	require.NoError(t, err)
	require.Len(t, found, 3)
	require.Equal(t, "Rows", found[1].Name)
	require.NotNil(t, found[1].Lineage)

	read, err := c.Lineage(t.Context(), appID, "Rows")
	require.NoError(t, err)
	require.Equal(t, found[1].Lineage, read)
}

func TestSchedules(t *testing.T) {
	t.Parallel()

	c := newClient(t)

	paused, err := c.PauseSchedule(t.Context(), appID, "nightly", "holidays")
	require.NoError(t, err)
	require.True(t, paused.Paused)
	require.Contains(t, paused.Note, "holidays")

	found, err := c.Schedules(t.Context(), client.SchedulesRequest{App: appID, Schedule: "nightly"})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.True(t, found[0].Paused)

	resumed, err := c.ResumeSchedule(t.Context(), appID, "nightly", "")
	require.NoError(t, err)
	require.False(t, resumed.Paused)

	run, err := c.RunSchedule(t.Context(), appID, "nightly")
	require.NoError(t, err)
	require.Contains(t, run.JobID, "nightly")

	now := time.Now()
	filled, err := c.BackfillSchedule(t.Context(), client.Backfill{
		App: appID, Schedule: "nightly", From: now.Add(-48 * time.Hour), To: now,
	})
	require.NoError(t, err)
	require.Equal(t, 2, filled.Firings)

	_, err = c.RunSchedule(t.Context(), appID, "yearly")
	requireError(t, err, schedule.CodeScheduleNotFound)
}

// A watch whose connections are cut again and again misses nothing.
func TestWatchConnectsAgain(t *testing.T) {
	t.Parallel()

	target, err := url.Parse(address)
	require.NoError(t, err)

	var (
		watches atomic.Int64
		known   atomic.Value // The version that the second watch says it knows.
	)

	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	cutting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path != "/api/v1/watchJob" {
			proxy.ServeHTTP(w, request)

			return
		}

		number := watches.Add(1)
		if number == 2 {
			known.Store(request.Header.Get("Last-Event-ID"))
		}

		if number%2 == 1 { // Cut it after the first event.
			ctx, cancel := context.WithCancel(request.Context())
			defer cancel()

			proxy.ServeHTTP(&cutter{ResponseWriter: w, cut: cancel}, request.WithContext(ctx))

			return
		}

		proxy.ServeHTTP(w, request)
	}))
	t.Cleanup(cutting.Close)

	c := clientOf(t, client.Options{URL: cutting.URL, Key: testKey})
	jobID := start(t, c, "Wait", nil)

	var versions []int64

	for status, err := range c.Watch(t.Context(), appID, jobID, 0) {
		require.NoError(t, err)

		versions = append(versions, status.Version)

		if len(status.Signals) > 0 && watches.Load() >= 2 {
			_, err := c.Signal(t.Context(), client.Signal{App: appID, JobID: jobID, Name: "go", ID: "once"})
			require.NoError(t, err)
		}

		if len(status.Signals) > 0 && watches.Load() == 1 {
			_, err := c.Pause(t.Context(), appID, jobID) // A change after the cut.
			require.NoError(t, err)
			_, err = c.Resume(t.Context(), appID, jobID)
			require.NoError(t, err)
		}
	}

	require.IsIncreasing(t, versions)
	require.Greater(t, watches.Load(), int64(1))
	require.Equal(t, strconv.FormatInt(versions[0], 10), known.Load(), "the second watch begins after what the first has sent")
}

// cutter cuts the connection after the first event.
type cutter struct {
	http.ResponseWriter

	cut func()
}

func (c *cutter) Write(part []byte) (int, error) {
	written, err := c.ResponseWriter.Write(part)
	if err == nil && len(part) > len("retry: 1000\n\n") {
		c.Flush()
		c.cut()
	}

	return written, err
}

func (c *cutter) Flush() { c.ResponseWriter.(http.Flusher).Flush() }

func TestCallsAreRepeatedUntilTheServerResponds(t *testing.T) {
	t.Parallel()

	var calls atomic.Int64

	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		switch calls.Add(1) {
		case 1:
			panic(http.ErrAbortHandler) // The connection is lost.
		case 2:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"status":"error","result":{"code":"temporal_unavailable","message":"repeat the call"}}`)
		default:
			server.ServeHTTP(w, request)
		}
	}))
	t.Cleanup(busy.Close)

	found, err := clientOf(t, client.Options{URL: busy.URL, Key: testKey}).Scenarios(t.Context(), appID, false)
	require.NoError(t, err)
	require.Len(t, found, 3)
	require.Equal(t, int64(3), calls.Load())

	// Without patience, the caller learns what the server has said.
	calls.Store(1)

	_, err = clientOf(t, client.Options{URL: busy.URL, Key: testKey, Patience: -1}).Scenarios(t.Context(), appID, false)
	failed := requireError(t, err, jobservice.CodeTemporalUnavailable)
	require.Equal(t, time.Second, failed.RetryAfter)

	// A call that may not be repeated is not.
	calls.Store(0)

	_, err = clientOf(t, client.Options{URL: busy.URL, Key: testKey}).RunSchedule(t.Context(), appID, "nightly")
	require.ErrorContains(t, err, "does not respond")
	require.Equal(t, int64(1), calls.Load())
}

func TestOtherServersAreRecognized(t *testing.T) {
	t.Parallel()

	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)

	_, err := clientOf(t, client.Options{URL: other.URL}).Scenarios(t.Context(), appID, false)
	require.EqualError(t, err, other.URL+` responds with "404 Not Found", and not as a server of Jobwright; check the URL`)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())

	_, err = clientOf(t, client.Options{URL: "http://" + listener.Addr().String(), Patience: -1}).Scenarios(t.Context(), appID, false)
	require.ErrorContains(t, err, "the server at http://"+listener.Addr().String()+" does not respond: dial tcp")
}

// The transport of a client may call a handler in the same process.
func TestTransportInTheSameProcess(t *testing.T) {
	t.Parallel()

	c := clientOf(t, client.Options{URL: "http://127.0.0.1", Key: testKey, HTTP: &http.Client{Transport: inProcess{}}})

	found, err := c.Scenarios(t.Context(), appID, false)
	require.NoError(t, err)
	require.Len(t, found, 3)
}

// inProcess is a transport that calls the server without a connection.
type inProcess struct{}

func (inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	request.RemoteAddr = "127.0.0.1:1"
	server.ServeHTTP(recorder, request)

	response := recorder.Result()
	response.Request = request

	return response, nil
}
