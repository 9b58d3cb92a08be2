package e2e_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// The test has a separate worker, whose activity reports the expected progress.
func TestStatusReportsTheProgressOfAStep(t *testing.T) {
	t.Parallel()

	appID, jobID, queue := newApp(t, contractApp), uuid.NewString(), uuid.NewString()

	reporting := worker.New(shared.client, queue, worker.Options{})
	reporting.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{ActivityID: "1", StartToCloseTimeout: time.Hour})

		return workflow.ExecuteActivity(ctx, "HTTPRequest").Get(ctx, nil)
	}, workflow.RegisterOptions{Name: job.Workflow})
	reporting.RegisterActivityWithOptions(func(ctx context.Context) error {
		percent := int64(50)
		activity.RecordHeartbeat(ctx, job.Progress{
			Rows: 7, Bytes: 70_000,
			Advance: job.Advance{TotalBytes: 140_000, Percent: &percent, BytesPerSecond: 7_000, RemainingSeconds: 10},
		})
		<-ctx.Done()

		return ctx.Err()
	}, activity.RegisterOptions{Name: "HTTPRequest"})
	require.NoError(t, reporting.Start())
	t.Cleanup(reporting.Stop)

	_, err := shared.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: jobID, TaskQueue: queue, Memo: map[string]any{job.MemoAppID: appID},
	}, job.Workflow)
	require.NoError(t, err)

	running := api().awaitStatus(t, appID, jobID, func(result object) bool {
		steps := result["steps"].([]any)

		return len(steps) == 1 && steps[0].(object)["rows"] == 7.0
	})
	step := running["steps"].([]any)[0].(object)
	delete(step, "startedAt")
	require.Equal(t, object{
		"path": "1", "title": "HTTPRequest", "opName": "HTTPRequest", "state": "running", "attempt": 1.0, "rows": 7.0,
		"bytes": 70_000.0, "totalBytes": 140_000.0, "percent": 50.0, "bytesPerSecond": 7_000.0, "remainingSeconds": 10.0,
	}, step)
	require.NoError(t, shared.client.TerminateWorkflow(t.Context(), jobID, "", "the test ends"))
}

// A worker reports nothing about an attempt that timed out, but the attempts are counted.
func TestTimedOutStepReportsItsAttempts(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(server.Close)

	appID := newApp(t, map[string]string{
		"app.yaml": "sources:\n  silent: {kind: HTTPSource, url: \"" + server.URL + "\"}\n",
		"scenarios/Main.yaml": `
steps:
  - {opName: HTTPRequest, timeout: 500ms, retry: {maximumAttempts: 2, initialInterval: 10ms}, opParams: {source: silent, path: /}}
`,
	})

	got := api().execute(t, runScenario(appID, "Main", object{}))
	require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)
	require.Equal(t, "step_timed_out", got.result(t)["code"], got.text)
	require.InEpsilon(t, 2.0, got.result(t)["attempts"], 0, got.text)
}
