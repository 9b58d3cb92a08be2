package activities

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Temporal is the part of Temporal's client that the variables and the slots of apps require.
type Temporal interface {
	NewWithStartWorkflowOperation(
		options client.StartWorkflowOptions, workflow any, arguments ...any,
	) client.WithStartWorkflowOperation

	UpdateWithStartWorkflow(
		ctx context.Context, options client.UpdateWithStartWorkflowOptions,
	) (client.WorkflowUpdateHandle, error)

	SignalWorkflow(ctx context.Context, workflowID, runID, signal string, argument any) error

	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (
		*workflowservice.DescribeWorkflowExecutionResponse, error)

	QueryWorkflow(
		ctx context.Context, workflowID, runID, queryType string, arguments ...any,
	) (converter.EncodedValue, error)
}

// SetVariable sets a variable of the app. It is idempotent: each setting takes effect once, even if another job has set the
// variable since.
func (a *Activities) SetVariable(ctx context.Context, task job.Task, variable job.Variable) error {
	return runCommand(ctx, a, task, func(ctx context.Context, s *step) error { return s.setVariable(ctx, variable) })
}

func (s *step) setVariable(ctx context.Context, variable job.Variable) error {
	variable.ID = settingID(ctx, variable.ID)

	// The first setting of an app starts the workflow of its variables.
	start := s.activities.temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID:                       job.VariablesID(s.app.ID),
		TaskQueue:                job.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "The variables of app " + s.app.ID,
	}, job.VariablesWorkflow)

	handle, err := s.activities.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateID:     variable.ID,
			UpdateName:   job.SetVariableUpdate,
			Args:         []any{variable},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, nil)
	}

	return asVariableError(err)
}

// settingID returns an ID that is unique among all settings of the app. All attempts of a step belong to the same run. The ID
// contains the run and not the jobId, which may be used again after Temporal's retention.
func settingID(ctx context.Context, id string) string {
	const longest = 200 // Bytes. The workflow stores recent IDs.

	id = activity.GetInfo(ctx).WorkflowExecution.RunID + "/" + id
	if len(id) > longest {
		id = job.Digest(id)
	}

	return id
}

func asVariableError(err error) error {
	if err == nil {
		return nil
	}

	if refused, ok := errors.AsType[*temporal.ApplicationError](err); ok && refused.Type() == job.VariableRejected {
		return limitFailuref("%s", refused.Message())
	}

	return variableFailure(err)
}

// variableFailure returns the failure of a worker that can't reach the workflow of the app's variables.
func variableFailure(err error) error {
	return &failure{
		code: job.CodeVariableStore, retryable: true, err: fmt.Errorf("the app's variables can't be reached: %w", err),
	}
}

// variables returns the variables of the app that are set.
func (s *step) variables(ctx context.Context) (jsonvalue.Object, error) {
	answer, err := s.activities.temporal.QueryWorkflow(ctx, job.VariablesID(s.app.ID), "", job.VariablesQuery)
	if _, isMissing := errors.AsType[*serviceerror.NotFound](err); isMissing {
		return jsonvalue.Object{}, nil // No variable was ever set.
	}

	if err != nil {
		return nil, variableFailure(err)
	}

	var values jsonvalue.Object
	if err := answer.Get(&values); err != nil {
		return nil, variableFailure(err)
	}

	return values, nil
}
