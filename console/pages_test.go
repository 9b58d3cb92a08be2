package console_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/console"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// began is when the jobs of canned began.
var began = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// canned is an API that returns the same results to all calls, and counts the calls.
type canned struct {
	results map[string]any
	calls   atomic.Int64
}

func (c *canned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.calls.Add(1)

	text, err := json.Marshal(map[string]any{
		"status": "success", "result": c.results[strings.TrimPrefix(r.URL.Path, "/api/v1/")],
	})
	if err != nil {
		panic(err) // The results of the test are wrong.
	}

	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // The console receives it.
}

// cannedAPI returns an API with a page of jobs of the longest kind that is usual, and a running job of many steps.
func cannedAPI() *canned {
	const (
		jobs, scenarios, buckets = 50, 30, 48
		steps, running           = 1_000, 700
	)

	list := jobservice.List{NextCursor: strings.Repeat("cursor", 20), Counts: map[job.State]int64{
		job.Running: 12, job.Completed: 9_000, job.CompletedWithError: 900, job.Stopped: 88,
	}}
	history := jobservice.History{From: began.Add(-24 * time.Hour), To: began}
	apps := []map[string]any{{"id": "7", "access": "nightly load", "rights": []string{
		"execute", "status", "signal", "stop", "schedule", "query", "operate",
	}}}

	var known []jobservice.Scenario

	for i := range scenarios {
		known = append(known, jobservice.Scenario{Name: fmt.Sprintf("LoadWhatTheShopHasSent%d", i), Valid: true})
	}

	states := []job.State{job.Running, job.Completed, job.Completed, job.CompletedWithError, job.Stopped}

	for i := range jobs {
		ended := began.Add(time.Duration(i) * time.Minute)
		list.Jobs = append(list.Jobs, jobservice.Entry{
			JobID: fmt.Sprintf("7:nightly-load:2026-03-01T12:%02d:00Z", i), Status: states[i%len(states)], Code: "source_table_not_found",
			Scenario: known[i%scenarios].Name, Caller: "nightly load", Labels: map[string]string{"order": fmt.Sprint(i), "shop": "north"},
			StartedAt: began, EndedAt: &ended, DurationMs: int64(i) * 1234,
		})
	}

	for i := range buckets {
		history.Buckets = append(history.Buckets, jobservice.HistoryBucket{
			From:             history.From.Add(time.Duration(i) * 30 * time.Minute),
			HistoryCounts:    jobservice.HistoryCounts{Started: 200, Running: 1, Completed: 180, Failed: 15, Stopped: 4},
			HistoryDurations: jobservice.HistoryDurations{Durations: 195, MedianMs: int64(i) * 1_000, MaxMs: 100_000},
		})
	}

	status := map[string]any{
		"jobId": "long", "status": job.Running, "version": 17, "app": "7", "scenario": "Long", "startedAt": began,
	}

	var all []job.StepStatus

	for i := range steps {
		step := job.StepStatus{
			Path: fmt.Sprint(i + 1), Title: fmt.Sprintf("Load the file of shop %d", i+1), OpName: "LoadTableFromSource",
			State: job.StepCompleted, Rows: 123_456,
		}

		from, to := began.Add(time.Duration(i)*time.Second), began.Add(time.Duration(i+1)*time.Second)

		switch {
		case i < running:
			step.StartedAt, step.EndedAt = &from, &to
		case i == running:
			step.State, step.StartedAt = job.StepRunning, &from
		default:
			step.State, step.Rows = job.StepPending, 0
		}

		all = append(all, step)
	}

	status["steps"] = all

	return &canned{results: map[string]any{
		"getApps": map[string]any{"apps": apps}, "getJobs": list, "getJobHistory": history,
		"getScenarios": map[string]any{"scenarios": known}, "getJobStatus": status, "getSystem": jobservice.System{},
	}}
}

// signedIn serves a console of an API, and returns the client of a browser that has signed in.
func signedIn(tb testing.TB, api http.Handler) (address string, browser *http.Client) {
	tb.Helper()

	server := httptest.NewServer(console.New(console.Options{API: api, Log: slog.New(slog.DiscardHandler)}))
	tb.Cleanup(server.Close)

	jar, err := cookiejar.New(nil)
	require.NoError(tb, err)

	browser = &http.Client{Jar: jar}
	response, err := browser.PostForm(server.URL+"/sign-in", url.Values{"app": {"7"}, "key": {"a key"}})
	require.NoError(tb, err)
	require.NoError(tb, response.Body.Close())
	require.Equal(tb, "/jobs", response.Request.URL.Path)

	return server.URL, browser
}

