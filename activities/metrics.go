package activities

import (
	"context"
	"errors"
	"strconv"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
)

// report adds the attempt to the worker's metrics. docs/metrics.md lists them.
func (s *step) report(ctx context.Context, failed error) {
	info := activity.GetInfo(ctx)
	isRetry := info.Attempt > 1 || s.task.Attempts > 0
	metrics := activity.GetMetricsHandler(ctx).WithTags(map[string]string{
		"app": s.task.AppID, "operation": info.ActivityType.Name,
	})

	metrics.WithTags(map[string]string{"outcome": outcomeOf(failed), "retry": strconv.FormatBool(isRetry)}).
		Counter("jobwright_step_attempts").Inc(1)

	if rows := s.progress.rows.Load(); rows > 0 {
		metrics.Counter("jobwright_step_rows").Inc(rows)
	}

	if bytes := s.progress.bytes.Load(); bytes > 0 {
		metrics.Counter("jobwright_step_bytes").Inc(bytes)
	}
}

// outcomeOf returns how an attempt ended, for metrics.
func outcomeOf(failed error) string {
	if failed == nil {
		return "completed"
	}

	if application, ok := errors.AsType[*temporal.ApplicationError](failed); ok && application.Type() == job.HandedOver {
		return job.HandedOver
	}

	return "failed"
}
