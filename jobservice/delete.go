package jobservice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/kind"
)

// Delete asks to delete ended jobs with all that they have left.
type Delete struct {
	Caller Caller

	// Either the jobId, or labels that the jobs have, all of them.
	JobID  string
	Labels map[string]string

	DryRun bool
	Wait   time.Duration // How long to wait for the end of the deletions.
}

// MaxDeletions is the number of jobs that a request with labels deletes at most.
const MaxDeletions = MaxListLimit

// Deletions is the result of [Service.Delete].
type Deletions struct {
	Jobs    []Deletion `json:"jobs" description:"The jobs that are being deleted or, of a dry run, that would be."`
	Running int64      `json:"running,omitempty" description:"The number of jobs with the labels that are not deleted because they run."`
	More    bool       `json:"more,omitempty" description:"Whether there are more ended jobs with the labels; repeat the call when these are deleted."`
	DryRun  bool       `json:"dryRun,omitempty" description:"Whether nothing is deleted."`
}

// HaveEnded reports whether no deletion still runs.
func (d *Deletions) HaveEnded() bool {
	return !slices.ContainsFunc(d.Jobs, func(of Deletion) bool { return of.Status == DeletionRunning })
}

// DeletionStatus is the status of the deletion of a job.
type DeletionStatus string

// The statuses of a deletion.
const (
	DeletionPlanned DeletionStatus = "planned"  // Of a dry run: the job would be deleted.
	DeletionRefused DeletionStatus = "refused"  // The job can't be deleted now.
	DeletionRunning DeletionStatus = "deleting" // The job is being deleted. Callers may still find it.
	DeletionEnded   DeletionStatus = "deleted"
	DeletionFailed  DeletionStatus = "failed" // The deletion has ended early. Another request continues it.
)

// SchemaValues returns every status as text.
func (DeletionStatus) SchemaValues() []string {
	return []string{
		string(DeletionPlanned), string(DeletionRefused), string(DeletionRunning), string(DeletionEnded), string(DeletionFailed),
	}
}

// Deletion is the deletion of a job.
type Deletion struct {
	JobID  string         `json:"jobId" description:"The job."`
	Status DeletionStatus `json:"status" description:"How far the deletion is."`
	Reason string         `json:"reason,omitempty" description:"Why the job can't be deleted now, or why its deletion takes long or has failed."`

	*job.Deleted // Of a deleted job.

	runID string // The run of the workflow that deletes it, if there is one.
}

// Delete starts the deletion of an ended job, or of all ended jobs with the labels, and waits a little for the end. A repeated
// request finds the deletion that the first one has started. The deletion of a job that no longer exists is its result, as long
// as Temporal has it.
func (s *Service) Delete(ctx context.Context, request Delete) (*Deletions, error) {
	starting, cancel := context.WithTimeout(ctx, 2*patience) //nolint:mnd // For reading jobs, and for starting their deletions.
	defer cancel()

	deletions, err := s.startDeletions(starting, request)
	if err != nil {
		return nil, s.asError(ctx, request.JobID, err)
	}

	s.awaitDeletions(ctx, request, deletions)

	return deletions, nil
}

// startDeletions starts the deletions of a request.
func (s *Service) startDeletions(ctx context.Context, request Delete) (*Deletions, error) {
	switch {
	case (request.JobID == "") == (len(request.Labels) == 0):
		return nil, Invalid("deleteJob needs either a jobId, or labels that the jobs to delete have")
	case request.JobID != "":
		return s.startDeletion(ctx, request)
	default:
		return s.startLabeled(ctx, request)
	}
}

// startDeletion starts the deletion of one job.
func (s *Service) startDeletion(ctx context.Context, request Delete) (*Deletions, error) {
	result := &Deletions{DryRun: request.DryRun}

	if strings.Contains(request.JobID, "/") {
		return nil, Invalid("%s is the child of another job, and is deleted with the job that has started it", request.JobID)
	}

	described, err := s.describeOf(ctx, request.Caller.App.ID, request.JobID)
	if HasCode(err, CodeJobNotFound) {
		found, missing := s.findDeletion(ctx, request.Caller.App.ID, request.JobID)
		if missing != nil {
			return nil, errors.Join(err, missing)
		}

		if found == nil {
			return nil, err
		}

		result.Jobs = []Deletion{*found}

		return result, nil
	}

	if err != nil {
		return nil, err
	}

	entry, _ := s.entryOf(described.GetWorkflowExecutionInfo(), time.Now())

	switch {
	case !request.Caller.maySee(entry):
		return nil, request.Caller.forbidden("delete the job %s", request.JobID)
	case endState(described) == "":
		return nil, notEnded(request.JobID, "the job %s still runs; stop it, and delete it when it has ended", request.JobID)
	}

	retries, err := s.runningRetries(ctx, request.Caller.App.ID)
	if err != nil {
		return nil, err
	}

	if retry, isRetried := retries[request.JobID]; isRetried {
		return nil, notEnded(request.JobID, "%s", retriedReason(request.JobID, retry))
	}

	deletion, err := s.deleteDescribed(ctx, request, described)
	result.Jobs = []Deletion{deletion}

	return result, err
}