// open returns the text of a page.
func open(tb testing.TB, browser *http.Client, address string) string {
	tb.Helper()

	request, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(tb, err)
	request.Header.Set("Accept", "text/html")

	response, err := browser.Do(request)
	require.NoError(tb, err)

	defer response.Body.Close()

	text, err := io.ReadAll(response.Body)
	require.NoError(tb, err)
	require.Equal(tb, http.StatusOK, response.StatusCode, string(text))

	return string(text)
}

// The first page after the sign-in and that of a job of 1,000 steps have less than 200 kB with everything that they load, and are
// made of few calls of the API.
func TestPagesAreSmallAndMadeOfFewCalls(t *testing.T) {
	t.Parallel()

	for page, calls := range map[string]int64{"/jobs": 3, "/jobs/long": 1} {
		api := cannedAPI()
		address, browser := signedIn(t, api)
		_ = open(t, browser, address+page) // The console asks for the address of Temporal UI once.

		before := api.calls.Load()
		text := open(t, browser, address+page)
		require.Equal(t, calls, api.calls.Load()-before, page)

		loaded := map[string]int{page: len(text)}

		for _, found := range asset.FindAllStringSubmatch(text, -1) {
			loaded[found[1]] = len(open(t, browser, address+found[1]))
		}

		require.Len(t, loaded, 5, page)

		sum := 0
		for size := range maps.Values(loaded) {
			sum += size
		}

		t.Logf("%s: %d bytes, %v", page, sum, loaded)
		require.Less(t, sum, 200_000, page)
	}
}

// The page of a long job shows the steps around the one that runs.
func TestLongJobShowsTheStepThatRuns(t *testing.T) {
	t.Parallel()

	address, browser := signedIn(t, cannedAPI())

	text := open(t, browser, address+"/jobs/long")
	require.Contains(t, text, `id="step-701"`)
	require.NotContains(t, text, `id="step-700"`)
	require.NotContains(t, text, `id="step-801"`)
	require.Contains(t, text, "701 to 800 of 1,000 steps")
	require.Contains(t, text, `href="/jobs/long?at=601#steps"`)
	require.Contains(t, text, `href="/jobs/long?at=801#steps"`)

	text = open(t, browser, address+"/jobs/long?at=5")
	require.Contains(t, text, `id="step-1"`)
	require.NotContains(t, text, "Previous steps")

	text = open(t, browser, address+"/jobs/long?steps=pending&at=200")
	require.Contains(t, text, "101 to 200 of 299 steps")
	require.Contains(t, text, `href="/jobs/long?at=201&amp;steps=pending#steps"`)
	require.Equal(t, 100, strings.Count(text, `<tr id="step-`))

	text = open(t, browser, address+"/jobs/long?at=100000")
	require.Contains(t, text, `id="step-1000"`)
	require.NotContains(t, text, "Next steps")
}

func BenchmarkPages(b *testing.B) {
	for name, page := range map[string]string{"jobs": "/jobs", "job": "/jobs/long"} {
		b.Run(name, func(b *testing.B) {
			address, browser := signedIn(b, cannedAPI())

			for b.Loop() {
				_ = open(b, browser, address+page)
			}
		})
	}
}

func TestJobWithoutAWorkerHasUnknownSteps(t *testing.T) {
	t.Parallel()

	api := cannedAPI()
	api.results["getJobStatus"] = map[string]any{
		"jobId": "long", "status": job.Running, "app": "7", "startedAt": began, "message": "no worker responds at the moment",
	}

	address, browser := signedIn(t, api)
	page := open(t, browser, address+"/jobs/long")
	require.Contains(t, page, "No worker responds at the moment.")
	require.Contains(t, page, "The steps are unknown until a worker responds.")
	require.NotContains(t, page, "No step has begun")
}

func TestPageWithoutTemporalAppearsWhenItIsBack(t *testing.T) {
	t.Parallel()

	api := cannedAPI()
	isDown := false
	address, browser := signedIn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isDown {
			api.ServeHTTP(w, r)

			return
		}

		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"status": "error", "message": "Temporal can't be reached", "code": "temporal_unavailable"}`))
	}))
	isDown = true

	response, err := browser.Get(address + "/jobs")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	require.Equal(t, "5", response.Header.Get("Refresh"))
}
