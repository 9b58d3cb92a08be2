package jobservice

import (
	"cmp"
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
)

// sourceCheckTimeout limits the whole check of a source: the wait for a worker, and the check itself.
const sourceCheckTimeout = 50 * time.Second

// SourceChecked is the result of [Service.CheckSource].
type SourceChecked struct {
	Source string `json:"source" description:"The source."`

	job.SourceChecked
}

// CheckSource asks a worker to check that a source of the caller's app can be used. Callers that check the same source at the
// same time share a check.
func (s *Service) CheckSource(ctx context.Context, caller Caller, name string) (*SourceChecked, error) {
	if err := findSource(caller, name); err != nil {
		return nil, err
	}

	ctx, cancel := context.WithTimeout(ctx, sourceCheckTimeout)
	defer cancel()

	check := job.SourceCheck{
		AppID: caller.App.ID, Source: name,
		TaskQueue: string(cmp.Or(caller.App.Capacities[name].TaskQueue, caller.App.TaskQueue)),
	}
	checked := &SourceChecked{Source: name}

	var run client.WorkflowRun

	err := s.persistently(ctx, func(ctx context.Context) (err error) {
		run, err = s.options.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
			ID: check.WorkflowID(), TaskQueue: job.TaskQueue, WorkflowExecutionTimeout: sourceCheckTimeout,
			WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
			StaticSummary:            "Check of the source " + name + " of app " + caller.App.ID,
		}, job.CheckSourceWorkflow, check)

		return err
	})
	if err != nil {
		return nil, s.asError(ctx, "", err)
	}

	err = run.Get(ctx, &checked.SourceChecked)

	_, isTimeout := errors.AsType[*temporal.TimeoutError](err)
	if isTimeout || isDeadline(err) {
		return nil, NewError(CodeTemporalUnavailable, "no worker has checked the source %s in time; check that workers run and "+
			"are not overloaded, and repeat the call", name).RepeatAfter(retryAfter)
	}

	return checked, s.asError(ctx, "", err)
}
