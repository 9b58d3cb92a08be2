package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// start starts the job, or returns the job that the same request has started with this jobId before. It returns the ID of
// the workflow run. While Temporal is busy, it tries as long as the call waits.
func (s *Server) start(ctx context.Context, call *execution, input *jobInput) (runID string, err error) {
	ctx, cancel := context.WithDeadline(ctx, call.startDeadline())
	defer cancel()

	leave, err := s.starts.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()

	err = s.persistently(ctx, func(ctx context.Context) (err error) {
		runID, err = s.startOrAttach(ctx, call, input)

		return err
	})

	return runID, err
}

// startOrAttach starts the job, unless an earlier request has started it.
func (s *Server) startOrAttach(ctx context.Context, call *execution, input *jobInput) (runID string, err error) {
	hasScenario := call.operation["opName"] == scenario.OpRunScenario

	memo, err := call.memo(input, hasScenario)
	if err != nil {
		return "", err
	}

	run, err := s.options.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       call.jobID,
		TaskQueue:                                job.TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		EnableEagerStart:                         true,
		TypedSearchAttributes:                    input.Attributes(hasScenario),
		Memo:                                     memo,
		StaticSummary:                            input.Summary(),
		StaticDetails:                            input.description,
		Priority:                                 temporal.Priority{FairnessKey: call.app.ID},
	}, job.Workflow, converter.NewRawValue(&commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)}, Data: input.encoded,
	}))

	if _, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return s.attach(ctx, call)
	}

	if err != nil {
		return "", err
	}

	call.entry = input.Scenario
	s.ended.remove(call.jobID) // Temporal has deleted an earlier job with this jobId after the retention.

	return run.GetRunID(), nil
}

// memo returns the fields that the workflow stores about the call that started it.
func (e *execution) memo(input *jobInput, hasScenario bool) (map[string]any, error) {
	of, err := e.identity(e.sealed)
	if err != nil {
		return nil, err
	}

	memo := input.Memo(hasScenario)
	memo[job.MemoFingerprint], memo[job.MemoFieldDigests] = of.fingerprint, of.fieldDigests

	if len(e.sealed.Names) > 0 {
		memo[job.MemoSealed] = e.sealed
	}

	return memo, nil
}

// attach returns the job with the call's jobId if the same request started it.
func (s *Server) attach(ctx context.Context, call *execution) (runID string, err error) {
	described, err := s.describe(ctx, call.jobID)
	if err != nil {
		return "", err
	}

	first, sealed := s.identityOf(described)

	later, err := call.identity(sealed)
	if err != nil {
		return "", err
	}

	if first.fingerprint != later.fingerprint {
		return "", jobIDTaken(call.jobID, job.DifferingFields(first.fieldDigests, later.fieldDigests))
	}

	info := described.GetWorkflowExecutionInfo()
	call.hasEnded = info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING

	return info.GetExecution().GetRunId(), nil
}

// jobIDTaken returns the error for a jobId whose job was started by a request that differs in the fields, as far as they
// are known. It names them without their values, which may be secret.
func jobIDTaken(jobID string, differing []string) *callError {
	const maxNamed = 10

	reason := "a different request has started it"

	if count := len(differing); count > 0 {
		named := strings.Join(differing[:min(count, maxNamed)], ", ")
		if count > maxNamed {
			named += fmt.Sprintf(" and %d more fields", count-maxNamed)
		}

		verb := "differs"
		if count > 1 {
			verb = "differ"
		}

		reason = fmt.Sprintf("%s %s from the request that started it", named, verb)
	}

	taken := newError(http.StatusConflict, CodeJobIDTaken,
		"the jobId %s belongs to another job: %s; use another jobId, or repeat the first request unchanged to get that job",
		jobID, reason)
	taken.JobID = jobID

	return taken
}
