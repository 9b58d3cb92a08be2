package e2e_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/apiserver"
)

// newInterruptibleServer returns an API server that can't reach Temporal while unreachable is true.
func newInterruptibleServer(t *testing.T) (api caller, unreachable *atomic.Bool) {
	t.Helper()

	unreachable = &atomic.Bool{}

	temporal, err := client.Dial(client.Options{
		HostPort: shared.temporal.Frontend, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(
			func(
				ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
				options ...grpc.CallOption,
			) error {
				if unreachable.Load() {
					return status.Error(codes.Unavailable, "unreachable")
				}

				return invoke(ctx, method, request, reply, connection, options...)
			})}},
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	return serve(t, apiserver.Options{Jobs: newJobs(temporal)}), unreachable
}

// requireUnavailable verifies that the response asks the caller to repeat the call with its jobId.
func requireUnavailable(t *testing.T, jobID string, got apiResponse) {
	t.Helper()

	require.Equal(t, http.StatusServiceUnavailable, got.status, got.text)
	require.Equal(t, "temporal_unavailable", got.result(t)["code"])
	require.Equal(t, jobID, got.result(t)["jobId"])
	require.NotEmpty(t, got.header.Get("Retry-After"))
}

func TestRepeatedCallDuringAnOutageIsUnavailable(t *testing.T) {
	t.Parallel()

	for name, change := range map[string]func(t *testing.T, file string){
		"the scenario is deleted": func(t *testing.T, file string) { t.Helper(); require.NoError(t, os.Remove(file)) },
		"the scenario is broken": func(t *testing.T, file string) {
			t.Helper()
			require.NoError(t, os.WriteFile(file, []byte("steps: 1"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			api, unreachable := newInterruptibleServer(t)
			appID, jobID := newApp(t, contractApp), uuid.NewString()
			request := with(runScenario(appID, "Outcomes", object{}), object{"jobId": jobID})

			first := api.execute(t, request)
			require.Equal(t, http.StatusOK, first.status, first.text)

			change(t, filepath.Join(shared.dir, "apps", appID, "scenarios", "Outcomes.yaml"))
			unreachable.Store(true)
			requireUnavailable(t, jobID, api.execute(t, request))

			unreachable.Store(false)
			require.Equal(t, first.text, api.execute(t, request).text)

			different := runScenario(appID, "Outcomes", object{"more": 1})
			taken := api.execute(t, with(different, object{"jobId": jobID}))
			require.Equal(t, http.StatusConflict, taken.status, taken.text)
			require.Equal(t, "job_id_taken", taken.result(t)["code"])

			unknown := api.execute(t, with(request, object{"jobId": uuid.NewString()}))
			require.Contains(t, []any{"scenario_not_found", "scenario_invalid"}, unknown.result(t)["code"])
		})
	}
}

func TestNoJobIsAcceptedWithoutTemporal(t *testing.T) {
	t.Parallel()

	api, unreachable := newInterruptibleServer(t)
	jobID := uuid.NewString()
	request := with(runScenario("7", "Main", object{}), object{"jobId": jobID, "isAsync": true})

	unreachable.Store(true)
	requireUnavailable(t, jobID, api.execute(t, request))

	_, err := shared.client.DescribeWorkflow(t.Context(), jobID, "")
	require.ErrorAs(t, err, new(*serviceerror.NotFound), "no job was started")

	unreachable.Store(false)

	got := api.execute(t, request)
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, "completed", api.awaitStatus(t, "7", jobID, ended)["status"])
	requireOneRun(t, jobID)
}

// outage makes Temporal unreachable and records the longest timeout of the requests.
type outage struct {
	mutex   sync.Mutex
	over    bool
	longest time.Duration
}

func (a *outage) intercept(
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

	return status.Error(codes.Unavailable, "unreachable")
}

// set starts or ends the outage and resets the record.
func (a *outage) set(over bool) {
	a.mutex.Lock()
	defer a.mutex.Unlock()

	a.over, a.longest = over, 0
}

// After one call has timed out, the calls that follow fail faster, until Temporal is reachable again.
func TestCallsFailFastDuringAnOutageOfTemporal(t *testing.T) {
	t.Parallel()

	outage := &outage{}
	temporal, err := client.NewLazyClient(client.Options{
		HostPort: shared.temporal.Frontend, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{
			DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(outage.intercept)},
		},
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	api := serve(t, apiserver.Options{Jobs: newJobs(temporal)})
	request := func() object {
		return with(runScenario("7", "Main", object{}), object{"jobId": uuid.NewString(), "isAsync": true})
	}

	requireOutage := func() {
		got := api.execute(t, request())
		require.Equal(t, http.StatusServiceUnavailable, got.status, got.text)
		require.NotEmpty(t, got.header.Get("Retry-After"))
	}

	requireOutage() // The first call waits: Temporal may be restarting.
	require.Greater(t, outage.longest, 2*time.Second)

	outage.set(false)
	requireOutage()
	require.LessOrEqual(t, outage.longest, time.Second)

	outage.set(true)

	got := api.execute(t, request())
	require.Equal(t, http.StatusOK, got.status, got.text)

	outage.set(false)
	requireOutage()
	require.Greater(t, outage.longest, 2*time.Second, "Temporal was reachable in between")
}
