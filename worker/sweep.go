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

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
)

// sweepInterval is how often a worker looks for results that nobody can ask for any more, more or less: several workers
// don't do it at the same moment.
const sweepInterval = time.Hour

// sweeper removes from the result store what belongs to jobs that Temporal has forgotten.
type sweeper struct {
	temporal  client.Client
	namespace string
	results   *result.Store
	log       *slog.Logger
}

// run sweeps from time to time until ctx ends.
func (s *sweeper) run(ctx context.Context) {
	for {
		wait := time.NewTimer(sweepInterval/2 + rand.N(sweepInterval)) //nolint:gosec // Nobody has to be unable to guess it.

		select {
		case <-ctx.Done():
			wait.Stop()

			return
		case <-wait.C:
		}

		removed, err := s.sweep(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("the result store can't be swept", "error", err)
		}

		if removed > 0 {
			s.log.Info("results of forgotten jobs were removed", "count", removed)
		}
	}
}

// claim makes the result store that of the namespace, or fails where it is another's.
func (s *sweeper) claim(ctx context.Context) error { return s.results.Claim(ctx, s.namespace) }

// sweep removes what is older than the namespace remembers jobs, and belongs to none that it still knows: a job that ran for
// long is remembered longer than what it wrote first.
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
		return 0, errors.New("the namespace tells no retention")
	}

	known := map[string]bool{} // One job has many results.

	return s.results.Sweep(ctx, retention, func(key string) bool {
		jobID, readable := job.OfResult(key)
		if !readable {
			return false
		}

		keep, asked := known[jobID]
		if !asked {
			keep = s.remembers(ctx, jobID)
			known[jobID] = keep
		}

		return keep
	})
}

// remembers reports whether Temporal knows the job, or can't tell.
func (s *sweeper) remembers(ctx context.Context, jobID string) bool {
	_, err := s.temporal.DescribeWorkflow(ctx, jobID, "")

	_, forgotten := errors.AsType[*serviceerror.NotFound](err)

	return !forgotten
}
