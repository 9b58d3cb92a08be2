// Package slot requests slots from the workflows that admit the jobs of an app and the steps on a source, if the app limits how
// many of them run at a time.
package slot

import (
	"context"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/job"
)

// Temporal is what Acquire uses of a client of Temporal.
type Temporal interface {
	NewWithStartWorkflowOperation(
		options client.StartWorkflowOptions, workflow any, args ...any,
	) client.WithStartWorkflowOperation
	UpdateWithStartWorkflow(
		ctx context.Context, options client.UpdateWithStartWorkflowOptions,
	) (client.WorkflowUpdateHandle, error)
}

// Acquire requests a slot. It starts the workflow of the slots unless it runs, and waits for its answer.
func Acquire(ctx context.Context, temporal Temporal, request job.SlotRequest) (answer job.SlotAnswer, err error) {
	id, summary := job.SlotsID(request.AppID, request.Source), "The slots of the running jobs of app "+request.AppID
	if request.Source != "" {
		summary = "The slots of the source " + request.Source + " of app " + request.AppID
	}

	handle, err := temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: id, TaskQueue: job.TaskQueue,
			StaticSummary:            summary,
			WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, job.SlotsWorkflow),
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: id, UpdateName: job.AcquireUpdate, Args: []any{request},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, &answer)
	}

	return answer, err
}
