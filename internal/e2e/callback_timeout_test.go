package e2e_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"

	"github.com/jobwright/jobwright/apiserver"
)

// expiring makes a client start workflows with an execution timeout, as a default of Temporal's configuration does.
type expiring struct {
	interceptor.ClientInterceptorBase

	timeout time.Duration
}

func (e *expiring) InterceptClient(next interceptor.ClientOutboundInterceptor) interceptor.ClientOutboundInterceptor {
	outbound := &expiringOutbound{timeout: e.timeout}
	outbound.Next = next

	return outbound
}

type expiringOutbound struct {
	interceptor.ClientOutboundInterceptorBase

	timeout time.Duration
}

func (o *expiringOutbound) ExecuteWorkflow(
	ctx context.Context, in *interceptor.ClientExecuteWorkflowInput,
) (client.WorkflowRun, error) {
	in.Options.WorkflowExecutionTimeout = o.timeout

	return o.Next.ExecuteWorkflow(ctx, in)
}

// TestCallbackReportsAJobThatTemporalHasTimedOut verifies that the sweep finds a workflow that could not report its end itself.
func TestCallbackReportsAJobThatTemporalHasTimedOut(t *testing.T) {
	t.Parallel()

	connection, err := client.Dial(client.Options{
		HostPort: shared.temporal.Frontend, Logger: silent{},
		Interceptors: []interceptor.ClientInterceptor{&expiring{timeout: 2 * time.Second}},
	})
	require.NoError(t, err)
	t.Cleanup(connection.Close)

	r := newReceiver(t, always(http.StatusOK))
	appID, jobID := newApp(t, r.callbackApp()), uuid.NewString()

	request := with(runScenario(appID, "Wait", object{}), object{"jobId": jobID, "isAsync": true})
	got := serve(t, apiserver.Options{Jobs: newJobs(connection)}, devKey).execute(t, request)
	require.Equal(t, http.StatusOK, got.status, got.text)

	called := r.next(t)
	require.Equal(t, "job.failed", called.event)
	require.Equal(t, jobID, called.data["jobId"])
	require.Equal(t, "completedWithError", called.data["status"])
	require.Contains(t, called.data["message"], "timeout")

	shown := api().awaitStatus(t, appID, jobID, inState("delivered"))
	require.Equal(t, called.data["code"], shown["code"])
}
