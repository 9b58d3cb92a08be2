// Package slot requests slots from the workflow that admits the jobs of an app, if the app limits how many of them run at a time.
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

// Acquire requests a slot for a job. It starts the workflow of the app's slots unless it runs, and waits for its answer.
func Acquire(ctx context.Context, temporal Temporal, request job.SlotRequest) (answer job.SlotAnswer, err error) {
	handle, err := temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: job.SlotsID(request.AppID), TaskQueue: job.TaskQueue,
			StaticSummary:            "The slots of the running jobs of app " + request.AppID,
			WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, job.SlotsWorkflow),
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: job.SlotsID(request.AppID), UpdateName: job.AcquireUpdate, Args: []any{request},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, &answer)
	}

	return answer, err
}
