package deletion

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/temporalio/sqlparser"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
)

// family are the workflows of a job: its own one, those of its child jobs and their child jobs, and those that report its events.
// The IDs of all others begin with the jobId and a slash.
type family struct {
	temporal  client.Client
	namespace string
	job       job.Deletion

	seen map[string]bool // The IDs of the runs that each has visited.
}

// run is a run of a workflow.
type run struct{ workflowID, runID string }

// codeNotEnded is the type of the error for a job that an operator has reset, so that it runs again.
const codeNotEnded = "job_not_ended"

// exists reports whether Temporal has the job. It is an error if the job runs.
func (f *family) exists(ctx context.Context) (bool, error) {
	last, err := f.lastRun(ctx)

	return last != (run{}), err
}

// lastRun returns the last run of the job, or the zero run if Temporal no longer has the job. The jobId may belong to a later
// one.
func (f *family) lastRun(ctx context.Context) (run, error) {
	described, err := f.temporal.DescribeWorkflowExecution(ctx, f.job.JobID, "")
	if isNotFound(err) {
		return run{}, nil
	}

	info := described.GetWorkflowExecutionInfo()

	switch {
	case err != nil:
		return run{}, err
	case info.GetFirstRunId() != f.job.RunID:
		return run{}, nil
	case info.GetCloseTime() == nil:
		return run{}, temporal.NewNonRetryableApplicationError("an operator has reset the job, and it runs", codeNotEnded, nil)
	}

	return run{f.job.JobID, info.GetExecution().GetRunId()}, nil
}

// each calls do with every run, once. A run is found with the help of the history of its parent, which Temporal stores as soon as
// it starts a child; lists may lack workflows that have just changed. So do gets a run after the runs of its children, and the
// last run of the job at the very end: if do deletes the runs and is interrupted, a repetition finds all others. The runs that
// only lists have are those of redelivered callbacks, and those that an operator has reset. If Temporal no longer has the job,
// each does nothing.
func (f *family) each(ctx context.Context, do func(run) error) error {
	last, err := f.lastRun(ctx)
	if last == (run{}) || err != nil {
		return err
	}

	f.seen = map[string]bool{last.runID: true}

	if err = f.visitBefore(ctx, last, do); err == nil {
		err = f.visitListed(ctx, do)
	}

	if err != nil {
		return err
	}

	return do(last)
}

// visit visits the runs of a workflow, from the first to the last, and those of its children. Of a workflow that Temporal no
// longer has, it visits the run that its parent has started.
func (f *family) visit(ctx context.Context, started run, do func(run) error) error {
	last := started

	described, err := f.temporal.DescribeWorkflowExecution(ctx, started.workflowID, "")
	if err != nil && !isNotFound(err) {
		return err
	}

	if err == nil {
		last.runID = described.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	}

	if last.runID == "" {
		return nil // It was never started.
	}

	if err := f.visitRun(ctx, last, do); err != nil || started.runID == "" {
		return err
	}

	return f.visitRun(ctx, started, do) // If it is not in the chain of runs, or Temporal has deleted the chain.
}

// visitRun visits a run with the runs before it, unless it was visited.
func (f *family) visitRun(ctx context.Context, of run, do func(run) error) error {
	if f.seen[of.runID] {
		return nil
	}

	f.seen[of.runID] = true

	if err := f.visitBefore(ctx, of, do); err != nil {
		return err
	}

	return do(of)
}

// visitBefore visits the runs of the same workflow before a run, and the children of the run.
func (f *family) visitBefore(ctx context.Context, of run, do func(run) error) error {
	earlier, children, err := f.read(ctx, of)
	if err == nil && earlier != "" {
		err = f.visitRun(ctx, run{of.workflowID, earlier}, do)
	}

	for _, child := range children {
		if err == nil {
			err = f.visit(ctx, child, do)
		}
	}

	return err
}

