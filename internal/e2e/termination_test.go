package e2e_test

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestAnAPIServerThatIsToldToEndAnswersWhoWaitsAndExits(t *testing.T) {
	t.Parallel()

	l := newLoading(t)
	jobID := uuid.NewString()
	waiting := l.api.executeLater(t, with(runScenario("8", "Load", object{}), object{"apiKey": callerKey, "jobId": jobID}))

	await(t, func() bool {
		got := l.api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp?"+ofJob(callerKey, "8", jobID), nil, "")

		return got.status == http.StatusOK // It was accepted, and its caller waits.
	})
	require.NoError(t, l.server.command.Process.Signal(syscall.SIGTERM))

	got := waiting()
	require.Equal(t, http.StatusAccepted, got.status, got.text)
	require.Equal(t, object{"jobId": jobID, "status": "running"}, got.result(t))
	require.Contains(t, got.header.Get("Location"), "jobId="+jobID)
	require.Equal(t, 0, l.server.end(t), l.server.output())

	l.release()
	l.server, l.api = l.apiserver(t)
	l.requireEnd(t)
}
