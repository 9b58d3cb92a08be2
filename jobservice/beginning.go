package jobservice

import (
	"context"
	"errors"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/job"
)

// Beginning is how a job began.
type Beginning struct {
	Input      job.Input // With its program.
	At         time.Time
	FirstRunID string // The first run of its workflow.

	// The job whose step has started it, and the run of that job's workflow; empty if no step has.
	ParentID, ParentRunID string
}

// Beginning returns how the job began of which the workflow has a run with that ID. A job that continues as new has several.
func (s *Service) Beginning(ctx context.Context, jobID, runID string) (*Beginning, error) {
	found, err := s.beginning(ctx, &commonpb.WorkflowExecution{WorkflowId: jobID, RunId: runID})

	if err == nil && found.FirstRunID != runID {
		found, err = s.beginning(ctx, &commonpb.WorkflowExecution{WorkflowId: jobID, RunId: found.FirstRunID})
	}

	return found, s.asError(ctx, jobID, asJobError(jobID, err))
}

// beginning returns how a run began.
func (s *Service) beginning(ctx context.Context, run *commonpb.WorkflowExecution) (*Beginning, error) {
	first, err := s.firstEvent(ctx, run)
	if err != nil {
		return nil, err
	}

	started := first.GetWorkflowExecutionStartedEventAttributes()
	found := &Beginning{
		At: first.GetEventTime().AsTime(), FirstRunID: started.GetFirstExecutionRunId(),
		ParentID:    started.GetParentWorkflowExecution().GetWorkflowId(),
		ParentRunID: started.GetParentWorkflowExecution().GetRunId(),
	}

	return found, s.decode(started.GetInput(), &found.Input)
}

// firstEvent reads the first event of a run, which has its input.
func (s *Service) firstEvent(ctx context.Context, run *commonpb.WorkflowExecution) (*historypb.HistoryEvent, error) {
	page, err := s.options.Temporal.WorkflowService().GetWorkflowExecutionHistory(ctx,
		&workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace: s.options.Namespace, Execution: run, MaximumPageSize: 1,
		})
	if err != nil {
		return nil, err
	}

	events, err := eventsOf(page)
	if err == nil && len(events) == 0 {
		err = errors.New("the history of the job is empty")
	}

	if err != nil {
		return nil, err
	}

	return events[0], nil
}
