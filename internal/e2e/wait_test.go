package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/jobservice"
)

// transitions returns how often the state of a job's workflow has changed.
func transitions(t *testing.T, jobID string) int {
	t.Helper()

	described, err := shared.client.DescribeWorkflowExecution(t.Context(), jobID, "")
	require.NoError(t, err)

	return int(described.GetWorkflowExecutionInfo().GetStateTransitionCount())
}

func TestWaitingForAShortJobTakesFewRequests(t *testing.T) {
	t.Parallel()

	api, counting := serveCounting(t, apiserver.Options{})

	for range 5 {
		jobID := uuid.NewString()
		got := api.execute(t, with(runScenario("7", "Main", object{}), object{"jobId": jobID}))
		require.Equal(t, http.StatusOK, got.status, got.text)

		const few = 3

		requests := counting.of(jobID)
		require.LessOrEqual(t, requests[polls]+requests[describes], transitions(t, jobID)+few, requests)
	}
}

// Temporal reserves a second for its response to a long poll. Waits that are shorter are a case of their own.
func TestWaitingForAnIdleJobTakesFewRequests(t *testing.T) {
	t.Parallel()

	appID, jobID := startLongJob(t, stopApp("{title: Long, opName: Wait, opParams: {duration: 1h}}"), isWaitingLong)
	request := with(runScenario(appID, "Main", object{}), object{"jobId": jobID})

	const few, perSecond = 3, 2

	for _, wait := range []time.Duration{300 * time.Millisecond, time.Second, 4 * time.Second} {
		api, counting := serveCounting(t, apiserver.Options{DefaultWait: wait})
		began := time.Now()
		got := api.execute(t, request)
		require.Equal(t, http.StatusAccepted, got.status, got.text)
		require.GreaterOrEqual(t, time.Since(began), wait)

		requests := counting.of(jobID)
		delete(requests, "StartWorkflowExecution")
		require.Equal(t, 1, requests[polls], "%s: %v", wait, requests)
		require.LessOrEqual(t, sum(requests), few+int(perSecond*time.Since(began).Seconds()), requests)
	}

	requireStops(t, appID, jobID, "before")
}

func TestWaitForAnEndedJobRespondsWithItsOutcome(t *testing.T) {
	t.Parallel()

	request := with(runScenario("7", "Main", object{}), object{"jobId": uuid.NewString(), "noResultSchema": true})
	first := api().execute(t, request)
	require.Equal(t, http.StatusOK, first.status, first.text)

	for _, seconds := range []int{0, 60} {
		again := api().execute(t, with(request, object{"waitSeconds": seconds}))
		require.Equal(t, http.StatusOK, again.status, again.text)
		require.JSONEq(t, first.text, again.text)
	}
}

// The worker of the shared system reports the ends of its jobs to an API server that has only these reports and its own client.
func TestEndReportedInTheProcessCostsNoRequest(t *testing.T) {
	t.Parallel()

	api, counting := serveCounting(t, apiserver.Options{}, func(options *jobservice.Options) { options.Ends = &shared.ends })
	polling, _ := serveCounting(t, apiserver.Options{})
	appID := newApp(t, map[string]string{
		"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
		"scenarios/Completes.yaml": `
steps:
  - {opName: Transform, opParams: {source: stage, query: SELECT 1 AS n, returnResult: true, resultName: one}}
  - {opName: Return, opParams: {value: 7}}
`,
		"scenarios/Fails.yaml": `
steps:
  - {opName: Transform, opParams: {source: stage, query: SELECT 1 AS n, returnResult: true, resultName: one}}
  - {opName: Fail, opParams: {code: no_luck, message: No luck}}
`,
	})

	for scenario, status := range map[string]int{"Completes": http.StatusOK, "Fails": http.StatusUnprocessableEntity} {
		for range 5 {
			request := with(runScenario(appID, scenario, object{}), object{"jobId": uuid.NewString()})
			began := time.Now()
			got := api.execute(t, request)
			require.Equal(t, status, got.status, got.text)

			// On a busy machine, a job takes longer than the time before the first poll.
			if time.Since(began) < 500*time.Millisecond {
				require.Equal(t, map[string]int{"StartWorkflowExecution": 1}, counting.of(request["jobId"].(string)))
			}

			// The history has the same outcome.
			again := polling.execute(t, request)
			require.Equal(t, got.status, again.status)
			require.JSONEq(t, got.text, again.text)
		}
	}

	// A stopped job.
	stopping, jobID := newApp(t, stopApp("{title: Long, opName: Wait, opParams: {duration: 1h}}")), uuid.NewString()
	request := with(runScenario(stopping, "Main", object{}), object{"jobId": jobID})
	wait := api.startExecute(t, request)

	await(t, func() bool { return api.status(t, stopping, jobID).status == http.StatusOK })
	api.awaitStatus(t, stopping, jobID, isWaitingLong)
	requireStops(t, stopping, jobID, "before")

	got := wait()
	require.Equal(t, "stopped", got.result(t)["status"])
	require.JSONEq(t, got.text, polling.execute(t, request).text)
}
