package deletion

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/internal/heartbeat"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/source"
)

// Sources opens the sources of apps; see [github.com/jobwright/jobwright/source/pool.Pool].
type Sources interface {
	// Get opens the source that definition describes. The caller calls release when it no longer uses the source.
	Get(ctx context.Context, definition source.Definition, place source.Place) (
		opened source.Source, release func(), err error)
}

// Options configure [Activities].
type Options struct {
	Temporal  client.Client
	Namespace string // The namespace of the client.
	Apps      *app.Catalog
	Sources   Sources
	Results   *result.Store
	DataDir   string // The folder for the data of sources on this machine.

	Log   *slog.Logger
	Audit *audit.Log // Records which jobs were deleted. Nil discards it.
}

// Activities are the activities of the workflow DeleteJob. Every exported method is one activity, registered under the method's
// name.
type Activities struct{ options Options }

// New returns the activities.
func New(options Options) *Activities { return &Activities{options} }

// DeleteResults deletes the results of all attempts of the job and its children, and returns their number. It deletes nothing if
// the jobId belongs to a later job by now, or if the job runs.
func (a *Activities) DeleteResults(ctx context.Context, deletion job.Deletion) (int64, error) {
	defer heartbeat.Start(ctx, heartbeatInterval)()

	if exists, err := a.familyOf(deletion).exists(ctx); !exists || err != nil {
		return 0, err
	}

	removed, err := a.options.Results.RemoveJob(ctx, deletion.AppID, deletion.JobID)
	if err != nil {
		return 0, fmt.Errorf("the result store: %w", err)
	}

	return int64(removed), nil
}

// recordsBatch is the number of runs whose records are deleted at once.
const recordsBatch = 500

// DeleteRecords deletes the records of the job and its children from the ledger of a source, and returns their number. A source
// without a ledger has none.
func (a *Activities) DeleteRecords(ctx context.Context, deletion job.Deletion, name string) (deleted int64, err error) {
	defer heartbeat.Start(ctx, heartbeatInterval)()

	of, err := a.options.Apps.App(deletion.AppID)
	if errors.Is(err, app.ErrNotFound) {
		return 0, missing("there is no app " + deletion.AppID)
	}

	if err != nil {
		return 0, err
	}

	definition, isKnown := of.Sources[name]
	if !isKnown {
		return 0, missing("app.yaml no longer has the source")
	}

	opened, release, err := a.options.Sources.Get(ctx, definition, of.Place(a.options.DataDir))
	if err != nil {
		return 0, err
	}
	defer release()

	ledger, hasLedger := opened.(source.Ledger)
	if !hasLedger {
		return 0, nil
	}

	var runs []string

	deleteBatch := func() error {
		count, err := ledger.DeleteRecords(ctx, runs)
		deleted, runs = deleted+count, nil

		return err
	}

	err = a.familyOf(deletion).each(ctx, func(run run) error {
		if runs = append(runs, run.runID); len(runs) < recordsBatch {
			return nil
		}

		return deleteBatch()
	})
	if err != nil {
		return 0, err
	}

	return deleted, deleteBatch()
}

// missing returns the error for a source that no attempt can find.
func missing(message string) error {
	return temporal.NewNonRetryableApplicationError(message, job.SourceMissing, nil)
}

// recordsRemain is the outcome in the audit log of a deletion that could not delete all records.
const recordsRemain = "records_remain"

// DeleteHistories deletes all runs of the workflows of the job, of its children, and of its callbacks, and returns their number.
// The last run of the job itself is the last one: until then, callers find the job, and a repeated attempt finds the rest.
func (a *Activities) DeleteHistories(ctx context.Context, deletion job.Deletion, deleted *job.Deleted) (count int64, err error) {
	defer heartbeat.Start(ctx, heartbeatInterval)()

	family := a.familyOf(deletion)

	err = family.each(ctx, func(run run) error {
		count++

		return family.delete(ctx, run)
	})
	if err == nil {
		err = family.awaitEnd(ctx)
	}

	if err != nil {
		return 0, err
	}

	outcome := audit.OK
	if len(deleted.Remaining) > 0 {
		outcome = recordsRemain
	}

	for _, remaining := range deleted.Remaining {
		a.options.Log.Warn("The ledger of a source still has records of a deleted job", "app", deletion.AppID,
			"jobId", deletion.JobID, "source", remaining.Source, "error", remaining.Reason)
	}

	a.options.Audit.Record(ctx, audit.Entry{
		Call: "deleteJob", App: deletion.AppID, Access: deletion.By, JobID: deletion.JobID, Outcome: outcome,
	})

	return count, nil
}

// familyOf returns the workflows of the job.
func (a *Activities) familyOf(deletion job.Deletion) *family {
	return &family{temporal: a.options.Temporal, namespace: a.options.Namespace, job: deletion}
}

// heartbeatInterval is the time between two heartbeats.
const heartbeatInterval = 2 * time.Second