// read reads from the history of a run the ID of the run before, which is empty for the first one, and the children.
func (f *family) read(ctx context.Context, of run) (earlier string, children []run, err error) {
	events := f.temporal.GetWorkflowHistory(ctx, of.workflowID, of.runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	at := map[string]int{} // The index of a child, by its workflow ID.

	for events.HasNext() {
		event, err := events.Next()
		if isNotFound(err) {
			return "", nil, nil
		}

		if err != nil {
			return "", nil, err
		}

		if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
			earlier = started.GetContinuedExecutionRunId()
		}

		child := childOf(event)
		if !strings.HasPrefix(child.workflowID, f.job.JobID+"/") {
			continue
		}

		if index, isKnown := at[child.workflowID]; isKnown {
			children[index] = child
		} else {
			at[child.workflowID] = len(children)
			children = append(children, child)
		}
	}

	return earlier, children, nil
}

// childOf returns the child that an event is about, or the zero run. A child that is only about to start has no run yet.
func childOf(event *historypb.HistoryEvent) run {
	if initiated := event.GetStartChildWorkflowExecutionInitiatedEventAttributes(); initiated != nil {
		return run{workflowID: initiated.GetWorkflowId()}
	}

	started := event.GetChildWorkflowExecutionStartedEventAttributes().GetWorkflowExecution()

	return run{started.GetWorkflowId(), started.GetRunId()}
}

// visitListed visits the runs that Temporal lists and that were not visited. The types of the workflows distinguish them from
// those of apps, whose IDs begin with app and a slash: app can be a jobId.
func (f *family) visitListed(ctx context.Context, do func(run) error) error {
	types := "WorkflowType IN ('" + job.Workflow + "', '" + job.NotifyWorkflow + "')"
	quoted := func(text string) string { return sqlparser.String(sqlparser.NewStrVal([]byte(text))) }

	var listed []run

	for _, query := range []string{
		"WorkflowId = " + quoted(f.job.JobID), "WorkflowId STARTS_WITH " + quoted(f.job.JobID+"/"),
	} {
		request := &workflowservice.ListWorkflowExecutionsRequest{Namespace: f.namespace, Query: types + " AND " + query}

		for {
			page, err := f.temporal.ListWorkflow(ctx, request)
			if err != nil {
				return err
			}

			for _, info := range page.GetExecutions() {
				of := run{info.GetExecution().GetWorkflowId(), info.GetExecution().GetRunId()}
				if of.workflowID == f.job.JobID || strings.HasPrefix(of.workflowID, f.job.JobID+"/") {
					listed = append(listed, of)
				}
			}

			if request.NextPageToken = page.GetNextPageToken(); len(request.GetNextPageToken()) == 0 {
				break
			}
		}
	}

	// Longer IDs are those of descendants.
	slices.SortStableFunc(listed, func(a, b run) int { return len(b.workflowID) - len(a.workflowID) })

	for _, of := range listed {
		if err := f.visitRun(ctx, of, do); err != nil {
			return err
		}
	}

	return nil
}

// delete deletes a run with its history. A run that still waits to call a callback ends.
func (f *family) delete(ctx context.Context, of run) error {
	_, err := f.temporal.WorkflowService().DeleteWorkflowExecution(ctx, &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace:         f.namespace,
		WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: of.workflowID, RunId: of.runID},
	})
	if isNotFound(err) {
		return nil
	}

	return err
}

// Pauses before Temporal is asked again whether it has deleted the job.
const (
	minPause = 50 * time.Millisecond
	maxPause = 2 * time.Second
)

// awaitEnd waits until Temporal has deleted the job: it does so a little after it has accepted the request.
func (f *family) awaitEnd(ctx context.Context) error {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		if exists, err := f.exists(ctx); !exists || err != nil {
			return err
		}

		if err := clock.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// isNotFound reports whether Temporal does not have the workflow.
func isNotFound(err error) bool {
	_, missing := errors.AsType[*serviceerror.NotFound](err)

	return missing
}