// notEnded returns the error for a job that can't be deleted or retried yet.
func notEnded(jobID, format string, arguments ...any) *Error {
	return NewError(CodeJobNotEnded, format, arguments...).OfJob(jobID)
}

// retriedReason says why a job with a running retry is not deleted.
func retriedReason(jobID, retry string) string {
	return fmt.Sprintf("the job %s still runs and continues the job %s, whose records in ledgers prevent that a step takes "+
		"effect twice; delete the job when its retry has ended", retry, jobID)
}

// startLabeled starts the deletion of the ended jobs with the labels.
func (s *Service) startLabeled(ctx context.Context, request Delete) (*Deletions, error) {
	filter := Filter{
		Labels: request.Labels, Statuses: []job.State{job.Completed, job.CompletedWithError, job.Stopped},
	}

	listed, err := s.List(ctx, request.Caller, filter, ListPage{Limit: MaxDeletions})
	if err != nil {
		return nil, err
	}

	filter.Statuses = []job.State{job.Running}

	expression, err := filter.expression(request.Caller)
	if err != nil {
		return nil, err
	}

	counts, err := s.countByStatus(ctx, expression)
	if err != nil {
		return nil, err
	}

	retries, err := s.runningRetries(ctx, request.Caller.App.ID)
	if err != nil {
		return nil, err
	}

	result := &Deletions{
		Jobs: make([]Deletion, len(listed.Jobs)), DryRun: request.DryRun,
		Running: counts[job.Running], More: listed.NextCursor != "",
	}

	var group errgroup.Group
	group.SetLimit(parallelDeletions)

	for i, entry := range listed.Jobs {
		if retry, isRetried := retries[entry.JobID]; isRetried {
			result.Jobs[i] = Deletion{JobID: entry.JobID, Status: DeletionRefused, Reason: retriedReason(entry.JobID, retry)}

			continue
		}

		group.Go(func() (err error) {
			result.Jobs[i], err = s.deleteListed(ctx, request, entry.JobID)

			return err
		})
	}

	err = group.Wait()
	result.Jobs = slices.DeleteFunc(result.Jobs, func(deletion Deletion) bool { return deletion.JobID == "" })

	return result, err
}

// deleteListed starts the deletion of a job that a list has. It returns nothing if the job was deleted before, and the list lags
// behind.
func (s *Service) deleteListed(ctx context.Context, request Delete, jobID string) (Deletion, error) {
	described, err := s.describeOf(ctx, request.Caller.App.ID, jobID)

	switch {
	case HasCode(err, CodeJobNotFound):
		return Deletion{}, nil
	case err != nil:
		return Deletion{JobID: jobID}, err
	case endState(described) == "":
		return Deletion{JobID: jobID, Status: DeletionRefused, Reason: "an operator has reset the job, and it runs"}, nil
	default:
		return s.deleteDescribed(ctx, request, described)
	}
}

// parallelDeletions is the number of jobs whose deletions a request starts or awaits at the same time.
const parallelDeletions = 16

// deleteDescribed starts the deletion of a job, or finds the one that runs.
func (s *Service) deleteDescribed(
	ctx context.Context, request Delete, described *workflowservice.DescribeWorkflowExecutionResponse,
) (Deletion, error) {
	info := described.GetWorkflowExecutionInfo()
	result := Deletion{JobID: info.GetExecution().GetWorkflowId(), Status: DeletionPlanned}

	if request.DryRun {
		return result, nil
	}

	began, err := s.beginning(ctx, info.GetExecution())
	if err != nil {
		return result, asJobError(result.JobID, err)
	}

	deletion := job.Deletion{
		AppID: request.Caller.App.ID, JobID: result.JobID, RunID: info.GetFirstRunId(), By: request.Caller.Access.Name,
		Sources: changedSources(request.Caller, began.Input), TaskQueues: map[string]string{},
	}

	for _, name := range deletion.Sources {
		queue := cmp.Or(request.Caller.App.Capacities[name].TaskQueue, request.Caller.App.TaskQueue)
		if queue != "" {
			deletion.TaskQueues[name] = string(queue)
		}
	}

	err = s.persistently(ctx, func(ctx context.Context) error {
		run, err := s.options.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
			ID: deletion.WorkflowID(), TaskQueue: job.TaskQueue,
			WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
			StaticSummary:            deletion.Summary(),
		}, job.DeleteWorkflow, deletion)
		if err == nil {
			result.runID = run.GetRunID()
		}

		return err
	})

	result.Status = DeletionRunning

	return result, err
}

