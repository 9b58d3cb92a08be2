package jobservice

import (
	"context"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/job"
)

// gaugeInterval is the time between two counts of jobs. Each is a request to Temporal's visibility store.
const gaugeInterval = 15 * time.Second

const runningJobs = "WorkflowType = '" + job.Workflow + "' AND ExecutionStatus = 'Running'"

// isStuck restricts a query to jobs that make no progress. Temporal sets TemporalReportedProblems on a workflow whose tasks fail
// again and again, and removes it when one succeeds.
const isStuck = " AND TemporalReportedProblems IS NOT NULL"

// The queries of the gauges, in the order of their reports.
var gauges = []struct{ name, query string }{
	{"jobwright_jobs_running", runningJobs},
	{"jobwright_jobs_stuck", runningJobs + isStuck},
}

// ReportGauges counts the running jobs and those that make no progress, of all apps, until ctx is done. Every API server reports
// the same numbers. If Temporal can't be reached, the gauges keep their last value.
func (s *Service) ReportGauges(ctx context.Context, metrics client.MetricsHandler) {
	ticker := time.NewTicker(gaugeInterval)
	defer ticker.Stop()

	for {
		for _, gauge := range gauges {
			if count, err := s.count(ctx, gauge.query); err == nil {
				metrics.Gauge(gauge.name).Update(float64(count))
			} else if ctx.Err() == nil {
				s.options.Log.WarnContext(ctx, "can't count jobs", "metric", gauge.name, "error", err)
			}
		}

		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
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
