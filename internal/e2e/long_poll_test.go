package e2e_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/apiserver"
)

// firstPollLoser loses the response to the first long poll for the end of each workflow, as Temporal's history service
// sometimes does.
type firstPollLoser struct {
	mutex sync.Mutex
	lost  map[string]bool
}

func (l *firstPollLoser) intercept(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	if poll, ok := request.(*workflowservice.GetWorkflowExecutionHistoryRequest); ok && poll.GetWaitNewEvent() &&
		l.isFirst(poll.GetExecution().GetWorkflowId()) {
		<-ctx.Done()

		return status.FromContextError(ctx.Err()).Err()
	}

	return invoke(ctx, method, request, reply, connection, options...)
}

func (l *firstPollLoser) isFirst(workflowID string) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	first := !l.lost[workflowID]
	l.lost[workflowID] = true

	return first
}

func TestWaitSurvivesALostNotification(t *testing.T) {
	t.Parallel()

	losing := &firstPollLoser{lost: map[string]bool{}}
	connection, err := client.Dial(client.Options{
		HostPort: shared.temporal.Frontend, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{
			DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(losing.intercept)},
		},
	})
	require.NoError(t, err)
	t.Cleanup(connection.Close)

	jobID := uuid.NewString()
	api := serve(t, apiserver.Options{Jobs: newJobs(connection)})
	got := api.execute(t, with(runScenario("7", "Main", object{}), object{"jobId": jobID, "waitSeconds": 10}))
	require.True(t, losing.lost[jobID], "no response was lost")
	require.Equal(t, http.StatusOK, got.status, got.text)
}
