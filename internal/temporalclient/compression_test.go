package temporalclient_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/stats"

	"github.com/jobwright/jobwright/internal/temporalclient"
)

// compressions records the compression of the requests that a server receives, by method.
type compressions struct {
	workflowservice.UnimplementedWorkflowServiceServer

	mu   sync.Mutex
	seen map[string][]string
}

func (c *compressions) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (c *compressions) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (c *compressions) HandleConn(context.Context, stats.ConnStats) {}

func (c *compressions) HandleRPC(_ context.Context, event stats.RPCStats) {
	if header, is := event.(*stats.InHeader); is {
		c.mu.Lock()
		defer c.mu.Unlock()

		c.seen[header.FullMethod] = append(c.seen[header.FullMethod], header.Compression)
	}
}

func TestConfigureCompressesLargeRequestsAndHistories(t *testing.T) {
	t.Parallel()

	requests := &compressions{seen: map[string][]string{}}
	server := grpc.NewServer(grpc.StatsHandler(requests))
	workflowservice.RegisterWorkflowServiceServer(server, requests)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	go server.Serve(listener) //nolint:errcheck // The end of the test stops it.

	t.Cleanup(server.Stop)

	options := client.Options{HostPort: listener.Addr().String()}
	options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionGzip{} // As for a Temporal on another machine.
	temporalclient.Configure(&options, slog.New(slog.DiscardHandler))

	temporal, err := client.NewLazyClient(options)
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	var unimplemented *serviceerror.Unimplemented

	incompressible := make([]byte, 20<<10)
	_, err = rand.Read(incompressible)
	require.NoError(t, err)

	for _, input := range [][]byte{[]byte("small"), bytes.Repeat([]byte("large"), 10_000), incompressible} {
		_, err = temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "q"}, "W", input)
		require.ErrorAs(t, err, &unimplemented)
	}

	_, err = temporal.WorkflowService().GetWorkflowExecutionHistory(t.Context(),
		&workflowservice.GetWorkflowExecutionHistoryRequest{Namespace: "default"})
	require.ErrorAs(t, err, &unimplemented)

	requests.mu.Lock()
	defer requests.mu.Unlock()

	require.Equal(t, []string{"identity", gzip.Name, gzip.Name},
		requests.seen[workflowservice.WorkflowService_StartWorkflowExecution_FullMethodName])
	require.Equal(t, []string{gzip.Name},
		requests.seen[workflowservice.WorkflowService_GetWorkflowExecutionHistory_FullMethodName])
}
