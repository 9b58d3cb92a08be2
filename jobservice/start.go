package jobservice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Request asks for a job.
type Request struct {
	Caller    Caller
	Operation jsonvalue.Object // As the caller sent it.
	JobID     string           // Empty to generate one.
	Labels    map[string]string
	Callback  *app.CallbackRequest // The callback that the caller asks for; nil for the default of the app.
	Priority  int                  // 0 for [job.DefaultPriority].

	// AwaitUntil is until when the caller will wait for the end of the job in [Service.Await]; zero if it will not.
	AwaitUntil time.Time

	// StartWorkflow starts the workflow of the job, for a Nexus operation that ends with it; nil for the client of the service.
	StartWorkflow StartWorkflow
}

// StartWorkflow starts a workflow of the type with that name, and returns the ID of its run.
type StartWorkflow func(
	ctx context.Context, options client.StartWorkflowOptions, name string, arguments ...any,
) (runID string, err error)

// Started is the job of a [Request]. The caller closes it.
type Started struct {
	JobID    string
	IsNew    bool   // Whether this request has started the job; otherwise the same request has started it before.
	Scenario string // The entry of a new job's program.

	appID    string
	runID    string
	hasEnded bool     // Whether the job had ended before this request.
	end      endOfJob // Reports the end of the job, if the request waits for it.
}

// Close ends the watch of the job's end.
func (s *Started) Close() { s.end.close() }

// execution is a request on its way to its job.
type execution struct {
	Request

	reportsLineage bool // Whether workers report the job to the server for OpenLineage.
	isRetry        bool // Whether the operation is that of [retriedJob.identity].

	keys    seal.Keys
	sealed  job.SealedParameters // The secret parameters of the job, once its input is known.
	secrets []string             // Their sealed values.
}

// startDeadline returns the time until which the service tries to start the job: to the end of the caller's wait, if that is
// longer than the patience of all requests.
func (e *execution) startDeadline() time.Time {
	deadline := time.Now().Add(patience)
	if e.AwaitUntil.After(deadline) {
		return e.AwaitUntil
	}

	return deadline
}

// Check returns an error if the request is invalid, or if its caller may not make it. It does not start a job.
func (s *Service) Check(request Request) error {
	_, _, err := s.prepare(request)

	return s.asError(context.Background(), request.JobID, err)
}

// Start starts the job, or finds the job that the same request has started before. An error with RetryAfter and a JobID says that
// the job may have started: with that jobId, the request can be repeated without the risk of a second run.
func (s *Service) Start(ctx context.Context, request Request) (*Started, error) {
	hasJobID := request.JobID != ""
	if !hasJobID {
		id, err := uuid.NewV7() // Sorts by time in lists of jobs.
		if err != nil {
			return nil, err
		}

		request.JobID = id.String()
	}

	started := &Started{JobID: request.JobID, appID: request.Caller.App.ID}
	if !request.AwaitUntil.IsZero() {
		started.end = s.watchEnd(request.JobID)
	}

	if err := s.start(ctx, request, started, hasJobID); err != nil {
		started.Close()

		err = s.asError(ctx, "", err)
		if failed, ok := errors.AsType[*Error](err); ok && failed.RetryAfter > 0 {
			failed.JobID = request.JobID
		}

		return nil, err
	}

	return started, nil
}

// start starts or finds the job of a request with a jobId, which the caller has chosen or not.
func (s *Service) start(ctx context.Context, request Request, started *Started, isChosen bool) error {
	call, input, err := s.prepare(request)

	switch {
	case err == nil:
		return s.startPersistently(ctx, call, input, started)
	case !isChosen || call == nil:
		return err
	}

	// The scenario may have become invalid after the same request was accepted: that job still counts. The error about the
	// scenario is returned only if it is certain that no job was started.
	attachError := s.attach(ctx, call, started)
	if HasCode(attachError, CodeJobNotFound) {
		return err
	}

	return attachError
}

// prepare checks the request and returns the input of its job. The execution is nil if the request itself is invalid or not
// permitted, whatever the state of the app.
func (s *Service) prepare(request Request) (*execution, *jobInput, error) {
	if err := request.Caller.permit(request.Operation); err != nil {
		return nil, nil, err
	}

	if request.JobID != "" {
		if err := job.CheckID(request.JobID); err != nil {
			return nil, nil, Invalid("%v", err)
		}
	}

	if err := job.CheckLabels(request.Labels); err != nil {
		return nil, nil, Invalid("labels: %v", err)
	}

	if request.Priority != 0 {
		if err := job.CheckPriority(request.Priority); err != nil {
			return nil, nil, Invalid("priority: %v", err)
		}
	}

	call := &execution{Request: request, keys: s.options.Keys, reportsLineage: s.options.ReportsLineage}
	input, err := call.input()

	return call, input, err
}

