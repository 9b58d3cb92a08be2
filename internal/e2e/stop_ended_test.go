package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"github.com/jobwright/jobwright/apiserver"
)

// TestStopOfAJobThatEndsMeanwhile lets a job complete after the API server has seen it running, and before it asks Temporal to
// stop it.
func TestStopOfAJobThatEndsMeanwhile(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, listApp), uuid.NewString()
	completed := false

	signal, err := json.Marshal(object{"apiKey": callerKey, "appId": appID, "jobId": jobID, "signal": "go"})
	require.NoError(t, err)

	complete := func(
		ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
		options ...grpc.CallOption,
	) error {
		if path.Base(method) == "SignalWorkflowExecution" && !completed {
			completed = true

			got, err := api().callContext(ctx, http.MethodPost, "/api/v1/signalJob", asJSON, string(signal))
			if err != nil {
				return err
			}

			if got.status != http.StatusOK {
				return fmt.Errorf("signalJob responds: %s", got.text)
			}

			if err := shared.client.GetWorkflow(ctx, jobID, "").Get(ctx, nil); err != nil {
				return err
			}
		}

		return invoke(ctx, method, request, reply, connection, options...)
	}

	temporal, err := dial(shared.temporal.Frontend, slog.New(slog.DiscardHandler), func(options *client.Options) {
		options.ConnectionOptions.DialOptions = append(options.ConnectionOptions.DialOptions,
			grpc.WithChainUnaryInterceptor(complete))
	})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)

	server := serve(t, apiserver.Options{Jobs: newJobs(temporal)})

	got := server.execute(t, with(runScenario(appID, "Waits", object{}), object{"jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	query := url.Values{"apiKey": {devKey}, "appId": {appID}, "jobId": {jobID}}
	got = server.call(t, http.MethodGet, "/api/v1/stopJob?"+query.Encode(), nil, "")
	require.True(t, completed)
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, object{"jobId": jobID, "status": "already completed", "jobStatus": "completed"}, got.result(t))
}
