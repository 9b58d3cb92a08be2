package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// start starts the job or, when the same request was made with this jobId before, finds the one that it started. It
// returns the run's ID.
func (s *Server) start(outer context.Context, call *execution, input job.Input) (runID string, err error) {
	ctx, cancel := s.outage.bound(outer)
	defer cancel()

	attributes := []temporal.SearchAttributeUpdate{job.AppAttribute.ValueSet(call.app.ID)}

	summary := fmt.Sprintf("%s · app %s", input.Program.Entry, call.app.ID)
	if call.operation["opName"] == scenario.OpRunScenario {
		attributes = append(attributes, job.ScenarioAttribute.ValueSet(input.Program.Entry))
	}

	run, err := s.options.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       call.jobID,
		TaskQueue:                                job.TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		EnableEagerStart:                         true,
		TypedSearchAttributes:                    temporal.NewSearchAttributes(attributes...),
		Memo:                                     call.memo(),
		StaticSummary:                            summary,
		StaticDetails:                            input.Program.Scenarios[input.Program.Entry].Description,
		Priority:                                 temporal.Priority{FairnessKey: call.app.ID},
	}, job.Workflow, input)

	s.outage.note(err)

	if _, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return s.attach(ctx, call)
	}

	if isDeadline(err) {
		return s.settle(outer, call, err)
	}

	if err != nil {
		return "", err
	}

	return run.GetRunID(), nil
}

// settle finds out what became of a start that ended with that error: Temporal may have done it, or, where many start one jobId
// at the same moment, may have had no turn for this one in time.
func (s *Server) settle(ctx context.Context, call *execution, unknown error) (runID string, err error) {
	runID, err = s.attach(ctx, call)
	if known, ok := errors.AsType[*callError](err); err == nil || ok && known.Code == CodeJobIDTaken {
		return runID, err
	}

	return "", unknown
}

// memo is what a workflow remembers of the call that started it.
func (e *execution) memo() map[string]any {
	return map[string]any{job.MemoAppID: e.app.ID, job.MemoFingerprint: e.fingerprint}
}

// attach finds the job with the call's jobId, if the same request started it.
func (s *Server) attach(ctx context.Context, call *execution) (runID string, err error) {
	found, err := s.describe(ctx, call.jobID)
	if err != nil {
		return "", err
	}

	fingerprint := memoText(found, job.MemoFingerprint)
	if fingerprint != call.fingerprint {
		taken := newError(http.StatusConflict, CodeJobIDTaken,
			"the jobId %s is taken by a different request (its fingerprint is %s, this one's %s); choose another jobId",
			call.jobID, job.ShortFingerprint(fingerprint), job.ShortFingerprint(call.fingerprint))
		taken.JobID = call.jobID

		return "", taken
	}

	return found.GetWorkflowExecutionInfo().GetExecution().GetRunId(), nil
}

// describe returns what Temporal knows of a job. Every jobId that a caller asks for comes here first.
func (s *Server) describe(ctx context.Context, jobID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if err := checkJobID(jobID); err != nil {
		return nil, err
	}

	ctx, cancel := s.outage.bound(ctx)
	defer cancel()

	found, err := s.options.Temporal.DescribeWorkflowExecution(ctx, jobID, "")
	s.outage.note(err)

	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return nil, noJob(jobID)
	}

	return found, err
}

func noJob(jobID string) *callError {
	missing := newError(http.StatusNotFound, CodeJobNotFound,
		"there is no job %s in this app; a job that ended is known for as long as Temporal's namespace retains it", jobID)
	missing.JobID = jobID

	return missing
}

// memoText returns a text of the workflow's memo, or "" for a workflow that is not ours.
func memoText(found *workflowservice.DescribeWorkflowExecutionResponse, field string) string {
	var text string
	if payload := found.GetWorkflowExecutionInfo().GetMemo().GetFields()[field]; payload == nil ||
		converter.GetDefaultDataConverter().FromPayload(payload, &text) != nil {
		return ""
	}

	return text
}
