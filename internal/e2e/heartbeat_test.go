package e2e_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/activities"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/internal/temporalclient"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source/pool"
	"github.com/jobwright/jobwright/worker"
)

// heartbeatBlocker makes heartbeats fail for some time after the first one.
type heartbeatBlocker struct {
	duration time.Duration

	mutex    sync.Mutex
	since    time.Time
	received bool // Whether Temporal has received a heartbeat afterwards.
}

func (b *heartbeatBlocker) intercept(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	if method != workflowservice.WorkflowService_RecordActivityTaskHeartbeat_FullMethodName {
		return invoke(ctx, method, request, reply, connection, options...)
	}

	b.mutex.Lock()
	defer b.mutex.Unlock()

	if b.since.IsZero() {
		b.since = time.Now()
	}

	if time.Since(b.since) < b.duration {
		return status.Error(codes.Unavailable, "unreachable")
	}

	err := invoke(ctx, method, request, reply, connection, options...)
	b.received = b.received || err == nil

	return err
}

func (b *heartbeatBlocker) hasReceived() bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	return b.received
}

// startLoad starts a worker whose heartbeats pass through the interceptors, and a job that loads a table into a locked database.
// release unlocks the database.
func startLoad(t *testing.T, interceptors ...grpc.UnaryClientInterceptor) (run client.WorkflowRun, release func()) {
	t.Helper()

	appID, queue := newApp(t, lockedApp), uuid.NewString()
	release = lockDatabase(t, shared.dir, appID)

	connection, err := client.Dial(client.Options{
		HostPort: shared.temporal.Frontend, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{
			DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(interceptors...)},
		},
	})
	require.NoError(t, err)
	t.Cleanup(connection.Close)

	sources := pool.New(worker.Drivers())
	t.Cleanup(func() { require.NoError(t, sources.Close()) })

	loading := sdkworker.New(connection, queue, sdkworker.Options{MaxHeartbeatThrottleInterval: time.Second})
	loading.RegisterWorkflowWithOptions(func(ctx workflow.Context) (attempt int32, err error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Hour, HeartbeatTimeout: 15 * time.Second,
			RetryPolicy: &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, BackoffCoefficient: 1},
		})

		return attempt, workflow.ExecuteActivity(ctx, "Load").Get(ctx, &attempt)
	}, workflow.RegisterOptions{Name: "Load"})

	operations := activities.New(shared.apps, seal.Keys{}, sources, shared.results, connection, shared.dir, time.Second)
	loading.RegisterActivityWithOptions(func(ctx context.Context) (attempt int32, err error) {
		_, err = operations.LoadTableFromSource(ctx, job.Task{AppID: appID, JobID: queue, Step: "1"}, scenario.LoadTableFromSource{
			Source: "files", Table: "people.csv", TargetSource: "locked", TargetTable: "people",
		})

		return activity.GetInfo(ctx).Attempt, err
	}, activity.RegisterOptions{Name: "Load"})
	require.NoError(t, loading.Start())
	t.Cleanup(loading.Stop)

	run, err = shared.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: queue, TaskQueue: queue}, "Load")
	require.NoError(t, err)

	return run, release
}

// The SDK cancels a heartbeat when the next one is due, here after a second.
func TestShortHeartbeatOutageEndsNoStep(t *testing.T) {
	t.Parallel()

	outage := &heartbeatBlocker{duration: 2 * time.Second}
	run, release := startLoad(t, temporalclient.PatientHeartbeats, outage.intercept)

	require.Eventually(t, outage.hasReceived, time.Minute, 10*time.Millisecond)
	release()

	var attempt int32

	require.NoError(t, run.Get(t.Context(), &attempt))
	require.EqualValues(t, 1, attempt)
}

func TestLongHeartbeatOutageFailsTheAttempt(t *testing.T) {
	t.Parallel()

	run, _ := startLoad(t, (&heartbeatBlocker{duration: time.Hour}).intercept)

	var failure *failurepb.Failure

	require.Eventually(t, func() bool {
		found, err := shared.client.DescribeWorkflowExecution(t.Context(), run.GetID(), "")
		if err != nil {
			return false
		}

		for _, pending := range found.GetPendingActivities() {
			failure = pending.GetLastFailure()
		}

		return failure != nil
	}, time.Minute, 10*time.Millisecond)
	require.Contains(t, failure.GetMessage(), "could not reach Temporal")
	require.Equal(t, job.CodeWorkerCutOff, failure.GetApplicationFailureInfo().GetType())
	require.False(t, failure.GetApplicationFailureInfo().GetNonRetryable())
	require.NoError(t, shared.client.TerminateWorkflow(t.Context(), run.GetID(), "", "the test ends"))
}
