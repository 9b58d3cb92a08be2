package remote

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"
)

func watchCommand() *cobra.Command {
	return remoteCommand(&cobra.Command{
		Use:   "watch JOBID",
		Short: "Show a job until it ends",
		Long: `Show the steps of a job while it runs, as "jobwright run" does, until the job has ended. With --json, it
prints each status of the job as an object on a line, as watchJob sends it.

The exit status is that of "jobwright run": 0 if the job has completed, 1 if it has failed, 3 if it was
stopped.`,
		Example: `  jobwright watch "night 1"

  # The state of each step, whenever the job changes
  jobwright watch "night 1" --json | jq -c '[.steps[].state]'`,
		Args: cobra.ExactArgs(1),
	}, completesJobs, func(ctx context.Context, on *remote, arguments []string) error {
		appID, err := on.app(ctx)
		if err != nil {
			return err
		}

		if on.asJSON {
			return on.printStatuses(ctx, appID, arguments[0])
		}

		status, err := on.follow(ctx, appID, arguments[0])
		if err != nil {
			return err
		}

		return exitOf(status)
	})
}

// printStatuses prints each status of a job until it has ended, as JSON.
func (r *remote) printStatuses(ctx context.Context, appID, jobID string) error {
	encoder := json.NewEncoder(r.out.Out)
	encoder.SetEscapeHTML(false)

	for status, err := range r.api.Watch(ctx, appID, jobID, 0) {
		if err == nil {
			err = encoder.Encode(status)
		}

		if err != nil {
			return err
		}

		if status.Ended() {
			return exitOf(status)
		}
	}

	return nil
}
