package worker

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
)

// sweepInterval is the average time between two sweeps of a worker.
const sweepInterval = time.Hour

// sweeper removes the results of jobs that Temporal no longer has from the result store.
type sweeper struct {
	temporal  client.Client
	namespace string
	results   *result.Store
	log       *slog.Logger
}

// run sweeps periodically until ctx ends.
func (s *sweeper) run(ctx context.Context) {
	for pause(ctx, sweepInterval) == nil {
		removed, err := s.sweep(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("The result store can't be swept", "error", err)
		}

		if removed > 0 {
			s.log.Info("Removed results of jobs that Temporal no longer has", "count", removed)
		}
	}
}

// pause waits for the average time between two sweeps, or until ctx ends. The time varies, so that several workers do not sweep
// at the same moment.
func pause(ctx context.Context, average time.Duration) error {
	return clock.Sleep(ctx, average/2+rand.N(average)) //nolint:gosec // The time need not be unpredictable.
}

// claim assigns the result store to the namespace; see [result.Store.Claim].
func (s *sweeper) claim(ctx context.Context) error { return s.results.Claim(ctx, s.namespace) }

// sweep removes results that are older than the namespace's retention and whose job Temporal no longer has. The retention begins
// at the end of a job, so that the first results of a long job can be older than the retention.
func (s *sweeper) sweep(ctx context.Context) (removed int, err error) {
	if err := s.claim(ctx); err != nil {
		return 0, err
	}

	described, err := s.temporal.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{
		Namespace: s.namespace,
	})
	if err != nil {
		return 0, err
	}

	retention := described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if retention <= 0 {
		return 0, errors.New("the namespace has no retention")
	}

	exists := map[string]bool{} // By jobId; a job can have many results.

	return s.results.Sweep(ctx, retention, func(key string) bool {
		jobID, readable := job.OfResult(key)
		if !readable {
			return false
		}

		if _, isKnown := exists[jobID]; !isKnown {
			exists[jobID] = s.exists(ctx, jobID)
		}

		return exists[jobID]
	})
}

// exists reports whether Temporal has the job. It returns true if Temporal can't be reached.
func (s *sweeper) exists(ctx context.Context, jobID string) bool {
	_, err := s.temporal.DescribeWorkflow(ctx, jobID, "")

	_, isMissing := errors.AsType[*serviceerror.NotFound](err)

	return !isMissing
}
