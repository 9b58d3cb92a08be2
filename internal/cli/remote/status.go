package remote

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/job"
)

func statusCommand() *cobra.Command {
	return remoteCommand(&cobra.Command{
		Use:   "status JOBID",
		Short: "Show the status of a job",
		Long: `Show the status of a job: its state, its steps with their rows and errors, and the signals that it waits
for. It does not wait; "jobwright watch" does. With --json, it prints the status as getJobStatus returns
it, without results.

The exit status is 0 if the job runs or has completed, 1 if it has failed, and 3 if it was stopped.`,
		Example: `  jobwright status "night 1"

  # The error of the job
  jobwright status "night 1" --json | jq -r .message`,
		Args: cobra.ExactArgs(1),
	}, completesJobs, func(ctx context.Context, on *remote, arguments []string) error {
		appID, err := on.app(ctx)
		if err != nil {
			return err
		}

		status, err := on.api.Current(ctx, appID, arguments[0])
		if err != nil {
			return err
		}

		if on.asJSON {
			err = on.out.JSON(status)
		} else {
			err = on.out.Status(status)
		}

		if err != nil {
			return err
		}

		return exitOf(status)
	})
}

// exitOf returns the exit status of a command about a job.
func exitOf(status *client.Status) error {
	switch status.Status { //nolint:exhaustive // All others are a success of the command.
	case job.CompletedWithError:
		return cli.ExitError{Status: cli.StatusFailed}
	case job.Stopped:
		return cli.ExitError{Status: cli.StatusStopped}
	default:
		return nil
	}
}
