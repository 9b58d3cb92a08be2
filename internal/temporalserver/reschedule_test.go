package temporalserver_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/jobwright/jobwright/internal/temporalserver"
)

const namespace = "default"

// startServer starts a server with the folder, and returns a client of it as soon as it responds.
func startServer(t *testing.T, dir string) (*temporalserver.Server, workflowservice.WorkflowServiceClient) {
	t.Helper()

	server, err := temporalserver.Start(temporalserver.Options{
		DataDir: dir, Address: "127.0.0.1:0", Namespace: namespace, Retention: time.Hour,
	})
	require.NoError(t, err)

	var connection client.Client

	require.Eventually(t, func() bool {
		connection, err = client.Dial(client.Options{HostPort: server.Address()})

		return err == nil
	}, time.Minute, 50*time.Millisecond)
	t.Cleanup(connection.Close)

	return server, connection.WorkflowService()
}

// poller polls tasks as a worker does.
type poller struct {
	service  workflowservice.WorkflowServiceClient
	identity string
}

// pollTimeout is much shorter than the timeouts of the tasks.
const pollTimeout = 30 * time.Second

// workflowTask starts the next workflow task of the queue.
func (p poller) workflowTask(t *testing.T, queue string) *workflowservice.PollWorkflowTaskQueueResponse {
	t.Helper()

	ctx, cancel := context.WithTimeout(t.Context(), pollTimeout)
	defer cancel()

	task, err := p.service.PollWorkflowTaskQueue(ctx, &workflowservice.PollWorkflowTaskQueueRequest{
		Namespace: namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: queue}, Identity: p.identity,
	})
	require.NoError(t, err)
	require.NotEmpty(t, task.GetTaskToken())

	return task
}

// activityTask starts the next activity task of the queue.
func (p poller) activityTask(t *testing.T, queue string) *workflowservice.PollActivityTaskQueueResponse {
	t.Helper()

	ctx, cancel := context.WithTimeout(t.Context(), pollTimeout)
	defer cancel()

	task, err := p.service.PollActivityTaskQueue(ctx, &workflowservice.PollActivityTaskQueueRequest{
		Namespace: namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: queue}, Identity: p.identity,
	})
	require.NoError(t, err)
	require.NotEmpty(t, task.GetTaskToken())

	return task
}

// startWorkflow starts a workflow with its own task queue, whose name is its ID.
func (p poller) startWorkflow(t *testing.T) (queue string) {
	t.Helper()

	queue = uuid.NewString()
	_, err := p.service.StartWorkflowExecution(t.Context(), &workflowservice.StartWorkflowExecutionRequest{
		Namespace: namespace, WorkflowId: queue, RequestId: queue, TaskQueue: &taskqueuepb.TaskQueue{Name: queue},
		WorkflowType: &commonpb.WorkflowType{Name: "Workflow"}, WorkflowTaskTimeout: durationpb.New(time.Minute),
	})
	require.NoError(t, err)

	return queue
}

// startActivity starts a workflow, and an attempt of an activity of it.
func (p poller) startActivity(t *testing.T) (queue string) {
	t.Helper()

	queue = p.startWorkflow(t)
	_, err := p.service.RespondWorkflowTaskCompleted(t.Context(), &workflowservice.RespondWorkflowTaskCompletedRequest{
		Namespace: namespace, TaskToken: p.workflowTask(t, queue).GetTaskToken(),
		Commands: []*commandpb.Command{{
			CommandType: enumspb.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
			Attributes: &commandpb.Command_ScheduleActivityTaskCommandAttributes{
				ScheduleActivityTaskCommandAttributes: &commandpb.ScheduleActivityTaskCommandAttributes{
					ActivityId: "1", ActivityType: &commonpb.ActivityType{Name: "Activity"},
					TaskQueue: &taskqueuepb.TaskQueue{Name: queue}, StartToCloseTimeout: durationpb.New(time.Hour),
				},
			},
		}},
	})
	require.NoError(t, err)

	require.EqualValues(t, 1, p.activityTask(t, queue).GetAttempt())

	return queue
}

func TestRescheduleEndsWhatDeadWorkersHadStarted(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	first, service := startServer(t, dir)

	dead, foreign := poller{service, "dead 1"}, poller{service, "foreign"}
	task := dead.startWorkflow(t)
	require.EqualValues(t, 1, dead.workflowTask(t, task).GetAttempt())

	activity, running := dead.startActivity(t), foreign.startActivity(t)

	require.NoError(t, first.Stop())

	second, service := startServer(t, dir)
	t.Cleanup(func() { require.NoError(t, second.Stop()) })
	require.NoError(t, second.Reschedule(t.Context(), "dead "))

	next := poller{service, "dead 2"}
	require.EqualValues(t, 2, next.activityTask(t, activity).GetAttempt())
	require.EqualValues(t, 2, next.workflowTask(t, task).GetAttempt())

	described, err := service.DescribeWorkflowExecution(t.Context(), &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: running},
	})
	require.NoError(t, err)
	require.Len(t, described.GetPendingActivities(), 1)
	require.EqualValues(t, 1, described.GetPendingActivities()[0].GetAttempt(), "the other process runs its attempt")

	require.NoError(t, second.Reschedule(t.Context(), "dead 1"))

	described, err = service.DescribeWorkflowExecution(t.Context(), &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: activity},
	})
	require.NoError(t, err)
	require.EqualValues(t, 2, described.GetPendingActivities()[0].GetAttempt(), "the attempt of the new worker continues")
}
