package apiserver

import (
	"context"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// origin is what started a job, as its status shows it.
type origin struct {
	App        string            `json:"app"`
	Scenario   string            `json:"scenario,omitempty"` // A job of a single operation has none.
	Caller     string            `json:"caller,omitempty"`   // The name of the access that started the job.
	Labels     map[string]string `json:"labels,omitempty"`
	Parameters jsonvalue.Object  `json:"parameters,omitempty"`
	StartedAt  time.Time         `json:"startedAt"`
}

// originOf returns the origin of a described job, without its parameters. After a continue-as-new, Temporal's start time is
// that of the last run.
func originOf(described *workflowservice.DescribeWorkflowExecutionResponse) origin {
	return origin{
		App:       memoField[string](described, job.MemoAppID),
		Scenario:  memoField[string](described, job.MemoScenario),
		Caller:    memoField[string](described, job.MemoCaller),
		Labels:    memoField[map[string]string](described, job.MemoLabels),
		StartedAt: described.GetWorkflowExecutionInfo().GetStartTime().AsTime(),
	}
}

// addOrigin adds its origin to the outcome of a job.
func (s *Server) addOrigin(
	ctx context.Context, ended *outcome, described *workflowservice.DescribeWorkflowExecutionResponse,
) error {
	found := originOf(described)
	if !ended.startedAt.IsZero() {
		found.StartedAt = ended.startedAt
	}

	var err error

	found.Parameters, err = s.parametersOf(ctx, described.GetWorkflowExecutionInfo().GetExecution())
	ended.origin = &found

	return err
}

// parametersOf reads the parameters of a job from the first event of a run, which has the job's input.
func (s *Server) parametersOf(ctx context.Context, execution *commonpb.WorkflowExecution) (jsonvalue.Object, error) {
	history, err := s.options.Temporal.WorkflowService().GetWorkflowExecutionHistory(ctx,
		&workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace: s.options.Namespace, Execution: execution, MaximumPageSize: 1,
		})
	if err != nil || len(history.GetHistory().GetEvents()) == 0 {
		return nil, err
	}

	started := history.GetHistory().GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()

	var input struct {
		Parameters jsonvalue.Object `json:"parameters"`
	}

	// The second payload of a continued job is its checkpoint.
	err = converter.GetDefaultDataConverter().FromPayload(started.GetInput().GetPayloads()[0], &input)

	return job.HideSecrets(input.Parameters), err
}