// startPersistently starts the job, or finds the job that the same request has started with this jobId before. While Temporal is
// busy, it tries as long as the request waits.
func (s *Service) startPersistently(ctx context.Context, call *execution, input *jobInput, started *Started) error {
	ctx, cancel := context.WithDeadline(ctx, call.startDeadline())
	defer cancel()

	leave, err := s.starts.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()

	return s.persistently(ctx, func(ctx context.Context) error { return s.startOrAttach(ctx, call, input, started) })
}

// startOrAttach starts the job, unless an earlier request has started it.
func (s *Service) startOrAttach(ctx context.Context, call *execution, input *jobInput, started *Started) error {
	memo, err := call.memo(input, input.hasScenario)
	if err != nil {
		return err
	}

	holdsSlot := false
	if input.Slot == job.SlotHeld {
		if holdsSlot, err = s.acquireSlot(ctx, call, started); !holdsSlot {
			return err
		}
	}

	start := call.StartWorkflow
	if start == nil {
		start = s.startWorkflow
	}

	runID, err := start(ctx, client.StartWorkflowOptions{
		ID:                                       call.JobID,
		TaskQueue:                                job.TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		EnableEagerStart:                         s.options.StartsElsewhere == nil || !s.options.StartsElsewhere(),
		TypedSearchAttributes:                    input.Attributes(input.hasScenario, time.Now()),
		Memo:                                     memo,
		StaticSummary:                            input.Summary(),
		StaticDetails:                            input.description,
		Priority:                                 call.priority(),
	}, job.Workflow, input.arguments()...)

	if _, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		err = s.attach(ctx, call, started)
		if holdsSlot && (err != nil || started.hasEnded) {
			s.releaseSlot(ctx, call)
		}

		return err
	}

	if err != nil {
		return err
	}

	started.IsNew, started.Scenario, started.runID = true, input.Scenario, runID
	s.recent.add(call.JobID, call.Caller.App.ID, time.Now())
	s.ended.remove(call.JobID) // Temporal has deleted an earlier job with this jobId after the retention.

	return nil
}

// startWorkflow starts a workflow by the client of the service.
func (s *Service) startWorkflow(
	ctx context.Context, options client.StartWorkflowOptions, name string, arguments ...any,
) (runID string, err error) {
	run, err := s.options.Temporal.ExecuteWorkflow(ctx, options, name, arguments...)
	if err != nil {
		return "", err
	}

	return run.GetRunID(), nil
}

// priority returns when workers run the job, compared with others: first by its priority, and among jobs of one priority so that
// each app has its share.
func (e *execution) priority() temporal.Priority {
	return temporal.Priority{
		PriorityKey: cmp.Or(e.Priority, job.DefaultPriority),
		FairnessKey: e.Caller.App.ID, FairnessWeight: float32(e.Caller.App.Quota.Weight),
	}
}

// memo returns the fields that the workflow stores about the call that started it.
func (e *execution) memo(input *jobInput, hasScenario bool) (map[string]any, error) {
	of, err := e.identity(e.sealed)
	if err != nil {
		return nil, err
	}

	memo := input.Memo(hasScenario)
	memo[job.MemoFingerprint], memo[job.MemoFieldDigests] = of.fingerprint, of.fieldDigests

	if input.version != "" {
		memo[job.MemoProgramVersion] = input.version
	}

	if priority := cmp.Or(e.Priority, job.DefaultPriority); priority != job.DefaultPriority {
		memo[job.MemoPriority] = priority
	}

	if len(e.sealed.Names) > 0 {
		memo[job.MemoSealed] = e.sealed
	}

	return memo, nil
}

// attach finds the job with the call's jobId if the same request started it.
func (s *Service) attach(ctx context.Context, call *execution, started *Started) error {
	described, err := s.describe(ctx, call.JobID)
	if err != nil {
		return err
	}

	first, sealed := s.identityOf(described)

	later, err := call.identity(sealed)
	if err != nil {
		return err
	}

	if first.fingerprint != later.fingerprint {
		return jobIDTaken(call.JobID, call.fieldsOf(job.DifferingFields(first.fieldDigests, later.fieldDigests)))
	}

	if asksForAnother(call.Callback, memoField[job.Listeners](s, described, job.MemoListeners).Callback) {
		return jobIDTaken(call.JobID, []string{"callback"})
	}

	info := described.GetWorkflowExecutionInfo()
	started.hasEnded = info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	started.runID = info.GetExecution().GetRunId()

	return nil
}

// fieldsOf returns the fields of the request, given those of its operation.
func (e *execution) fieldsOf(paths []string) []string {
	for i := range paths {
		if e.isRetry {
			paths[i] = strings.TrimPrefix(paths[i], "operation.")
		}
	}

	return paths
}

// jobIDTaken returns the error for a jobId whose job was started by a request that differs in the fields, as far as they
// are known. It names them without their values, which may be secret.
func jobIDTaken(jobID string, differing []string) *Error {
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

	return NewError(CodeJobIDTaken,
		"the jobId %s belongs to another job: %s; use another jobId, or repeat the first request unchanged to get that job",
		jobID, reason).OfJob(jobID)
}
