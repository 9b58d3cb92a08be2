package jobservice

import (
	"context"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
)

// gaugeInterval is the time between two counts of jobs. Each is a request to Temporal's visibility store.
const gaugeInterval = 15 * time.Second

const runningJobs = "WorkflowType = '" + job.Workflow + "' AND ExecutionStatus = 'Running'"

// isStuck restricts a query to jobs that make no progress. Temporal sets TemporalReportedProblems on a workflow whose tasks fail
// again and again, and removes it when one succeeds.
const isStuck = " AND TemporalReportedProblems IS NOT NULL"

// gauges are the names of the gauges, and what they report.
var gauges = []struct {
	name  string
	count func(s *Service, ctx context.Context) (int64, error)
}{
	{"jobwright_jobs_running", func(s *Service, ctx context.Context) (int64, error) { return s.count(ctx, runningJobs) }},
	{"jobwright_jobs_stuck", (*Service).countStuck},
	{"jobwright_jobs_without_worker", (*Service).countWithoutWorker},
}

// ReportGauges counts the running jobs and those that make no progress, of all apps, until ctx is done. Every API server reports
// the same numbers. If Temporal can't be reached, the gauges keep their last value.
func (s *Service) ReportGauges(ctx context.Context, metrics client.MetricsHandler) {
	for {
		for _, gauge := range gauges {
			if count, err := gauge.count(s, ctx); err == nil {
				metrics.Gauge(gauge.name).Update(float64(count))
			} else if ctx.Err() == nil {
				s.options.Log.WarnContext(ctx, "can't count jobs", "metric", gauge.name, "error", err)
			}
		}

		if clock.Sleep(ctx, gaugeInterval) != nil {
			return
		}
	}
}

// NoProgress are the numbers of the running jobs of all apps that make no progress, although nothing that they wait for is
// missing.
type NoProgress struct {
	Stuck         int64 // Jobs whose workflow tasks fail again and again.
	WithoutWorker int64 // Jobs that are pinned to a version of the workers of which no worker polls.
}

// NoProgress counts the jobs that make no progress. The numbers can be some seconds old.
func (s *Service) NoProgress(ctx context.Context) (NoProgress, error) {
	return s.progress.get(ctx, "", func(ctx context.Context, _ time.Time) (found NoProgress, err error) {
		if found.Stuck, err = s.countStuck(ctx); err == nil {
			found.WithoutWorker, err = s.countWithoutWorker(ctx)
		}

		return found, err
	})
}

func (s *Service) countStuck(ctx context.Context) (int64, error) {
	return s.count(ctx, runningJobs+isStuck)
}

func (s *Service) countWithoutWorker(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()

	described, err := s.describeQueue(ctx, job.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return 0, err
	}

	conditions := []string{runningJobs, "TemporalWorkflowVersioningBehavior = 'Pinned'"}

	for _, poller := range pollersOf(described, time.Now()) {
		options := poller.GetDeploymentOptions()
		conditions = append(conditions,
			differs("TemporalWorkerDeploymentVersion", options.GetDeploymentName()+":"+options.GetBuildId()))
	}

	return s.count(ctx, strings.Join(conditions, " AND "))
}

// count returns the number of workflows that match a visibility query.
func (s *Service) count(ctx context.Context, query string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()

	counted, err := s.options.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: s.options.Namespace, Query: query,
	})

	return counted.GetCount(), err
}
