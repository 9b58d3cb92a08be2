package e2e_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/apiserver"
)

// loss lets Temporal do what it is asked to, and then loses some of its answers.
type loss struct {
	mutex sync.Mutex
	code  codes.Code     // What the client is told in place of the answer.
	left  int            // How many answers of each method are still lost.
	lost  map[string]int // How many were.
}

// set makes the next answers of each method, as many as that, get lost.
func (l *loss) set(code codes.Code, answers int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	l.code, l.left, l.lost = code, answers, map[string]int{}
}

func (l *loss) intercept(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	err := invoke(ctx, method, request, reply, connection, options...)

	l.mutex.Lock()
	defer l.mutex.Unlock()

	if name := path.Base(method); err == nil && l.lost[name] < l.left {
		l.lost[name]++
		err = status.Error(l.code, "the answer was lost")
	}

	return err
}

// withLosses returns an API server whose answers from Temporal get lost.
func withLosses(t *testing.T) (caller, *loss) {
	t.Helper()

	losing := &loss{}
	quiet := slog.New(slog.DiscardHandler)

	temporal, err := client.Dial(client.Options{
		HostPort: shared.temporal.Address(), Logger: sdklog.NewStructuredLogger(quiet),
		ConnectionOptions: client.ConnectionOptions{
			DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(losing.intercept)},
		},
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	server := httptest.NewServer(apiserver.New(apiserver.Options{
		Temporal: temporal, Namespace: client.DefaultNamespace, Apps: shared.apps, Results: shared.results,
		LoopbackKey: devKey, Log: quiet,
	}))
	t.Cleanup(server.Close)

	return caller{server.URL}, losing
}

// always is more answers than anybody waits for.
const always = 1_000_000

// TestCallCanBeRepeatedAfterALostResponseOfTemporal has Temporal do what it is asked to, and then tells the API
// server that it has not: once, which nobody may notice, and for as long as the call takes, which its caller may repeat.
func TestCallCanBeRepeatedAfterALostResponseOfTemporal(t *testing.T) {
	t.Parallel()

	seen := map[string]bool{}

	for _, code := range []codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted} {
		for _, answers := range []int{1, always} {
			api, losing := withLosses(t)

			// settled makes a call whose answers get lost, and repeats it when they no longer do, if it was answered so.
			settled := func(call func() answer) answer {
				losing.set(code, answers)
				got := call()

				for name := range losing.lost {
					seen[name] = true
				}

				losing.set(code, 0)

				if got.status != http.StatusServiceUnavailable && got.status != http.StatusTooManyRequests {
					return got
				}

				require.True(t, got.header.Get("Retry-After") != "" || got.body["temporal"] == false, got.text)

				// As the caller is told to, until Temporal is found to be back.
				await(t, func() bool {
					got = call()

					return got.status != http.StatusServiceUnavailable
				})

				return got
			}

			appID, jobID := newApp(t, languageApp), uuid.NewString()
			start := with(runScenario(appID, "WaitForSignal", object{}), object{"jobId": jobID, "isAsync": true})
			query := "?" + url.Values{"apiKey": {devKey}, "appId": {appID}, "jobId": {jobID}}.Encode()

			got := settled(func() answer { return api.execute(t, start) })
			require.Equal(t, http.StatusOK, got.status, got.text)
			require.Equal(t, jobID, got.result(t)["jobId"])

			different := with(runScenario(appID, "Wait", object{}), object{"jobId": jobID, "isAsync": true})
			got = settled(func() answer { return api.execute(t, different) })
			require.Equal(t, http.StatusConflict, got.status, got.text)

			got = settled(func() answer { return api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp"+query, nil, "") })
			require.Equal(t, http.StatusOK, got.status, got.text)
			require.Equal(t, "running", got.result(t)["status"])

			signal := object{
				"apiKey": callerKey, "appId": appID, "jobId": jobID, "signal": "other", "signalId": "one", "data": 1,
			}
			got = settled(func() answer { return api.signal(t, signal) })
			require.Equal(t, http.StatusOK, got.status, got.text)

			got = settled(func() answer { return api.call(t, http.MethodGet, "/readyz", nil, "") })
			require.Equal(t, http.StatusOK, got.status, got.text)

			got = settled(func() answer { return api.call(t, http.MethodGet, "/api/v1/stopJob.jsp"+query, nil, "") })
			require.Equal(t, http.StatusOK, got.status, got.text)

			again := with(start, object{"isAsync": false})
			got = settled(func() answer { return api.execute(t, again) })
			require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)
			require.Equal(t, "stopped", got.result(t)["status"])

			requireOneRun(t, jobID)
		}
	}

	for _, method := range []string{
		"StartWorkflowExecution", "DescribeWorkflowExecution", "GetWorkflowExecutionHistory", "QueryWorkflow",
		"UpdateWorkflowExecution", "RequestCancelWorkflowExecution", "DescribeTaskQueue",
	} {
		require.True(t, seen[method], "%s was never lost: %v", method, seen)
		delete(seen, method)
	}

	require.Empty(t, seen, "the API server makes other requests, which belong to this test too")
}
