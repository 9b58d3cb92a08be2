package temporalserver_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commandpb "go.temporal.io/api/command/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
)

func TestStartCreatesAMissingVisibility(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	first, service := startServer(t, dir)
	before := poller{service: service, identity: "first"}.startWorkflow(t)

	requireListed(t, service, `WorkflowId = "`+before+`" AND ExecutionStatus = "Running"`)
	require.NoError(t, first.Stop())

	lost, err := filepath.Glob(filepath.Join(dir, "temporal-visibility.db*"))
	require.NoError(t, err)
	require.NotEmpty(t, lost)

	for _, path := range lost {
		require.NoError(t, os.Remove(path))
	}

	second, service := startServer(t, dir)
	t.Cleanup(func() { require.NoError(t, second.Stop()) })

	next := poller{service: service, identity: "second"}
	after := next.startWorkflow(t)
	requireListed(t, service, `WorkflowId = "`+after+`" AND ExecutionStatus = "Running"`)

	// The workflow from before runs on, and is listed after a change.
	_, err = service.RespondWorkflowTaskCompleted(t.Context(), &workflowservice.RespondWorkflowTaskCompletedRequest{
		Namespace: namespace, TaskToken: next.workflowTask(t, before).GetTaskToken(),
		Commands: []*commandpb.Command{{
			CommandType: enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
			Attributes: &commandpb.Command_CompleteWorkflowExecutionCommandAttributes{
				CompleteWorkflowExecutionCommandAttributes: &commandpb.CompleteWorkflowExecutionCommandAttributes{},
			},
		}},
	})
	require.NoError(t, err)
	requireListed(t, service, `WorkflowId = "`+before+`" AND ExecutionStatus = "Completed"`)
}

// requireListed waits until Temporal lists a workflow for a query.
func requireListed(t *testing.T, service workflowservice.WorkflowServiceClient, query string) {
	t.Helper()

	require.Eventually(t, func() bool {
		listed, err := service.ListWorkflowExecutions(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: namespace, Query: query,
		})
		require.NoError(t, err)

		return len(listed.GetExecutions()) == 1
	}, time.Minute, 20*time.Millisecond, query)
}
