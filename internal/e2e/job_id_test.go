package e2e_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// gRPC refuses headers that are not ASCII, and clients of Temporal send the ID of the workflow in one.
func TestCallsAcceptJobIDsThatAreNotASCII(t *testing.T) {
	t.Parallel()

	appID := newApp(t, stopApp("{opName: Wait, opParams: {duration: 1h}}"))

	for _, prefix := range []string{"é", "日本語", "50 % ☂️"} {
		t.Run(prefix, func(t *testing.T) {
			t.Parallel()

			jobID := prefix + uuid.NewString()
			completing := with(runScenario("7", "Main", object{}), object{"jobId": jobID})
			got := api().execute(t, completing)
			require.Equal(t, http.StatusOK, got.status, got.text)
			require.Equal(t, jobID, got.result(t)["jobId"])
			requireResults(t, exampleResults, got.result(t)["results"])

			status := api().status(t, "7", jobID)
			require.Equal(t, http.StatusOK, status.status, status.text)
			require.Equal(t, "completed", status.result(t)["status"])
			requireResults(t, exampleResults, status.result(t)["results"])
			require.Equal(t, got.text, api().execute(t, completing).text, "the repeated call finds the job")

			signalled := prefix + uuid.NewString()
			waitingApp := newApp(t, languageApp)
			wait := api().startExecute(t, with(runScenario(waitingApp, "WaitForSignal", object{}), object{"jobId": signalled}))
			await(t, func() bool { return api().status(t, waitingApp, signalled).status == http.StatusOK })
			api().awaitStatus(t, waitingApp, signalled, func(result object) bool { return result["signals"] != nil })

			sent := api().signal(t, object{"apiKey": callerKey, "appId": waitingApp, "jobId": signalled, "signal": "go-WaitForSignal"})
			require.Equal(t, http.StatusOK, sent.status, sent.text)

			completed := wait()
			require.Equal(t, http.StatusOK, completed.status, completed.text)

			stopping := prefix + uuid.NewString()
			started := api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": stopping, "isAsync": true}))
			require.Equal(t, http.StatusOK, started.status, started.text)
			requireStop(t, object{"jobId": stopping, "status": "stop started"}, api().stop(t, appID, stopping))
			require.Equal(t, "stopped", api().awaitStatus(t, appID, stopping, ended)["status"])
		})
	}
}
