package temporalclient_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	commandpb "go.temporal.io/api/command/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/internal/temporalclient"
)

const taskCompleted = workflowservice.WorkflowService_RespondWorkflowTaskCompleted_FullMethodName

// commands returns commands of these types.
func commands(types ...enumspb.CommandType) (of []*commandpb.Command) {
	for _, kind := range types {
		of = append(of, &commandpb.Command{CommandType: kind})
	}

	return of
}

// completeTask completes a workflow task through the interceptor. Temporal responds with err.
func completeTask(
	ctx context.Context, ends *temporalclient.Ends, request *workflowservice.RespondWorkflowTaskCompletedRequest, err error,
) error {
	return ends.Intercept(ctx, taskCompleted, request, nil, nil, func(
		context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption,
	) error {
		return err
	})
}

// reported returns the command that the channel has received, or nil.
func reported(end <-chan *commandpb.Command) *commandpb.Command {
	select {
	case command := <-end:
		return command
	default:
		return nil
	}
}

func TestEndsReportsClosingCommandsThatTemporalAccepted(t *testing.T) {
	t.Parallel()

	const (
		timer       = enumspb.COMMAND_TYPE_START_TIMER
		complete    = enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION
		fail        = enumspb.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION
		cancel      = enumspb.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION
		continueNew = enumspb.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION
	)

	rejected := status.Error(codes.InvalidArgument, "UnhandledCommand")

	for name, row := range map[string]struct {
		request *workflowservice.RespondWorkflowTaskCompletedRequest
		err     error
		want    enumspb.CommandType // 0 for no report.
	}{
		"a completion": {
			request: &workflowservice.RespondWorkflowTaskCompletedRequest{
				ResourceId: "workflow:night-1", Commands: commands(timer, complete),
			},
			want: complete,
		},
		"a failure": {
			request: &workflowservice.RespondWorkflowTaskCompletedRequest{ResourceId: "workflow:night-1", Commands: commands(fail)},
			want:    fail,
		},
		"a cancellation": {
			request: &workflowservice.RespondWorkflowTaskCompletedRequest{ResourceId: "workflow:night-1", Commands: commands(cancel)},
			want:    cancel,
		},
		"the first of two ends": {
			request: &workflowservice.RespondWorkflowTaskCompletedRequest{
				ResourceId: "workflow:night-1", Commands: commands(fail, complete),
			},
			want: fail,
		},
		"no end": {
			request: &workflowservice.RespondWorkflowTaskCompletedRequest{ResourceId: "workflow:night-1", Commands: commands(timer)},
		},
		"a continuation": {
			request: &workflowservice.RespondWorkflowTaskCompletedRequest{
				ResourceId: "workflow:night-1", Commands: commands(continueNew),
			},
		},
		"a rejected completion": {
			request: &workflowservice.RespondWorkflowTaskCompletedRequest{
				ResourceId: "workflow:night-1", Commands: commands(complete),
			},
			err: rejected,
		},
		"a page of a large completion": {
			request: &workflowservice.RespondWorkflowTaskCompletedRequest{
				ResourceId: "workflow:night-1", Commands: commands(complete), IntermediatePage: true,
			},
		},
		"another workflow": {
			request: &workflowservice.RespondWorkflowTaskCompletedRequest{
				ResourceId: "workflow:night-10", Commands: commands(complete),
			},
		},
		"no workflow": {
			request: &workflowservice.RespondWorkflowTaskCompletedRequest{ResourceId: "night-1", Commands: commands(complete)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var ends temporalclient.Ends

			end, stop := ends.Watch("night-1")
			defer stop()

			require.Equal(t, row.err, completeTask(t.Context(), &ends, row.request, row.err))
			require.Equal(t, row.want, reported(end).GetCommandType())
		})
	}
}

func TestEndsReportsToAllWatchersThatHaveNotStopped(t *testing.T) {
	t.Parallel()

	var ends temporalclient.Ends

	request := &workflowservice.RespondWorkflowTaskCompletedRequest{
		ResourceId: "workflow:日本語/1", Commands: commands(enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION),
	}

	first, stopFirst := ends.Watch("日本語/1")
	second, stopSecond := ends.Watch("日本語/1")
	stopped, stop := ends.Watch("日本語/1")

	stop()
	require.NoError(t, completeTask(t.Context(), &ends, request, nil))
	require.NoError(t, completeTask(t.Context(), &ends, request, nil)) // It waits for no reader.
	require.NotNil(t, reported(first))
	require.Nil(t, reported(first))
	require.NotNil(t, reported(second))
	require.Nil(t, reported(stopped))

	// A later watcher waits for the next end, and stopping an earlier one does not stop it.
	later, stopLater := ends.Watch("日本語/1")
	require.Nil(t, reported(later))
	stopFirst()
	stopSecond()
	stop()
	require.NoError(t, completeTask(t.Context(), &ends, request, nil))
	require.NotNil(t, reported(later))
	require.Nil(t, reported(first))
	stopLater()
}

// The race detector verifies the accesses.
func TestEndsServesConcurrentWatchers(t *testing.T) {
	t.Parallel()

	var (
		ends  temporalclient.Ends
		group sync.WaitGroup
	)

	for i := range 50 {
		id := fmt.Sprint("night-", i%5)

		group.Go(func() {
			_, stop := ends.Watch(id)
			stop()
		})
		group.Go(func() {
			end, stop := ends.Watch(fmt.Sprint("own-", i))
			defer stop()

			for _, workflow := range []string{id, fmt.Sprint("own-", i)} {
				request := &workflowservice.RespondWorkflowTaskCompletedRequest{
					ResourceId: "workflow:" + workflow, Commands: commands(enumspb.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION),
				}
				if err := completeTask(t.Context(), &ends, request, nil); err != nil {
					t.Error(err)
				}
			}

			if reported(end) == nil {
				t.Error("no end was reported")
			}
		})
	}

	group.Wait()
}
