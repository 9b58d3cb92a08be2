package e2e_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commandpb "go.temporal.io/api/command/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"

	"github.com/jobwright/jobwright/internal/temporalclient"
)

// rejections counts the completions of workflow tasks that Temporal has rejected.
type rejections struct{ atomic.Int32 }

func (r *rejections) intercept(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	err := invoke(ctx, method, request, reply, connection, options...)

	if _, isCompletion := request.(*workflowservice.RespondWorkflowTaskCompletedRequest); isCompletion && err != nil {
		r.Add(1)
	}

	return err
}

// endings is a worker of workflows that end in different ways, and the client whose ends are watched.
type endings struct {
	ends       temporalclient.Ends
	rejections rejections
	client     client.Client
	queue      string
	attempts   atomic.Int32 // Of the workflow Rejected.
}

func newEndings(t *testing.T) *endings {
	t.Helper()

	e := &endings{queue: uuid.NewString()}
	options := client.Options{HostPort: shared.temporal.Frontend, ConnectionOptions: client.ConnectionOptions{
		DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(e.rejections.intercept)},
	}}
	temporalclient.Configure(&options, slog.New(slog.DiscardHandler))
	e.ends.AddTo(&options)

	var err error

	e.client, err = client.Dial(options)
	require.NoError(t, err)
	t.Cleanup(e.client.Close)

	jobs := sdkworker.New(e.client, e.queue, sdkworker.Options{})

	for name, run := range map[string]any{
		"Complete": func(workflow.Context) (string, error) { return "done", nil },
		"Fail":     func(workflow.Context) (string, error) { return "", errors.New("the disk is full") },
		"Cancel": func(ctx workflow.Context) (string, error) {
			ctx.Done().Receive(ctx, nil)

			return "", ctx.Err()
		},
		"Continue": e.continueAsNew,
		"Rejected": e.rejectFirst,
	} {
		jobs.RegisterWorkflowWithOptions(run, workflow.RegisterOptions{Name: name})
	}

	require.NoError(t, jobs.Start())
	t.Cleanup(jobs.Stop)

	return e
}

// continueAsNew is a workflow of three runs.
func (e *endings) continueAsNew(ctx workflow.Context, run int) (string, error) {
	if run < 3 {
		return "", workflow.NewContinueAsNewError(ctx, e.continueAsNew, run+1)
	}

	return "done in run 3", nil
}

// rejectFirst is a workflow whose first completion Temporal rejects, because a signal has arrived since the task began.
func (e *endings) rejectFirst(ctx workflow.Context) (string, error) {
	if e.attempts.Add(1) > 1 {
		return "done in task 2", nil
	}

	id := workflow.GetInfo(ctx).WorkflowExecution.ID

	return "done in task 1", e.client.SignalWorkflow(context.Background(), id, "", "late", nil)
}

// start starts a workflow, and returns the channel that receives its end.
func (e *endings) start(
	t *testing.T, id, name string, arguments ...any,
) (run client.WorkflowRun, end <-chan *commandpb.Command) {
	t.Helper()

	end, stop := e.ends.Watch(id)
	t.Cleanup(stop)

	run, err := e.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: e.queue, EnableEagerStart: true,
	}, name, arguments...)
	require.NoError(t, err)

	return run, end
}

// receive returns the next end.
func receive(t *testing.T, end <-chan *commandpb.Command) *commandpb.Command {
	t.Helper()

	select {
	case command := <-end:
		return command
	case <-time.After(time.Minute):
		require.Fail(t, "no end was reported")

		return nil
	}
}

func requireCompletion(t *testing.T, want string, command *commandpb.Command) {
	t.Helper()

	var got string

	payloads := command.GetCompleteWorkflowExecutionCommandAttributes().GetResult()
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(payloads, &got))
	require.Equal(t, want, got)
}

func TestEndsReportsEndsOfWorkflows(t *testing.T) {
	t.Parallel()

	e := newEndings(t)

	// Temporal has the end when it is reported.
	requireStored := func(run client.WorkflowRun, want enumspb.WorkflowExecutionStatus) {
		t.Helper()

		described, err := e.client.DescribeWorkflowExecution(t.Context(), run.GetID(), "")
		require.NoError(t, err)
		require.Equal(t, want, described.GetWorkflowExecutionInfo().GetStatus())
	}

	run, end := e.start(t, "日本語/"+uuid.NewString(), "Complete")
	requireCompletion(t, "done", receive(t, end))
	requireStored(run, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)

	run, end = e.start(t, uuid.NewString(), "Fail")
	failure := receive(t, end).GetFailWorkflowExecutionCommandAttributes().GetFailure()
	require.Equal(t, "the disk is full", failure.GetMessage())
	requireStored(run, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED)

	run, end = e.start(t, uuid.NewString(), "Cancel")
	require.NoError(t, e.client.CancelWorkflow(t.Context(), run.GetID(), ""))
	require.NotNil(t, receive(t, end).GetCancelWorkflowExecutionCommandAttributes())
	requireStored(run, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED)

	run, end = e.start(t, uuid.NewString(), "Continue", 1)
	requireCompletion(t, "done in run 3", receive(t, end))
	requireStored(run, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)
}

func TestEndsReportsNoEndThatTemporalRejected(t *testing.T) {
	t.Parallel()

	e := newEndings(t)

	_, end := e.start(t, uuid.NewString(), "Rejected")
	requireCompletion(t, "done in task 2", receive(t, end))
	require.EqualValues(t, 1, e.rejections.Load())
}
