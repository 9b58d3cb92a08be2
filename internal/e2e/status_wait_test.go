package e2e_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/apiserver"
)

// statusPath returns the path of a call of getJobStatus with more parameters, as pairs of a name and a value.
func statusPath(appID, jobID string, more ...string) string {
	query := url.Values{"apiKey": {devKey}, "appId": {appID}, "jobId": {jobID}}
	for i := 0; i < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}

	return "/api/v1/getJobStatus?" + query.Encode()
}

// statusWith gets the status of a job with more parameters.
func (c caller) statusWith(t *testing.T, appID, jobID string, more ...string) object {
	t.Helper()

	got := c.call(t, http.MethodGet, statusPath(appID, jobID, more...), nil, "")
	require.Equal(t, http.StatusOK, got.status, got.text)

	return got.result(t)
}

// versionOf returns the version of a status.
func versionOf(t *testing.T, status object) int64 {
	t.Helper()

	require.IsType(t, 0.0, status["version"], status)

	return int64(status["version"].(float64))
}

func textOf(version int64) string { return strconv.FormatInt(version, 10) }

// startWaitingJob starts a job that waits for the signal "go-WaitForSignal".
func startWaitingJob(t *testing.T) (appID, jobID string, status object) {
	t.Helper()

	appID, jobID, _ = newWaitingJob(t)

	return appID, jobID, api().statusWith(t, appID, jobID)
}

func signalGo(t *testing.T, appID, jobID string) {
	t.Helper()

	got := api().signal(t, object{"apiKey": callerKey, "appId": appID, "jobId": jobID, "signal": "go-WaitForSignal", "data": 1})
	require.Equal(t, http.StatusOK, got.status, got.text)
}

// getAll makes a call in each of many goroutines until done returns true for its response, and returns the last responses.
func (c caller) getAll(t *testing.T, calls int, path string, done func(apiResponse) bool) []apiResponse {
	t.Helper()

	return c.startAll(t, calls, path, done)()
}

// startAll starts the goroutines of getAll. The function wait waits for their end, and returns the last responses.
func (c caller) startAll(t *testing.T, calls int, path string, done func(apiResponse) bool) (wait func() []apiResponse) {
	t.Helper()

	var (
		group sync.WaitGroup
		last  = make([]apiResponse, calls)
		errs  = make([]error, calls)
	)

	for i := range calls {
		group.Go(func() {
			for errs[i] == nil && (last[i].body == nil || !done(last[i])) {
				last[i], errs[i] = c.callContext(t.Context(), http.MethodGet, path, nil, "")
			}
		})
	}

	return func() []apiResponse {
		t.Helper()
		group.Wait()

		for i, err := range errs {
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, last[i].status, last[i].text)
		}

		return last
	}
}

// Fifty callers that ask for the status again and again share the requests of about one of them.
func TestStatusPollersShareRequests(t *testing.T) {
	t.Parallel()

	appID, jobID, _ := startWaitingJob(t)
	api, counting := serveCounting(t, apiserver.Options{})

	const callers, callsOfEach = 50, 20

	var (
		mutex sync.Mutex
		calls int
	)

	path := statusPath(appID, jobID)
	api.getAll(t, callers, path, func(apiResponse) bool {
		mutex.Lock()
		defer mutex.Unlock()

		calls++

		return calls > callers*callsOfEach
	})

	requests := counting.of(jobID)
	require.Less(t, requests[describes], calls/10, requests)
	require.Less(t, requests[queries], calls/10, requests)
	signalGo(t, appID, jobID)
}

// Fifty callers that wait for a change of the status share the requests of one of them.
func TestCallersThatWaitForAChangeShareRequests(t *testing.T) {
	t.Parallel()

	appID, jobID, known := startWaitingJob(t)
	api, counting := serveCounting(t, apiserver.Options{})
	version := versionOf(t, known)
	path := statusPath(appID, jobID, "waitSeconds", "60", "after", textOf(version))

	began := time.Now()
	wait := api.startAll(t, 50, path, func(apiResponse) bool { return true })

	await(t, func() bool { return counting.of(jobID)[polls] > 0 }) // One of them waits.
	signalGo(t, appID, jobID)

	for _, got := range wait() {
		require.Greater(t, versionOf(t, got.result(t)), version, got.text)
	}

	const few, perSecond = 25, 8 // 50 callers would need 50 at least.

	requests := counting.of(jobID)
	require.LessOrEqual(t, requests[polls], 3, requests) // For the end, also after a lost notification, and of its outcome.
	require.Less(t, sum(requests), few+int(perSecond*time.Since(began).Seconds()), requests)
}

