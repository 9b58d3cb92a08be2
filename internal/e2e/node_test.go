package e2e_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/internal/node"
	"github.com/jobwright/jobwright/internal/temporalclient"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/worker"
)

// withoutQuestions leaves requests without a response that ask Temporal for workflow tasks, or for the state of a workflow.
func withoutQuestions(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	if slices.Contains([]string{
		workflowservice.WorkflowService_PollWorkflowTaskQueue_FullMethodName,
		workflowservice.WorkflowService_GetWorkflowExecutionHistory_FullMethodName,
		workflowservice.WorkflowService_DescribeWorkflowExecution_FullMethodName,
	}, method) {
		<-ctx.Done()

		return status.FromContextError(ctx.Err()).Err()
	}

	return invoke(ctx, method, request, reply, connection, options...)
}

// The first workflow task is in the response to the start, and the end of the job is in the request that completes this task.
func TestNodeAsksTemporalForNeitherTasksNorEndsOfShortJobs(t *testing.T) {
	t.Parallel()

	appID := newApp(t, map[string]string{
		"app.yaml": "{}",
		"scenarios/Main.yaml": `
steps:
  - {opName: SetVariable, opParams: {name: half, value: 21}}
  - {opName: Return, opParams: {value: "${half * 2}"}}
`,
		"scenarios/Failing.yaml": "steps: [{opName: Fail, opParams: {code: full, message: The disk is full.}}]",
	})

	var ends temporalclient.Ends

	quiet := slog.New(slog.DiscardHandler)
	options := client.Options{HostPort: shared.temporal.Frontend, ConnectionOptions: client.ConnectionOptions{
		DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(withoutQuestions)},
	}}
	temporalclient.Configure(&options, quiet)
	ends.AddTo(&options)

	connection, err := client.Dial(options)
	require.NoError(t, err)
	t.Cleanup(connection.Close)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	ctx, stop := context.WithCancel(t.Context())
	started, ended := make(chan struct{}), make(chan error, 1)
	both := node.Node{
		Temporal: connection,
		API: apiserver.Options{
			Jobs: newJobs(connection, func(options *jobservice.Options) { options.Ends = &ends }), Apps: shared.apps,
			Results: shared.results, WellKnownKey: devKey, Log: quiet,
		},
		Listener: listener, Grace: time.Second,
		Worker: worker.Options{
			Apps: shared.apps, Results: shared.results, Namespace: client.DefaultNamespace, DataDir: shared.dir, Log: quiet,
			OnStart: func() { close(started) },
		},
	}

	go func() { ended <- both.Run(ctx) }()

	<-started

	api := caller{"http://" + listener.Addr().String()}

	got := api.execute(t, with(runScenario(appID, "Main", object{}), object{"waitSeconds": 60}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.InDelta(t, 42, got.result(t)["value"], 0, got.text)

	got = api.execute(t, with(runScenario(appID, "Failing", object{}), object{"waitSeconds": 60}))
	require.Equal(t, "full", got.result(t)["code"], got.text)

	stop()
	require.NoError(t, <-ended)
}
