package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/apiserver"
)

// Temporal is reachable during the burst, and only slow. The test does not run in parallel with others, whose timeouts would pass.
//
//nolint:paralleltest // See above.
func TestBurstOfWaitingCallsIsQueuedOrRefusedHonestly(t *testing.T) {
	const calls = 300

	var (
		group     sync.WaitGroup
		responses = make([]apiResponse, calls)
		errs      = make([]error, calls)
	)

	for i := range calls {
		body, err := json.Marshal(with(runScenario("7", "Main", object{}), object{"jobId": uuid.NewString()}))
		require.NoError(t, err)

		group.Go(func() {
			responses[i], errs[i] = api().callContext(
				t.Context(), http.MethodPost, "/api/v1/executeJob.jsp", asJSON, string(body))
		})
	}

	group.Wait()

	completed := 0

	for i, got := range responses {
		require.NoError(t, errs[i])

		switch got.status {
		case http.StatusOK:
			completed++
		case http.StatusAccepted, http.StatusTooManyRequests:
			require.NotEmpty(t, got.header.Get("Retry-After"))
		default:
			require.Fail(t, "another status", got.text)
		}
	}

	require.Positive(t, completed)
}

// busyTemporal answers requests of one method as a Temporal does that is too busy: with an error of that code, while remaining is
// positive. It can also make Temporal unreachable for health checks.
type busyTemporal struct {
	method      string
	code        codes.Code
	remaining   atomic.Int64
	unreachable atomic.Bool
}

func (b *busyTemporal) intercept(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	if method == grpc_health_v1.Health_Check_FullMethodName && b.unreachable.Load() {
		return status.Error(codes.Unavailable, "unreachable")
	}

	if method == b.method && b.remaining.Add(-1) >= 0 {
		return status.Error(b.code, "busy")
	}

	return invoke(ctx, method, request, reply, connection, options...)
}

// serveBusy runs an API server until the test ends that connects to such a Temporal.
func serveBusy(t *testing.T, busy *busyTemporal) caller {
	t.Helper()

	connection, err := client.Dial(client.Options{
		HostPort: shared.temporal.Frontend, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{
			DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(busy.intercept)},
		},
	})
	require.NoError(t, err)
	t.Cleanup(connection.Close)

	return serve(t, apiserver.Options{Jobs: newJobs(connection)})
}

func TestStopIsRepeatedWhileTemporalIsBusy(t *testing.T) {
	t.Parallel()

	busy := &busyTemporal{
		method: workflowservice.WorkflowService_RequestCancelWorkflowExecution_FullMethodName, code: codes.DeadlineExceeded,
	}
	busy.remaining.Store(3)

	appID, jobID := startLongJob(t, stopApp("{title: Long, opName: Wait, opParams: {duration: 1h}}"), isWaitingLong)
	requireStop(t, object{"jobId": jobID, "status": "stop started"}, serveBusy(t, busy).stop(t, appID, jobID))
	require.Equal(t, "stopped", api().awaitStatus(t, appID, jobID, ended)["status"])
}

func TestStartIsRepeatedWhileTemporalIsBusyAndStartsOnce(t *testing.T) {
	t.Parallel()

	busy := &busyTemporal{
		method: workflowservice.WorkflowService_StartWorkflowExecution_FullMethodName, code: codes.DeadlineExceeded,
	}
	busy.remaining.Store(3)

	jobID := uuid.NewString()
	got := serveBusy(t, busy).execute(t, with(runScenario("7", "Main", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	requireOneRun(t, jobID)
}

func TestBusyTemporalIsNotReportedAsUnreachable(t *testing.T) {
	t.Parallel()

	for name, row := range map[string]struct {
		unreachable bool
		status      int
		code        string
	}{
		"busy":        {false, http.StatusTooManyRequests, "too_many_requests"},
		"unreachable": {true, http.StatusServiceUnavailable, "temporal_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			busy := &busyTemporal{
				method: workflowservice.WorkflowService_DescribeWorkflowExecution_FullMethodName, code: codes.DeadlineExceeded,
			}
			busy.remaining.Store(1_000)
			busy.unreachable.Store(row.unreachable)

			got := serveBusy(t, busy).status(t, "7", uuid.NewString())
			require.Equal(t, row.status, got.status, got.text)
			require.Equal(t, row.code, got.result(t)["code"])
			require.NotEmpty(t, got.header.Get("Retry-After"))
		})
	}
}
