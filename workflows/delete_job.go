package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// Limits of the activities of a deletion.
const (
	deletionTimeout   = time.Hour // Of one attempt; a job can have thousands of child jobs.
	deletionHeartbeat = 10 * time.Second
	deletionMaximum   = time.Minute // Between two attempts.

	// ledgerPeriod limits all attempts to delete the records of one source.
	ledgerPeriod = time.Hour
)

// DeleteJob is the workflow that deletes an ended job. First it deletes what can only be found with the help of the job's
// history: results, and records in the ledgers of sources. It deletes the histories last, that of the job's last run at the very
// end, so that callers find the job until all else is deleted. Each activity can be repeated.
//
// A ledger that can't be reached for an hour does not prevent the deletion of the rest: the result names the source.
func DeleteJob(ctx workflow.Context, deletion job.Deletion) (*job.Deleted, error) {
	options := workflow.ActivityOptions{
		StartToCloseTimeout: deletionTimeout, HeartbeatTimeout: deletionHeartbeat,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: deletionMaximum},
	}
	ctx = workflow.WithActivityOptions(ctx, options)

	options.ScheduleToCloseTimeout = ledgerPeriod

	deleted := &job.Deleted{}

	if err := workflow.ExecuteActivity(ctx, job.DeleteResultsActivity, deletion).Get(ctx, &deleted.Results); err != nil {
		return nil, err
	}

	ledgers := make([]workflow.Future, len(deletion.Sources))
	for i, source := range deletion.Sources {
		options.TaskQueue = deletion.TaskQueues[source]
		limited := workflow.WithActivityOptions(ctx, options)
		ledgers[i] = workflow.ExecuteActivity(limited, job.DeleteRecordsActivity, deletion, source)
	}

	for i, ledger := range ledgers {
		var records int64

		err := ledger.Get(ctx, &records)
		if temporal.IsCanceledError(err) {
			return nil, err
		}

		if err != nil {
			deleted.Remaining = append(deleted.Remaining, job.RemainingRecords{
				Source: deletion.Sources[i], Reason: remainingReason(err),
			})
		}

		deleted.LedgerRecords += records
	}

	err := workflow.ExecuteActivity(ctx, job.DeleteHistoriesActivity, deletion, deleted).Get(ctx, &deleted.Runs)

	return deleted, err
}

// remainingReason returns why the last attempt of an activity failed.
func remainingReason(err error) string {
	if failed, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return failed.Message()
	}

	return "no worker has deleted them in time"
}
