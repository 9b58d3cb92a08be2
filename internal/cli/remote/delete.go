package remote

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/cli/view"
	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/jobservice"
)

// deleteFlags are the flags of jobwright delete.
type deleteFlags struct {
	labels []string
	dryRun bool
	yes    bool
}

func deleteCommand() *cobra.Command {
	var flags deleteFlags

	command := &cobra.Command{
		Use:   "delete [JOBID]",
		Short: "Delete ended jobs with all that they have left",
		Long: `Delete an ended job, or all ended jobs that have the given labels: their results, their records in the
ledgers of sources, and their histories in Temporal. What the jobs have written to tables and files
remains. Nothing brings a deleted job back, and its jobId can run again.

The command waits until all jobs are deleted. Jobs that run are not deleted. On a terminal, it asks
before it deletes; elsewhere, it needs --yes.

With --json, it prints what deleteJob returns. The exit status is 1 if a job or a record remains.`,
		Example: `  # See what would be deleted of a person
  jobwright delete --label person=4711 --dry-run

  # Delete it
  jobwright delete --label person=4711 --yes

  # Delete a single job
  jobwright delete "letter 1" --yes`,
		Args: cobra.MaximumNArgs(1),
	}

	set := command.Flags()
	set.StringArrayVar(&flags.labels, "label", nil, "label of the jobs as name=text; repeatable: jobs that have all of them")
	set.BoolVar(&flags.dryRun, "dry-run", false, "print what would be deleted, and delete nothing")
	set.BoolVar(&flags.yes, "yes", false, "do not ask before deleting")

	return remoteCommand(command, completesJobs, func(ctx context.Context, on *remote, arguments []string) error {
		return on.delete(ctx, arguments, flags)
	})
}

func (r *remote) delete(ctx context.Context, arguments []string, flags deleteFlags) error {
	var request client.Delete

	if (len(arguments) == 0) == (len(flags.labels) == 0) {
		return wrongCall("name either a job, or by --label the labels of the jobs to delete")
	}

	request.JobID = strings.Join(arguments, "")

	var err error
	if request.Labels, err = pairs("--label", flags.labels); err != nil {
		return err
	}

	if request.App, err = r.app(ctx); err != nil {
		return err
	}

	plan := request
	plan.DryRun = true

	if flags.dryRun {
		planned, err := r.api.Delete(ctx, plan)
		if err != nil {
			return err
		}

		return r.printDeletions(planned)
	}

	if !flags.yes {
		if err := r.confirm(ctx, plan); err != nil {
			return err
		}
	}

	deletions, err := r.deleteAll(ctx, request)
	if err != nil {
		return err
	}

	if err := r.printDeletions(deletions); err != nil {
		return err
	}

	return remaining(deletions)
}

// confirm asks the user on a terminal whether to delete what a dry run returns.
func (r *remote) confirm(ctx context.Context, plan client.Delete) error {
	if !view.IsTerminal(os.Stdin) {
		return wrongCall("the standard input is no terminal on which to confirm; add --yes to delete")
	}

	planned, err := r.api.Delete(ctx, plan)
	if err != nil {
		return err
	}

	count := fmt.Sprint(len(planned.Jobs))
	if planned.More {
		count = "more than " + count
	}

	_, _ = fmt.Fprintf(r.out.Err, "Delete %s ended jobs of app %s for ever? Type yes: ", count, plan.App)

	select {
	case typed := <-answer():
		if typed != "yes" {
			return wrongCall("nothing was deleted")
		}

		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// deleteAll repeats a request until all jobs are deleted, and returns all deletions.
func (r *remote) deleteAll(ctx context.Context, request client.Delete) (*jobservice.Deletions, error) {
	all := &jobservice.Deletions{Jobs: []jobservice.Deletion{}}
	at := map[string]int{} // The index of a job in the list.

	for {
		last, err := r.api.Delete(ctx, request)
		if err != nil {
			return nil, err
		}

		for _, deletion := range last.Jobs {
			index, isKnown := at[deletion.JobID]
			if !isKnown {
				index = len(all.Jobs)
				at[deletion.JobID] = index
				all.Jobs = append(all.Jobs, jobservice.Deletion{})
			}

			isRunning := deletion.Status == jobservice.DeletionRunning
			if isRunning && deletion.Reason != "" && all.Jobs[index].Reason != deletion.Reason {
				r.out.Notef("The deletion of job %s is being repeated: %s", deletion.JobID, deletion.Reason)
			}

			all.Jobs[index] = deletion
		}

		all.Running, all.More = last.Running, last.More

		if last.HaveEnded() && (!last.More || areRefused(last.Jobs)) {
			return all, r.completeDeletions(ctx, request.App, all)
		}

		if len(last.Jobs) == 0 { // The list of jobs lags behind.
			if err := clock.Sleep(ctx, time.Second); err != nil {
				return nil, err
			}
		}
	}
}

// areRefused reports whether there are jobs, and none of them can be deleted, so that another request changes nothing.
func areRefused(deletions []jobservice.Deletion) bool {
	return len(deletions) > 0 && !slices.ContainsFunc(deletions, func(deletion jobservice.Deletion) bool {
		return deletion.Status != jobservice.DeletionRefused
	})
}

// completeDeletions asks for the result of each deletion that ended after the response that listed it.
func (r *remote) completeDeletions(ctx context.Context, appID string, all *jobservice.Deletions) error {
	for i, deletion := range all.Jobs {
		if deletion.Status != jobservice.DeletionRunning {
			continue
		}

		found, err := r.api.Delete(ctx, client.Delete{App: appID, JobID: deletion.JobID})
		if err != nil {
			return err
		}

		all.Jobs[i] = found.Jobs[0]
	}

	return nil
}

// printDeletions prints a list of deletions.
func (r *remote) printDeletions(deletions *jobservice.Deletions) error {
	if r.asJSON {
		return r.out.JSON(deletions)
	}

	rows := make([][]any, len(deletions.Jobs))

	for i, deletion := range deletions.Jobs {
		rows[i] = []any{deletion.JobID, string(deletion.Status), "", "", "", deletion.Reason}

		if deletion.Deleted == nil {
			continue
		}

		var notes []string
		for _, remaining := range deletion.Remaining {
			notes = append(notes, fmt.Sprintf("records remain in %s: %s", remaining.Source, remaining.Reason))
		}

		rows[i] = []any{
			deletion.JobID, string(deletion.Status), deletion.Results, deletion.LedgerRecords, deletion.Runs,
			strings.Join(notes, "; "),
		}
	}

	if err := r.out.Table([]string{"job", "status", "results", "ledger records", "runs", "note"}, rows); err != nil {
		return err
	}

	if deletions.Running > 0 {
		r.out.Notef("%d jobs with these labels still run and are not deleted.", deletions.Running)
	}

	if deletions.DryRun && deletions.More {
		r.out.Notef("There are more jobs.")
	}

	return nil
}

// remaining returns an error if jobs or records remain.
func remaining(deletions *jobservice.Deletions) error {
	for _, deletion := range deletions.Jobs {
		if deletion.Status != jobservice.DeletionEnded || len(deletion.Remaining) > 0 {
			return cli.ExitError{
				Status: cli.StatusFailed, Err: fmt.Errorf("not all data of the job %s is deleted", deletion.JobID),
			}
		}
	}

	if deletions.Running > 0 {
		return cli.ExitError{
			Status: cli.StatusFailed, Err: errors.New("jobs with these labels still run; stop them, and repeat the command"),
		}
	}

	return nil
}
