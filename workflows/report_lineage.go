package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// The retries of a report of lineage: after 1 s, 2 s, 4 s and so on up to every hour, for 3 days.
const (
	lineageTimeout = 30 * time.Second // Of one attempt.
	lineagePeriod  = 72 * time.Hour
	lineageMaximum = time.Hour
)

// While a job runs, it is reported after a minute, after 2 more, after 4 more and so on, at least every hour.
const (
	runningInterval = time.Minute
	runningMaximum  = time.Hour
)

// reportLineage reports the event of a notification to the server for OpenLineage, if the job is to be reported. After the start
// of a job, it reports periodically that the job runs, until it has ended. The future is ready when everything is reported.
func reportLineage(ctx workflow.Context, notification job.Notification) workflow.Future {
	done, set := workflow.NewFuture(ctx)

	if !notification.Listeners.WantLineage() {
		set.SetValue(nil)

		return done
	}

	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: lineagePeriod,
		StartToCloseTimeout:    lineageTimeout,
		RetryPolicy: &temporal.RetryPolicy{
			MaximumInterval: lineageMaximum, NonRetryableErrorTypes: []string{job.LineageRefused},
		},
	})

	workflow.Go(ctx, func(ctx workflow.Context) {
		runs := true

		for interval := runningInterval; ; interval = min(2*interval, runningMaximum) {
			err := workflow.ExecuteActivity(ctx, job.LineageActivity, notification).Get(ctx, &runs)
			if err == nil && runs {
				err = workflow.Sleep(ctx, interval)
			}

			if err != nil || !runs {
				set.SetError(err)

				return
			}

			notification.Event = job.JobRunning
		}
	})

	return done
}
