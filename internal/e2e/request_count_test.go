package e2e_test

import (
	"context"
	"maps"
	"path"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/jobservice"
)

// requestCounts counts the requests of a client to Temporal about each workflow, by method.
type requestCounts struct {
	mutex  sync.Mutex
	counts map[string]map[string]int
}

// The names of the counted requests. A long poll of a history is not counted as a read of it.
const (
	polls     = "poll"
	describes = "DescribeWorkflowExecution"
	queries   = "QueryWorkflow"
)

func (c *requestCounts) intercept(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	name := path.Base(method)
	if read, ok := request.(*workflowservice.GetWorkflowExecutionHistoryRequest); ok && read.GetWaitNewEvent() {
		name = polls
	}

	switch about := request.(type) {
	case interface {
		GetExecution() *commonpb.WorkflowExecution
	}:
		c.add(about.GetExecution().GetWorkflowId(), name)
	case interface{ GetWorkflowId() string }:
		c.add(about.GetWorkflowId(), name)
	}

	return invoke(ctx, method, request, reply, connection, options...)
}

func (c *requestCounts) add(workflowID, method string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	if c.counts == nil {
		c.counts = map[string]map[string]int{}
	}

	if c.counts[workflowID] == nil {
		c.counts[workflowID] = map[string]int{}
	}

	c.counts[workflowID][method]++
}

// of returns the requests about a workflow so far.
func (c *requestCounts) of(workflowID string) map[string]int {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	return maps.Clone(c.counts[workflowID])
}

// sum returns the number of requests.
func sum(counts map[string]int) (total int) {
	for _, count := range counts {
		total += count
	}

	return total
}

// serveCounting runs an API server until the test ends, whose requests to Temporal are counted.
func serveCounting(
	t *testing.T, options apiserver.Options, configure ...func(*jobservice.Options),
) (caller, *requestCounts) {
	t.Helper()

	counting := &requestCounts{}
	connection, err := client.Dial(client.Options{
		HostPort: shared.temporal.Frontend, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{
			DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(counting.intercept)},
		},
	})
	require.NoError(t, err)
	t.Cleanup(connection.Close)

	options.Jobs = newJobs(connection, configure...)

	return serve(t, options), counting
}
