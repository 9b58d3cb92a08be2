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

// responseLoser forwards requests to Temporal and replaces some of the responses by an error.
type responseLoser struct {
	mutex sync.Mutex
	code  codes.Code     // The error that replaces the response.
	left  int            // The number of responses of each method to lose.
	lost  map[string]int // The number of lost responses of each method.
}

// set makes it lose the next responses of each method.
func (l *responseLoser) set(code codes.Code, responses int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	l.code, l.left, l.lost = code, responses, map[string]int{}
}

func (l *responseLoser) intercept(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	err := invoke(ctx, method, request, reply, connection, options...)

	l.mutex.Lock()
	defer l.mutex.Unlock()

	if name := path.Base(method); err == nil && l.lost[name] < l.left {
		l.lost[name]++
		err = status.Error(l.code, "the response was lost")
	}

	return err
}

// newLosingServer returns an API server that loses responses of Temporal.
func newLosingServer(t *testing.T) (caller, *responseLoser) {
	t.Helper()

	losing := &responseLoser{}
	quiet := slog.New(slog.DiscardHandler)

	temporal, err := client.Dial(client.Options{
		HostPort: shared.temporal.Frontend, Logger: sdklog.NewStructuredLogger(quiet),
		ConnectionOptions: client.ConnectionOptions{
			DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(losing.intercept)},
		},
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	server := httptest.NewServer(apiserver.New(apiserver.Options{
		Jobs: newJobs(temporal), Apps: shared.apps, Results: shared.results,
		WellKnownKey: devKey, Log: quiet,
	}))
	t.Cleanup(server.Close)

	return caller{server.URL}, losing
}

// manyResponses is more responses than a test causes.
const manyResponses = 1_000_000

// Temporal processes the requests of the API server, but the responses are lost: either once, which the caller must not
// notice, or during the whole call, which the caller may repeat.
func TestCallCanBeRepeatedAfterALostResponseOfTemporal(t *testing.T) {
	t.Parallel()

	seen := map[string]bool{}

	for _, code := range []codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted} {
		for _, responses := range []int{1, manyResponses} {
			api, losing := newLosingServer(t)

			// repeated makes a call with lost responses and, if its response asks for that, repeats it without.
			repeated := func(call func() apiResponse) apiResponse {
				losing.set(code, responses)
				got := call()

				for name := range losing.lost {
					seen[name] = true
				}

				losing.set(code, 0)

				if got.status != http.StatusServiceUnavailable && got.status != http.StatusTooManyRequests {
					return got
				}

				require.True(t, got.header.Get("Retry-After") != "" || got.body["temporal"] == false, got.text)

				// The API server may still assume an outage.
				await(t, func() bool {
					got = call()

					return got.status != http.StatusServiceUnavailable
				})

				return got
			}

			appID, jobID := newApp(t, languageApp), uuid.NewString()
			start := with(runScenario(appID, "WaitForSignal", object{}), object{"jobId": jobID, "isAsync": true})
			query := "?" + url.Values{"apiKey": {devKey}, "appId": {appID}, "jobId": {jobID}}.Encode()

			got := repeated(func() apiResponse { return api.execute(t, start) })
			require.Equal(t, http.StatusOK, got.status, got.text)
			require.Equal(t, jobID, got.result(t)["jobId"])

			different := with(runScenario(appID, "Wait", object{}), object{"jobId": jobID, "isAsync": true})
			got = repeated(func() apiResponse { return api.execute(t, different) })
			require.Equal(t, http.StatusConflict, got.status, got.text)

			got = repeated(func() apiResponse { return api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp"+query, nil, "") })
			require.Equal(t, http.StatusOK, got.status, got.text)
			require.Equal(t, "running", got.result(t)["status"])

			signal := object{
				"apiKey": callerKey, "appId": appID, "jobId": jobID, "signal": "other", "signalId": "one", "data": 1,
			}
			got = repeated(func() apiResponse { return api.signal(t, signal) })
			require.Equal(t, http.StatusOK, got.status, got.text)

			got = repeated(func() apiResponse { return api.call(t, http.MethodGet, "/readyz", nil, "") })
			require.Equal(t, http.StatusOK, got.status, got.text)

			got = repeated(func() apiResponse { return api.call(t, http.MethodGet, "/api/v1/stopJob.jsp"+query, nil, "") })
			require.Equal(t, http.StatusOK, got.status, got.text)

			again := with(start, object{"isAsync": false})
			got = repeated(func() apiResponse { return api.execute(t, again) })
			require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)
			require.Equal(t, "stopped", got.result(t)["status"])

			requireOneRun(t, jobID)
		}
	}

	for _, method := range []string{
		"StartWorkflowExecution", "DescribeWorkflowExecution", "GetWorkflowExecutionHistory", "QueryWorkflow",
		"UpdateWorkflowExecution", "SignalWorkflowExecution", "RequestCancelWorkflowExecution", "DescribeTaskQueue",
		"Check",
	} {
		require.True(t, seen[method], "%s was never lost: %v", method, seen)
		delete(seen, method)
	}

	require.Empty(t, seen, "the API server makes other requests, which this test must cover")
}
