package e2e_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/apiserver"
)

// absence is a Temporal that can't be reached. It notes how long its callers would wait for it.
type absence struct {
	mutex   sync.Mutex
	over    bool
	longest time.Duration
}

func (a *absence) intercept(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	a.mutex.Lock()
	defer a.mutex.Unlock()

	if a.over {
		return invoke(ctx, method, request, reply, connection, options...)
	}

	deadline, _ := ctx.Deadline()
	a.longest = max(a.longest, time.Until(deadline))

	return status.Error(codes.Unavailable, "nobody is there")
}

// set begins to note anew.
func (a *absence) set(over bool) {
	a.mutex.Lock()
	defer a.mutex.Unlock()

	a.over, a.longest = over, 0
}

// When one call has waited for Temporal in vain, the next ones are told at once, until it is back.
func TestWhileTemporalIsAwayCallsDoNotWaitForIt(t *testing.T) {
	t.Parallel()

	away := &absence{}
	temporal, err := client.NewLazyClient(client.Options{
		HostPort: shared.temporal.Address(), Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{
			DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(away.intercept)},
		},
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	api := serve(t, apiserver.Options{Temporal: temporal, Namespace: client.DefaultNamespace})
	request := func() object {
		return with(runScenario("7", "Main", object{}), object{"jobId": uuid.NewString(), "isAsync": true})
	}

	requireAway := func() {
		got := api.execute(t, request())
		require.Equal(t, http.StatusServiceUnavailable, got.status, got.text)
		require.NotEmpty(t, got.header.Get("Retry-After"))
	}

	requireAway() // It may be a restart.
	require.Greater(t, away.longest, 2*time.Second)

	away.set(false)
	requireAway()
	require.LessOrEqual(t, away.longest, time.Second)

	away.set(true)

	got := api.execute(t, request())
	require.Equal(t, http.StatusOK, got.status, got.text)

	away.set(false)
	requireAway()
	require.Greater(t, away.longest, 2*time.Second, "it was back")
}
