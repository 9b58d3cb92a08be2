package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/internal/testserver"
)

// TestDeleteEncryptedJobLeavesNothing deletes jobs whose payloads are encrypted in Temporal, by a jobId and by a label.
func TestDeleteEncryptedJobLeavesNothing(t *testing.T) {
	t.Parallel()

	p, database := newProduction(t), testserver.PostgreSQL(t)
	p.environment = append(p.environment, "JOBWRIGHT_TEST_DB="+database, "JOBWRIGHT_SECRET_KEY="+seal.New())
	writeApp(t, filepath.Join(p.apps, "8"), tracesApp)

	left := newTraces(t, p, shared.temporal.Frontend, database)
	_, api := p.apiserver(t, "--encrypt-payloads")
	auditLog := filepath.Join(t.TempDir(), "audit")
	p.worker(t, "--encrypt-payloads", "--audit-log", auditLog)

	byID, byLabel, kept := "by-id-"+uuid.NewString(), "by-label-"+uuid.NewString(), "kept-"+uuid.NewString()

	for id, person := range map[string]string{byID: "1", byLabel: "2", kept: "3"} {
		got := api.execute(t, with(runScenario("8", "Main", object{}),
			object{"apiKey": callerKey, "jobId": id, "labels": object{"person": person}}))
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.Equal(t, "binary/encrypted", string(firstInput(t, left.temporal, id).GetMetadata()["encoding"]))

		require.Equal(t, 1, left.results(t, id))
		require.Equal(t, 3, left.records(t, id))
		require.Equal(t, 1, left.stageRecords(t, api, id))
		await(t, func() bool { return len(left.runs(t, id)) >= 3 }) // The job, its child, and its callback.
	}

	for id, selection := range map[string]object{byID: {"jobId": byID}, byLabel: {"labels": object{"person": "2"}}} {
		deleted := api.post(t, "deleteJob", with(selection, object{"apiKey": callerKey, "appId": "8", "waitSeconds": 60}))
		require.Equal(t, http.StatusOK, deleted.status, deleted.text)
		require.Len(t, deleted.result(t)["jobs"], 1, deleted.text)

		deletion := deleted.result(t)["jobs"].([]any)[0].(object)
		require.Equal(t, object{"jobId": id, "status": "deleted"}, pick(deletion, "jobId", "status"), deleted.text)
		require.NotContains(t, deletion, "remaining", deleted.text)

		left.requireNoTraces(t, api, id)
	}

	// The other job is complete.
	require.Equal(t, 1, left.results(t, kept))
	require.Equal(t, 3, left.records(t, kept))
	require.Equal(t, 1, left.stageRecords(t, api, kept))
	require.GreaterOrEqual(t, len(left.runs(t, kept)), 3)

	// The audit log of the worker says who has deleted which jobs.
	text, err := os.ReadFile(auditLog)
	require.NoError(t, err)

	var audited []any

	for _, line := range logLines(t, string(text), "audit") {
		require.Equal(t, object{"call": "deleteJob", "app": "8", "access": "caller", "outcome": "ok"},
			pick(line, "call", "app", "access", "outcome"))

		audited = append(audited, line["jobId"])
	}

	require.ElementsMatch(t, []any{byID, byLabel}, audited)
}