func TestStatusCallWaitsForTheEnd(t *testing.T) {
	t.Parallel()

	appID, jobID, running := startWaitingJob(t)
	api, counting := serveCounting(t, apiserver.Options{})
	wait := api.startAll(t, 2, statusPath(appID, jobID, "waitSeconds", "60"), func(apiResponse) bool { return true })

	await(t, func() bool { return counting.of(jobID)[polls] > 0 })
	signalGo(t, appID, jobID)

	for _, got := range wait() {
		require.Equal(t, "completed", got.result(t)["status"], got.text)
		require.Greater(t, versionOf(t, got.result(t)), versionOf(t, running))
	}

	require.LessOrEqual(t, counting.of(jobID)[polls], 3)

	// A job that has ended does not change any more, so no call waits.
	ended := api.statusWith(t, appID, jobID)
	require.Equal(t, ended, api.statusWith(t, appID, jobID, "waitSeconds", "3600", "after", textOf(versionOf(t, ended))))
}

func TestStatusCallWaitsNoLongerThanItsCallerWants(t *testing.T) {
	t.Parallel()

	appID, jobID, running := startWaitingJob(t)

	for _, more := range [][]string{{}, {"after", textOf(versionOf(t, running))}} {
		api, counting := serveCounting(t, apiserver.Options{})
		began := time.Now()
		got := api.statusWith(t, appID, jobID, append([]string{"waitSeconds", "1"}, more...)...)
		require.GreaterOrEqual(t, time.Since(began), time.Second)
		require.Equal(t, running, got)

		const few, perSecond = 16, 8 // Two reads of the status, each with a query.

		requests := counting.of(jobID)
		require.Equal(t, 1, requests[polls])
		require.LessOrEqual(t, sum(requests), few+int(perSecond*time.Since(began).Seconds()), requests)
	}

	// A caller that does not know the version gets it at once.
	require.Equal(t, running, api().statusWith(t, appID, jobID, "waitSeconds", "3600", "after", "0"))
	signalGo(t, appID, jobID)
}

func TestStatusAcceptsPOST(t *testing.T) {
	t.Parallel()

	request := with(runScenario("7", "Main", object{}), object{"jobId": uuid.NewString()})
	got := api().execute(t, request)
	require.Equal(t, http.StatusOK, got.status, got.text)

	post := func(header http.Header, body object) apiResponse {
		encoded, err := json.Marshal(body)
		require.NoError(t, err)

		return api().call(t, http.MethodPost, "/api/v1/getJobStatus.jsp", header, string(encoded))
	}

	jobID := request["jobId"].(string)
	body := object{
		"apiKey": devKey, "appId": "7", "jobId": jobID, "resultName": "companies", "offset": 1, "limit": 1, "waitSeconds": 60,
		"after": 1,
	}
	want := api().call(t, http.MethodGet,
		statusPath("7", jobID, "resultName", "companies", "offset", "1", "limit", "1", "waitSeconds", "60", "after", "1"), nil, "")
	require.Contains(t, want.text, "Microsoft")
	require.NotContains(t, want.text, "IBM")
	require.Equal(t, want.text, post(asJSON, body).text)

	inHeader := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + devKey}}
	delete(body, "apiKey")
	require.Equal(t, want.text, post(inHeader, body).text)

	refused := post(asJSON, with(body, object{"apiKey": unknownKey}))
	require.Equal(t, http.StatusUnauthorized, refused.status, refused.text)

	unknown := post(asJSON, with(body, object{"apiKey": devKey, "wait": 1}))
	require.Equal(t, http.StatusBadRequest, unknown.status, unknown.text)
	require.Contains(t, unknown.text, "wait")
}

