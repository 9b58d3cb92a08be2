package temporalclient_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/internal/temporalclient"
)

const heartbeat = workflowservice.WorkflowService_RecordActivityTaskHeartbeat_FullMethodName

// answers stands in for Temporal. It returns those errors, one per call.
func answers(errs ...error) (invoke grpc.UnaryInvoker, calls *int) {
	calls = new(int)

	return func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
		if ctx.Err() != nil {
			return status.FromContextError(ctx.Err()).Err()
		}

		*calls++

		return errs[min(*calls, len(errs))-1]
	}, calls
}

func TestPatientHeartbeatsRetriesBeyondTheDeadline(t *testing.T) {
	t.Parallel()

	away, full, gone := status.Error(codes.Unavailable, "away"), status.Error(codes.ResourceExhausted, "full"), status.Error(codes.NotFound, "gone")

	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()

	invoke, calls := answers(away, full, nil)
	require.NoError(t, temporalclient.PatientHeartbeats(late, heartbeat, nil, nil, nil, invoke))
	require.Equal(t, 3, *calls)

	invoke, calls = answers(gone)
	require.Equal(t, gone, temporalclient.PatientHeartbeats(late, heartbeat, nil, nil, nil, invoke))
	require.Equal(t, 1, *calls)

	const other = workflowservice.WorkflowService_RespondActivityTaskCompleted_FullMethodName

	invoke, calls = answers(away, nil)
	require.Equal(t, away, temporalclient.PatientHeartbeats(t.Context(), other, nil, nil, nil, invoke))
	require.Equal(t, 1, *calls)
	require.Equal(t, codes.DeadlineExceeded, status.Code(temporalclient.PatientHeartbeats(late, other, nil, nil, nil, invoke)))
}

func TestPatientHeartbeatsEndsWithTheAttemptWithoutAnError(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	calls := 0

	err := temporalclient.PatientHeartbeats(ctx, heartbeat, nil, nil, nil, func(
		context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption,
	) error {
		calls++
		if calls == 2 {
			cancel()
		}

		return status.Error(codes.Unavailable, "away")
	})
	require.NoError(t, err)
	require.LessOrEqual(t, calls, 3)
}