// changedSources returns the sources whose ledgers may have records of a job: those that its program names, and if the name of
// one is an expression, all databases of the app.
func changedSources(caller Caller, input job.Input) []string {
	names, isComplete := input.Program.ChangedSources()
	if !isComplete {
		names = append(names, caller.App.SourceNames()...)
	}

	names = slices.DeleteFunc(names, func(name string) bool {
		definition, isKnown := caller.App.Sources[name]

		return isKnown && !kind.Can(definition.Kind, source.CanExecute) // Only databases have ledgers.
	})

	slices.Sort(names)

	return slices.Compact(names)
}

// runningRetries returns the running jobs of an app that continue or repeat others, by the IDs of these: of the job that each
// retries, of the one that this one has retried, and so on.
func (s *Service) runningRetries(ctx context.Context, appID string) (map[string]string, error) {
	retries := map[string]string{}
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Query: equals("WorkflowType", job.Workflow) + " AND " + equals(job.AppAttribute.GetName(), appID) +
			" AND ParentWorkflowId IS NULL AND " + oneOf("ExecutionStatus", []string{
			enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING.String(), enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED.String(),
		}),
	}

	for {
		page, err := s.listPage(ctx, request)
		if err != nil {
			return nil, err
		}

		for _, info := range page.GetExecutions() {
			retried := decoded[string](s.options.Converter, info.GetMemo().GetFields()[job.MemoRetryOf])
			if err := s.addRetried(ctx, retries, info.GetExecution().GetWorkflowId(), retried); err != nil {
				return nil, err
			}
		}

		if request.NextPageToken = page.GetNextPageToken(); len(request.GetNextPageToken()) == 0 {
			return retries, nil
		}
	}
}

// addRetried adds the job that a running one retries, and those that this one has retried.
func (s *Service) addRetried(ctx context.Context, retries map[string]string, running, retried string) error {
	for retried != "" && retries[retried] == "" {
		retries[retried] = running

		described, err := s.describe(ctx, retried)
		if HasCode(err, CodeJobNotFound) {
			return nil
		}

		if err != nil {
			return err
		}

		retried = memoField[string](s, described, job.MemoRetryOf)
	}

	return nil
}

// findDeletion returns the last deletion of a job, or nil if Temporal has none.
func (s *Service) findDeletion(ctx context.Context, appID, jobID string) (*Deletion, error) {
	described, err := s.describeDeletion(ctx, appID, jobID)
	if described == nil || err != nil {
		return nil, err
	}

	return &Deletion{
		JobID: jobID, Status: DeletionRunning, runID: described.GetWorkflowExecutionInfo().GetExecution().GetRunId(),
	}, nil
}

// describeDeletion returns Temporal's description of the last deletion of a job, or nil if there is none.
func (s *Service) describeDeletion(
	ctx context.Context, appID, jobID string,
) (described *workflowservice.DescribeWorkflowExecutionResponse, err error) {
	err = s.persistently(ctx, func(ctx context.Context) (err error) {
		described, err = s.options.Temporal.DescribeWorkflowExecution(ctx, deletionID(appID, jobID), "")

		return err
	})

	if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
		return nil, nil //nolint:nilnil // There is none.
	}

	return described, err
}

func deletionID(appID, jobID string) string {
	return job.Deletion{AppID: appID, JobID: jobID}.WorkflowID()
}

// checkNotDeleting returns an error if the job is being deleted.
func (s *Service) checkNotDeleting(ctx context.Context, appID, jobID string) error {
	described, err := s.describeDeletion(ctx, appID, jobID)
	if described == nil || err != nil || described.GetWorkflowExecutionInfo().GetCloseTime() != nil {
		return err
	}

	return NewError(CodeRetryRefused, "the job %s is being deleted", jobID).OfJob(jobID)
}