// The version grows over all runs of a job, and is the same on every API server.
func TestVersionGrowsWhenTheJobContinuesAsNew(t *testing.T) {
	t.Parallel()

	system, first, appID := newContinuingApp(t)
	other := httptest.NewServer(apiserver.New(apiserver.Options{
		Jobs: newJobs(system.client), Apps: system.apps, Results: system.results,
		WellKnownKey: devKey, MaxFailures: 10_000, Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(other.Close)

	jobID := uuid.NewString()
	got := first.execute(t, with(runScenario(appID, "While", object{"long": true}), object{"jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	servers, version := []caller{first, {other.URL}}, int64(0)

	for i := 0; ; i++ {
		status := servers[i%2].statusWith(t, appID, jobID, "waitSeconds", "60", "after", textOf(version))
		require.Greater(t, versionOf(t, status), version)
		version = versionOf(t, status)

		if isWaitingLong(status) {
			break
		}
	}

	require.Equal(t, "stop started", first.stop(t, appID, jobID).result(t)["status"])

	ended := first.statusWith(t, appID, jobID, "waitSeconds", "60")
	require.Equal(t, "stopped", ended["status"])
	require.Greater(t, versionOf(t, ended), version)
	require.Equal(t, ended, servers[1].statusWith(t, appID, jobID))

	runs, _ := system.runs(t, jobID)
	require.Greater(t, runs, 1, "the job did not continue as new")
	require.EqualValues(t, runs-1, versionOf(t, ended)/1_000_000_000)
}

func TestStatusOfAnEndedJobIsCachedForItsApp(t *testing.T) {
	t.Parallel()

	jobID := uuid.NewString()
	got := api().execute(t, with(runScenario("7", "Main", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	api, counting := serveCounting(t, apiserver.Options{})
	want := api.status(t, "7", jobID)
	require.Equal(t, http.StatusOK, want.status, want.text)

	const calls = 500

	began := time.Now()
	remaining := make(chan struct{}, calls)

	for range calls {
		remaining <- struct{}{}
	}

	path := statusPath("7", jobID)
	for _, got := range api.getAll(t, 16, path, func(apiResponse) bool {
		select {
		case <-remaining:
			return false
		default:
			return true
		}
	}) {
		require.Equal(t, want.text, got.text)
	}

	requests := counting.of(jobID)
	require.LessOrEqual(t, requests[describes], 2+int(time.Since(began).Seconds()/2), requests)
	require.Equal(t, 1, requests[polls])
	require.Equal(t, 1, requests["GetWorkflowExecutionHistory"])

	// The cache does not make the job visible to others.
	other := newApp(t, contractApp)
	require.Equal(t, http.StatusNotFound, api.status(t, other, jobID).status)

	refused := api.call(t, http.MethodGet, "/api/v1/getJobStatus?appId=7&jobId="+jobID,
		http.Header{"Authorization": {"Bearer " + statusKey}}, "")
	require.Equal(t, http.StatusForbidden, refused.status, refused.text)
}

// An operator resets a job that has ended. Its status changes soon on servers that have cached the end.
func TestStatusFollowsAReset(t *testing.T) {
	t.Parallel()

	appID, jobID, _ := startWaitingJob(t)
	signalGo(t, appID, jobID)

	ended := api().statusWith(t, appID, jobID, "waitSeconds", "60")
	require.Equal(t, "completed", ended["status"])

	_, err := shared.client.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: client.DefaultNamespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: jobID},
		Reason: "to run it again", RequestId: uuid.NewString(), WorkflowTaskFinishEventId: 4,
		ResetReapplyExcludeTypes: []enumspb.ResetReapplyExcludeType{enumspb.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE}, // The signal.
	})
	require.NoError(t, err)

	api().awaitStatus(t, appID, jobID, func(status object) bool { return status["status"] == "running" })
	signalGo(t, appID, jobID)
	require.Equal(t, "completed", api().statusWith(t, appID, jobID, "waitSeconds", "60")["status"])
}
